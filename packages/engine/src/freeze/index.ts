// The still point: freeze(), its participants, and the resumes that a dead freeze left.
export type { Held } from './body.ts';
export { createCommandParticipant, type CommandParticipantOptions } from './command-participant.ts';
export type { FreezeTimes, Hold, HoldOptions, Participant } from './contract.ts';
export { freeze, type FreezeOptions, type Frozen } from './freeze.ts';
export { createHttpParticipant, type HttpParticipantOptions } from './http-participant.ts';
export { killGroup, prepareCommand, type PreparedCommand, type ShellLine } from './shell.ts';
export {
  runDueResumes,
  type RunDueResumesOptions,
  type RunDueResumesReport,
} from './run-due-resumes.ts';
export { nodeFlags } from './watchdog.ts';
