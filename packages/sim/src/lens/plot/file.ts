// The file of a picture. It has its name only when it is whole and durable; until then it is a temporary file beside, which the next
// person may delete if we died over it. What is there already stays.
import { failure, nameFileDurable } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import { lstat, open, unlink, type FileHandle } from 'node:fs/promises';
import { WHY_UNWRITABLE } from '../unwritable.ts';

export type Write = (bytes: Uint8Array) => Promise<void>;

/** Throws LENS_PLOT_EXISTS, LENS_PLOT_UNWRITABLE. Gives the size in bytes. */
export async function writePicture(
  target: string,
  make: (write: Write) => Promise<void>,
): Promise<number> {
  if (await isThere(target)) throw failure('LENS_PLOT_EXISTS', { file: target });
  const temporary = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  const handle = await told(target, () => open(temporary, 'wx'));
  try {
    let sizeBytes = 0;
    try {
      await make(async (bytes) => {
        await told(target, () => writeAll(handle, bytes));
        sizeBytes += bytes.length;
      });
      await told(target, () => handle.sync());
    } finally {
      await handle.close();
    }
    await told(target, () => giveName(temporary, target));
    return sizeBytes;
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, from);
    from += bytesWritten;
  }
}

async function giveName(temporary: string, target: string): Promise<void> {
  try {
    await nameFileDurable(temporary, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'EEXIST' ? failure('LENS_PLOT_EXISTS', { file: target }, error) : error;
  }
}

async function isThere(file: string): Promise<boolean> {
  return await lstat(file).then(
    () => true,
    () => false,
  );
}

/** Beside those of its place. */
const full: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'there is no room left for this user',
};

async function told<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Ours are told already.
    if (code === undefined || !/^E[A-Z0-9]+$/.test(code)) throw error;
    const reason = WHY_UNWRITABLE[code] ?? full[code] ?? code;
    throw failure('LENS_PLOT_UNWRITABLE', { file, reason }, error);
  }
}
