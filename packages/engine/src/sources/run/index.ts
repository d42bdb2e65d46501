// Runs of simulations: the driver, and the participant that holds one still.
export { createRunDriver } from './driver.ts';
export type { RunDriverOptions } from './context.ts';
export { createRunParticipant, type RunParticipantOptions } from './participant.ts';
export { runReferences } from './record.ts';
