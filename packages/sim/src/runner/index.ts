export { driveRun } from './drive.ts';
export { resumeRun } from './resume.ts';
export { startRun } from './run.ts';
