export { startRun } from './run.ts';
