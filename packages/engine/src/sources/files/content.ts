// The bytes of one file: written where a restore is prepared, and named. Small files are done synchronously, because ten thousand
// of them take seconds otherwise.
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { createHasher, digestOf, failure } from '@stillpoint/core';
import {
  readPieces,
  readWhole,
  showName,
  smallFileBytes,
  type FsPath,
} from '../../file-tree/index.ts';
import type { ObjectSource } from '../contract.ts';
import type { ListedFile } from './record.ts';

/** What the file holds now. `sizeBytes` is what it is expected to have. */
export async function hashFile(
  file: FsPath,
  sizeBytes: number,
  signal?: AbortSignal,
): Promise<string> {
  if (sizeBytes <= smallFileBytes) return digestOf(readWhole(file));
  const hash = createHasher();
  for await (const piece of readPieces(file, signal)) hash.update(piece);
  return hash.digest();
}

/** Makes the file. Holes are left where there are only zeros: a file that was sparse stays so. */
export async function fetchContent(
  source: string,
  { path: name, content, sizeBytes, digest }: ListedFile,
  file: string,
  objects: ObjectSource,
): Promise<void> {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    const hash = createHasher();
    let position = 0;
    for await (const piece of content === undefined ? [] : objects.readStream(content)) {
      hash.update(piece);
      if (!isZeros(piece)) writeFully(descriptor, piece, position);
      position += piece.byteLength;
    }
    ftruncateSync(descriptor, position);
    if (position !== sizeBytes || hash.digest() !== digest)
      throw failure('RESTORE_NOT_PROVED', { source, reason: `${showName(name)} is damaged` });
  } finally {
    closeSync(descriptor);
  }
}

function writeFully(descriptor: number, piece: Uint8Array, position: number): void {
  for (let written = 0; written < piece.byteLength;)
    written += writeSync(
      descriptor,
      piece,
      written,
      piece.byteLength - written,
      position + written,
    );
}

const zeros = Buffer.alloc(64 * 1024);

function isZeros(piece: Uint8Array): boolean {
  for (let at = 0; at < piece.byteLength; at += zeros.length) {
    const part = piece.subarray(at, at + zeros.length);
    if (zeros.compare(part, 0, part.byteLength, 0, part.byteLength) !== 0) return false;
  }
  return true;
}
