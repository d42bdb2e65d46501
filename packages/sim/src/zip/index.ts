// The door of stored zips.
export type { RangeSource, ZipEntry } from './contract.ts';
export { fileSource, readInto } from './file-source.ts';
export { NotAZip, readZip } from './read.ts';
export { createZipWriter, type EntryWriter, type ZipWriter } from './write.ts';
export { readOnce, type Reading } from './read-once.ts';
