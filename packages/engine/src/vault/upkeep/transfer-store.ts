// A vault in one file, as a store: to write it once, and to read it. Written beside under another name; it gets its own when all of it is
// on the disk, so a file that is there is whole. Packs go to the file at once, all else is small and is written at the end; what was
// deleted until then (the writer's session) is not in it. The last entry's name is the digest of all before it: every byte is guarded.
import { createHasher, digestHex, failure, fsyncDirectory, isFailure } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import { link, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Store, StoreKey } from '../contract.ts';
import { exportedKey, exportedOfKey, packOfKey } from '../format/layout.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { assertStoreKey } from '../stores/store-key.ts';
import { createReadonlyStore } from '../stores/readonly.ts';
import { BLOCK_BYTES, END, paddingOf, readHeader, writeHeader } from './transfer-tar.ts';

const READ_BYTES = 1024 * 1024;

interface Place {
  readonly offset: number;
  readonly bytes: number;
}

export interface ExportStore extends Store {
  /** The file is there, whole and durable; its size. The store takes nothing more. */
  finish(): Promise<number>;
}

/** Rejects with EXPORT_EXISTS, EXPORT_NOT_WRITTEN. Closed without finish(): nothing stays. */
export async function createExportStore(file: string): Promise<ExportStore> {
  await refuseExisting(file);
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  const handle = await open(temporary, 'wx+', 0o600).catch((error: unknown) => {
    throw notWritten(file, error);
  });
  const small = createMemoryStore();
  const packs = new Map<StoreKey, Place>();
  const hasher = createHasher();
  let end = 0;
  let closed = false;
  /** One after the other: each pack lies in one piece. */
  let writing: Promise<void> = Promise.resolve();

  const append = async (key: StoreKey, content: Uint8Array): Promise<void> => {
    const bytes = content.length;
    const offset = end + BLOCK_BYTES;
    const parts = [writeHeader({ key, bytes }), content, Buffer.alloc(paddingOf(bytes))];
    try {
      let at = end;
      for (const part of parts) {
        await write(handle, part, at);
        hasher.update(part);
        at += part.length;
      }
    } catch (error) {
      throw notWritten(file, error);
    }
    end = offset + bytes + paddingOf(bytes);
    packs.set(key, { offset, bytes });
  };

  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await handle.close();
    await unlink(temporary).catch(() => {});
  };

  return {
    ...readingFrom(file, handle, packs, small),

    async put(key, content, options = {}) {
      if (packOfKey(key) === undefined) return await small.put(key, content, options);
      options.signal?.throwIfAborted();
      const mine = writing.then(async () => {
        if (!packs.has(key)) await append(key, content);
      });
      writing = mine.catch(() => {});
      await mine;
    },

    async delete(key, options) {
      if (packs.has(key)) throw new TypeError('a pack of an export is not deleted');
      await small.delete(key, options);
    },

    async ensureWritable() {},
    close,

    async finish() {
      try {
        await writing;
        for await (const { key } of small.list('')) await append(key, await small.get(key));
        await append(exportedKey(digestHex(hasher.digest())), new Uint8Array(0));
        await write(handle, END, end);
        await handle.sync();
        await putInPlace(temporary, file);
        return end + END.length;
      } catch (error) {
        throw isFailure(error) ? error : notWritten(file, error);
      } finally {
        await close();
      }
    },
  };
}

/** Rejects with EXPORT_MISSING, EXPORT_DAMAGED: after every byte was read. */
export async function openExportStore(file: string, signal: AbortSignal): Promise<Store> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw failure('EXPORT_MISSING', { file, reason: reasonOf(error) }, error);
  });
  try {
    const objects = await readPlaces(file, handle, signal);
    const store: Store = {
      ...readingFrom(file, handle, objects, createMemoryStore()),
      put: async () => {},
      delete: async () => {},
      ensureWritable: async () => {},
      close: () => handle.close(),
    };
    return createReadonlyStore(store);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** By the headers, then the whole: a damaged size leads to something that is no header, and all else to another digest. */
async function readPlaces(
  file: string,
  handle: FileHandle,
  signal: AbortSignal,
): Promise<ReadonlyMap<StoreKey, Place>> {
  const damaged = (reason: string): Error => failure('EXPORT_DAMAGED', { file, reason });
  const objects = new Map<StoreKey, Place>();
  const { size } = await handle.stat();
  let sum: { readonly hex: string; readonly at: number; readonly end: number } | undefined;
  for (let at = 0; ;) {
    const header = await read(handle, at, BLOCK_BYTES);
    const entry = readHeader(header);
    if (entry === undefined) {
      throw damaged(header.length < BLOCK_BYTES ? 'it ends too early' : 'it is no exported vault');
    }
    if (entry === 'end') {
      if (at + END.length !== size || sum?.end !== at) {
        throw damaged('it does not end where it should');
      }
      const tail = await read(handle, at, END.length);
      if (tail.equals(END) && (await digestUpTo(handle, sum.at, signal)) === sum.hex)
        return objects;
      throw damaged('its bytes do not have the digest at its end');
    }
    const offset = at + BLOCK_BYTES;
    if (objects.has(entry.key)) throw damaged(`${entry.key} is in it twice`);
    objects.set(entry.key, { offset, bytes: entry.bytes });
    const next = offset + entry.bytes + paddingOf(entry.bytes);
    const hex = exportedOfKey(entry.key);
    if (hex !== undefined) sum = { hex, at, end: next };
    at = next;
    if (at > size) throw damaged('it ends too early');
  }
}

async function digestUpTo(handle: FileHandle, end: number, signal: AbortSignal): Promise<string> {
  const hasher = createHasher();
  for (let at = 0; at < end;) {
    signal.throwIfAborted();
    const piece = await read(handle, at, Math.min(READ_BYTES, end - at));
    if (piece.length === 0) break;
    hasher.update(piece);
    at += piece.length;
  }
  return digestHex(hasher.digest());
}

type Reading = Pick<Store, 'description' | 'supports' | 'get' | 'stat' | 'list' | 'freeBytes'>;

function readingFrom(
  file: string,
  handle: FileHandle,
  places: ReadonlyMap<StoreKey, Place>,
  small: Store,
): Reading {
  return {
    description: file,
    supports: { conditionalPut: true, ranges: true, latePuts: false },

    async get(key, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      const place = places.get(key);
      if (place === undefined) return await small.get(key, options);
      const { offset, bytes } = options.range ?? { offset: 0, bytes: place.bytes };
      const wanted = Math.max(0, Math.min(bytes, place.bytes - offset));
      return wanted === 0 ? new Uint8Array(0) : await read(handle, place.offset + offset, wanted);
    },

    async stat(key, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      const place = places.get(key);
      return place === undefined ? await small.stat(key) : { bytes: place.bytes };
    },

    async *list(prefix, options) {
      const found = await Array.fromAsync(small.list(prefix, options));
      for (const [key, { bytes }] of places) if (key.startsWith(prefix)) found.push({ key, bytes });
      yield* found.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    },

    freeBytes: async () => undefined,
  };
}

async function read(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const content = Buffer.alloc(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(content, filled, bytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return content.subarray(0, filled);
}

/** A disk that is nearly full takes a part first. */
async function write(handle: FileHandle, content: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < content.length;) {
    const left = content.length - done;
    done += (await handle.write(content, done, left, position + done)).bytesWritten;
  }
}

/** Never over a file that has come meanwhile; file systems without hard links look once more. */
async function putInPlace(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw failure('EXPORT_EXISTS', { file });
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code ?? '')) throw error;
    await refuseExisting(file);
    await rename(temporary, file);
  }
  await fsyncDirectory(path.dirname(file));
}

async function refuseExisting(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined) throw failure('EXPORT_EXISTS', { file });
}

function notWritten(file: string, error: unknown): Error {
  return failure('EXPORT_NOT_WRITTEN', { file, reason: reasonOf(error) }, error);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
