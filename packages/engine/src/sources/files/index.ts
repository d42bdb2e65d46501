// Directories of files: uploads, outputs of runs. What the rest of the engine may use of this room.
export type { FilesDriverOptions } from './context.ts';
export { createFilesDriver } from './driver.ts';
export { filesReferences } from './record.ts';
