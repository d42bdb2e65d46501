// A store in a directory of a real file system. An object is written under tmp/, fsynced, given its name by rename (or by
// link, which never replaces), and the directory that holds the name is fsynced, as is the parent of each directory made
// for it. So an object is whole or absent whenever the machine stops. Everything is private to its owner.
// Nothing is made on disk before the first put().
import { link, mkdir, open, rename, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { failure, fsyncDirectory } from '@stillpoint/core';
import type { GetOptions, PutOptions, Store, StoreKey } from '../contract.ts';
import { listDirectory } from './directory-listing.ts';
import { storeError, type FileOperation } from './errno.ts';
import { assertStoreKey, TEMPORARY_PART } from './store-key.ts';
import { newTemporaryName, sweepTemporaryFiles } from './temporary-file.ts';

/** Bytes between two looks at the signal. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** `root` is absolute. */
export function createDirectoryStore(root: string): Store {
  const folders = createFolders(root);

  const guarded = async <T>(
    operation: FileOperation['operation'],
    key: StoreKey,
    work: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, { vault: root, operation, key });
    }
  };

  return {
    description: root,
    supports: { conditionalPut: true, ranges: true, latePuts: false },

    async put(key, content, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      const write = (): Promise<void> => putFile(root, folders, key, content, options);
      await guarded('write', key, () =>
        write().catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
          // Somebody removed a directory that we made.
          folders.forget();
          return write();
        }),
      );
    },

    async get(key, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      return await guarded('read', key, () => readFile(path.join(root, key), options));
    },

    async stat(key, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      return await guarded('read', key, async () => {
        const found = await stat(path.join(root, key)).catch(ignoreAbsent);
        return found?.isFile() ? { bytes: found.size } : undefined;
      });
    },

    list(prefix, options = {}) {
      return listDirectory(root, prefix, options.signal);
    },

    async delete(key, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      await guarded('delete', key, async () => {
        const file = path.join(root, key);
        await unlink(file).then(() => fsyncDirectory(path.dirname(file)), ignoreAbsent);
      });
    },

    async ensureWritable(options = {}) {
      options.signal?.throwIfAborted();
      await guarded('prepare', TEMPORARY_PART, async () => {
        const directory = path.join(root, TEMPORARY_PART);
        await folders.ensure(directory);
        await sweepTemporaryFiles(directory);
        const trial = path.join(directory, newTemporaryName());
        await (await open(trial, 'wx', 0o600)).close();
        await unlink(trial);
      });
    },

    async freeBytes(options = {}) {
      options.signal?.throwIfAborted();
      return await guarded('read', '.', () => freeBytesAt(root));
    },

    async close() {},
  };
}

async function putFile(
  root: string,
  folders: Folders,
  key: StoreKey,
  content: Uint8Array,
  options: PutOptions,
): Promise<void> {
  const file = path.join(root, key);
  const temporary = path.join(root, TEMPORARY_PART, newTemporaryName());
  await folders.ensure(path.dirname(temporary));
  try {
    await writeNew(temporary, content, options.signal);
    await folders.ensure(path.dirname(file));
    options.signal?.throwIfAborted();
    if (options.ifAbsent === true) await linkAbsent(temporary, file, root, key);
    else await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  if (options.ifAbsent === true) await unlink(temporary);
  await fsyncDirectory(path.dirname(file));
}

async function linkAbsent(
  temporary: string,
  file: string,
  vault: string,
  key: StoreKey,
): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw failure('OBJECT_EXISTS', { vault, key });
  }
}

async function writeNew(
  file: string,
  content: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    for (let done = 0; done < content.length;) {
      signal?.throwIfAborted();
      const length = Math.min(SLICE_BYTES, content.length - done);
      done += (await handle.write(content, done, length, done)).bytesWritten;
    }
    signal?.throwIfAborted();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readFile(file: string, options: GetOptions): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    const size = (await handle.stat()).size;
    const offset = Math.min(options.range?.offset ?? 0, size);
    const bytes = Math.min(options.range?.bytes ?? size, size - offset);
    return await readSpan(handle, offset, bytes, options.signal);
  } finally {
    await handle.close();
  }
}

async function readSpan(
  handle: FileHandle,
  offset: number,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const content = Buffer.allocUnsafeSlow(bytes);
  let done = 0;
  while (done < bytes) {
    signal?.throwIfAborted();
    const length = Math.min(SLICE_BYTES, bytes - done);
    const { bytesRead } = await handle.read(content, done, length, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return content.subarray(0, done);
}

interface Folders {
  /** Makes the directory and what is missing above it, durably. */
  ensure(directory: string): Promise<void>;
  /** Looks at each directory again. */
  forget(): void;
}

function createFolders(root: string): Folders {
  const known = new Set<string>();

  const ensure = async (directory: string): Promise<void> => {
    if (known.has(directory)) return;
    const inside = directory.startsWith(root + path.sep);
    if (inside) await ensure(path.dirname(directory));
    const made = await makeOne(directory, ensure);
    // Another process may have made it just now without the name being durable yet: fsync in either case.
    if (made || inside) await fsyncDirectory(path.dirname(directory));
    known.add(directory);
  };
  return { ensure, forget: () => known.clear() };
}

async function makeOne(
  directory: string,
  ensure: (directory: string) => Promise<void>,
): Promise<boolean> {
  try {
    await mkdir(directory, { mode: 0o700 });
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') {
      await ensure(path.dirname(directory));
      await mkdir(directory, { mode: 0o700 }).catch(ignoreExisting);
      return true;
    }
    // Where a directory exists, a read-only file system may say EROFS before it says EEXIST.
    if (code === 'EEXIST' || (await isDirectory(directory))) return false;
    throw error;
  }
}

async function isDirectory(directory: string): Promise<boolean> {
  return (await stat(directory).catch(() => undefined))?.isDirectory() ?? false;
}

/** Of the nearest directory that exists: the vault may not be made yet. */
async function freeBytesAt(directory: string): Promise<number | undefined> {
  try {
    const found = await statfs(directory);
    return found.bavail * found.bsize;
  } catch (error) {
    const parent = path.dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) throw error;
    return await freeBytesAt(parent);
  }
}

function ignoreExisting(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EEXIST') throw error;
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
