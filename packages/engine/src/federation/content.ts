// Reads files and names their raw bytes as git would name a blob of them, without any filter. A file that changes while it
// is read is noticed by its stat before and after.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createHasher } from '@stillpoint/core';
import { nameOfBytes, type ByteName, type FsPath } from './names.ts';
import type { ObjectFormat } from './repository.ts';

/** Files up to this size are read in one go. */
export const smallFileBytes = 1024 * 1024;
const pieceBytes = 256 * 1024;

export function createBlobHash(format: ObjectFormat, sizeBytes: number): Hash {
  return createHash(format).update(`blob ${sizeBytes}\0`);
}

export function blobId(format: ObjectFormat, content: Uint8Array): string {
  return createBlobHash(format, content.byteLength).update(content).digest('hex');
}

/** The whole file; never follows a link and never waits for a pipe's other end. */
export function readWhole(path: FsPath): Buffer {
  const descriptor = openSync(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  try {
    // One byte more than its size shows whether it has grown.
    let content = Buffer.allocUnsafe(fstatSync(descriptor).size + 1);
    let filled = 0;
    for (;;) {
      const count = readSync(descriptor, content, filled, content.length - filled, null);
      if (count === 0) return content.subarray(0, filled);
      filled += count;
      if (filled === content.length) content = Buffer.concat([content, Buffer.allocUnsafe(filled)]);
    }
  } finally {
    closeSync(descriptor);
  }
}

export function readTarget(path: FsPath): ByteName {
  return nameOfBytes(readlinkSync(path, { encoding: 'buffer' }));
}

/** The file in pieces; `seen` gets each one. */
export async function* readPieces(path: FsPath, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await handle.read(
        Buffer.allocUnsafe(pieceBytes),
        0,
        pieceBytes,
      );
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

export interface ContentNames {
  /** As git names a blob of these bytes. */
  readonly id: string;
  readonly digest: string;
}

/** Hashes a large file without holding it. */
export async function hashLarge(
  format: ObjectFormat,
  path: FsPath,
  sizeBytes: number,
  signal?: AbortSignal,
): Promise<ContentNames> {
  const blob = createBlobHash(format, sizeBytes);
  const blake = createHasher();
  for await (const piece of readPieces(path, signal)) {
    blob.update(piece);
    blake.update(piece);
  }
  return { id: blob.digest('hex'), digest: blake.digest() };
}

/** Lets other work run now and then during a long synchronous loop. */
export function createBreather(signal?: AbortSignal, sliceMs = 12): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < sliceMs) return;
    signal?.throwIfAborted();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    last = performance.now();
  };
}
