// Git members: what the rest of the engine may use of this room.
export { createGitDriver, gitReferences } from './driver.ts';
export type { GitDriverOptions } from './member.ts';
