// Files that are either the old one or the new one, never half of either, whenever the machine stops:
// temp, write, fsync, rename, fsync the directory.
import { randomBytes } from 'node:crypto';
import { constants, copyFile, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';

export interface WriteOptions {
  /** Permission bits of the new file; 0o600 unless told. */
  readonly mode?: number;
  /** Who owns the new file; the caller unless told. Only root can give files away. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/** What a file system without hard links says to one. */
const LINKLESS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Replaces `file` by `content`, durably. The directory must exist. */
export async function writeFileAtomic(
  file: string,
  content: Uint8Array | string,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', options.mode ?? 0o600);
    try {
      await handle.writeFile(content);
      if (options.owner !== undefined) await handle.chown(options.owner.uid, options.owner.gid);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await fsyncDirectory(path.dirname(file));
}

/** Writes a file that is not there yet, durably. Rejects with EEXIST, and leaves the one that is there alone. */
export async function createFileAtomic(
  file: string,
  content: Uint8Array | string,
  options: Pick<WriteOptions, 'mode'> = {},
): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFileAtomic(temporary, content, options);
    await link(temporary, file).catch(async (error: NodeJS.ErrnoException) => {
      if (!LINKLESS.includes(error.code ?? '')) throw error;
      await copyFile(temporary, file, constants.COPYFILE_EXCL);
    });
  } finally {
    await unlink(temporary).catch(() => {});
  }
  await fsyncDirectory(path.dirname(file));
}

/**
 * Gives a file that is whole and synced its name, durably. By a link, which never replaces what somebody has put there meanwhile: rejects
 * with EEXIST then. The temporary name is the caller's to remove.
 */
export async function nameFileDurable(temporary: string, file: string): Promise<void> {
  await link(temporary, file).catch(async (error: NodeJS.ErrnoException) => {
    if (!LINKLESS.includes(error.code ?? '')) throw error;
    await rename(temporary, file);
  });
  await fsyncDirectory(path.dirname(file));
}

/** Makes the names in a directory durable. */
export async function fsyncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Appends one line to `file`, whole or not at all, and waits until it is on the disk. Creates the file (and its name) durably. */
export async function appendLineDurable(file: string, line: string, mode = 0o600): Promise<void> {
  const handle = await open(file, 'a', mode);
  try {
    const { size } = await handle.stat();
    try {
      await handle.appendFile(`${line}\n`);
      await handle.sync();
    } catch (error) {
      // A full disk takes a part of it: the next line would be appended to that.
      await handle.truncate(size);
      throw error;
    }
    if (size === 0) await fsyncDirectory(path.dirname(file));
  } finally {
    await handle.close();
  }
}

/** Removes `file` durably; a file that is not there is no error. */
export async function removeFileDurable(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await fsyncDirectory(path.dirname(file));
}

/**
 * mkdir -p with a private mode for what it makes. Not Node's own: where a parent is there and takes nothing (below /proc) that tries for
 * ever, on a thread that no signal stops.
 */
export async function makeDirectory(directory: string, mode = 0o700): Promise<void> {
  const at = path.resolve(directory);
  const parent = path.dirname(at);
  try {
    await makeOne(at, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === at) throw error;
    await makeDirectory(parent, mode);
    await makeOne(at, mode);
  }
}

/** One that is there, or that somebody makes meanwhile, is as good. */
async function makeOne(at: string, mode: number): Promise<void> {
  try {
    await mkdir(at, { mode });
  } catch (error) {
    const found = await stat(at).catch(() => undefined);
    if (found?.isDirectory() !== true) throw error;
  }
}
