// Git members: what the rest of the engine may use of this room.
export { createGitDriver, gitReferences } from './driver.ts';
export { openHistory, type FileTree, type HistoryOptions, type MemberHistory } from './history.ts';
export type { GitDriverOptions } from './member.ts';
export { inspectPaths, readGitVersion, type InspectOptions, type PathState } from './inspect.ts';
