// What is exported has its name only when it is whole and durable, and never replaces what is there. Whoever is killed before leaves a
// `….tmp` beside it, which nobody takes for the output.
import { failure, fsyncDirectory, isFailure, nameFileDurable } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { WHY_UNWRITABLE } from '../unwritable.ts';

/** `write` fills the temporary path: it makes a file of it, or finds a directory. Throws LENS_EXPORT_EXISTS, LENS_EXPORT_FULL, LENS_EXPORT_REFUSED. */
export async function writeTarget<T>(
  output: string,
  kind: 'file' | 'directory',
  write: (temporary: string) => Promise<T>,
): Promise<T> {
  const target = path.resolve(output);
  if (await isThere(target)) throw failure('LENS_EXPORT_EXISTS', { output: target });
  const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    if (kind === 'directory') await mkdir(temporary);
    const written = await write(temporary);
    if (kind === 'directory') await syncTree(temporary);
    else await syncFile(temporary);
    await giveName(temporary, target, kind);
    return written;
  } catch (error) {
    throw explained(error, target);
  } finally {
    // Not there any more, most often. What cannot be removed is named as nobody's.
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
  }
}

async function giveName(
  temporary: string,
  target: string,
  kind: 'file' | 'directory',
): Promise<void> {
  try {
    if (kind === 'file') await nameFileDurable(temporary, target);
    else {
      // One that has anything in it is not replaced by a rename.
      await rename(temporary, target);
      await fsyncDirectory(path.dirname(target));
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(code)) throw error;
    throw failure('LENS_EXPORT_EXISTS', { output: target }, error);
  }
}

/** Every file and every directory below, and itself. */
async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const at = path.join(directory, entry.name);
    if (entry.isDirectory()) await syncTree(at);
    else await syncFile(at);
  }
  await fsyncDirectory(directory);
}

async function syncFile(file: string): Promise<void> {
  await using handle = await open(file, 'r+');
  await handle.sync();
}

async function isThere(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => true,
    () => false,
  );
}

/** What a file system says about the output, in our words; anything else is thrown on. */
function explained(error: unknown, output: string): unknown {
  const { code = '', path: about } = error as NodeJS.ErrnoException;
  if (isFailure(error)) return error;
  if (code === 'ENOSPC' || code === 'EDQUOT') return failure('LENS_EXPORT_FULL', { output }, error);
  const reason = WHY_UNWRITABLE[code];
  // Files that are read have names too.
  const isOutput = about === undefined || about.startsWith(output);
  if (reason === undefined || !isOutput) return error;
  return failure('LENS_EXPORT_REFUSED', { output, reason }, error);
}
