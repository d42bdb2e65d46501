// A directory to build in: the named one, which nobody else uses.
import { failure } from '@stillpoint/core';
import { mkdir, readdir } from 'node:fs/promises';

/** Makes it if it is absent. TARGET_NOT_EMPTY. */
export async function emptyDirectory(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) throw failure('TARGET_NOT_EMPTY', { directory });
  return directory;
}
