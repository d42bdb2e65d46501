// `latest`: a relative link that is replaced in one step, of the runs in a directory and of the checkpoints of a run.
import { randomBytes } from 'node:crypto';
import { readlink, rename, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import { fsyncDirectory } from '@stillpoint/core';
import { LATEST, TEMPORARY } from './names.ts';

/** `directory/latest` leads to `name`, which lies beside it: also when the directory is moved. */
export async function pointTo(directory: string, name: string): Promise<void> {
  const link = path.join(directory, LATEST);
  const temporary = `${link}.${randomBytes(4).toString('hex')}${TEMPORARY}`;
  await symlink(name, temporary);
  try {
    await rename(temporary, link);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await fsyncDirectory(directory);
}

/** Undefined where there is none. */
export async function pointedTo(directory: string): Promise<string | undefined> {
  try {
    return path.basename(await readlink(path.join(directory, LATEST)));
  } catch {
    return undefined;
  }
}
