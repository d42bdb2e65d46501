// Names the raw bytes of files as git would name a blob of them, without any filter.
import { createHash, type Hash } from 'node:crypto';
import { createHasher } from '@stillpoint/core';
import { readPieces, type FsPath } from '../file-tree/index.ts';
import type { ObjectFormat } from './repository.ts';

export function createBlobHash(format: ObjectFormat, sizeBytes: number): Hash {
  return createHash(format).update(`blob ${sizeBytes}\0`);
}

export function blobId(format: ObjectFormat, content: Uint8Array): string {
  return createBlobHash(format, content.byteLength).update(content).digest('hex');
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
