export { createBeforeStill, type BeforeStill } from './before-still.ts';
export type * from './contract.ts';
export { defineJob } from './define-job.ts';
export { queuePart } from './part.ts';
export { createQueueParticipant, type QueueParticipantOptions } from './participant.ts';
export { createQueue } from './queue.ts';
