// The bytes of one file: written where a restore is prepared, and named. Small files are done synchronously, because ten thousand
// of them take seconds otherwise.
import { closeSync, ftruncateSync, openSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
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
  const room = Buffer.allocUnsafeSlow(smallFileBytes);
  for await (const piece of readPieces(file, signal, room)) hash.update(piece);
  return hash.digest();
}

/**
 * Makes the file. Holes are left where there are only zeros: a file that was sparse stays so. `provedLater`: somebody reads it again
 * before it is used, so that it need not be done twice.
 */
export async function fetchContent(
  source: string,
  entry: ListedFile,
  file: string,
  { objects, provedLater }: { readonly objects: ObjectSource; readonly provedLater: boolean },
): Promise<void> {
  const { path: name, content, sizeBytes, digest } = entry;
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    if (content !== undefined && sizeBytes > smallFileBytes && objects.writeInto !== undefined) {
      await objects.writeInto(content, file);
      ftruncateSync(descriptor, sizeBytes);
      const isWhole = content.bytes === sizeBytes;
      if (isWhole && (provedLater || (await hashFile(file, sizeBytes)) === digest)) return;
      throw failure('RESTORE_NOT_PROVED', { source, reason: `${showName(name)} is damaged` });
    }
    const pieces = content === undefined ? [] : objects.readStream(content);
    const written = await writePieces(descriptor, pieces, sizeBytes);
    ftruncateSync(descriptor, written.bytes);
    if (written.bytes !== sizeBytes || written.digest !== digest)
      throw failure('RESTORE_NOT_PROVED', { source, reason: `${showName(name)} is damaged` });
  } finally {
    closeSync(descriptor);
  }
}

/** While one piece of a large file is written the next is fetched and hashed; two at once would wait for each other at the inode. */
async function writePieces(
  descriptor: number,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  sizeBytes: number,
): Promise<{ readonly bytes: number; readonly digest: string }> {
  const hash = createHasher();
  const isSmall = sizeBytes <= smallFileBytes;
  let position = 0;
  let writing = Promise.resolve();
  try {
    for await (const piece of pieces) {
      hash.update(piece);
      await writing;
      if (!isZeros(piece)) {
        if (isSmall) writeNow(descriptor, piece, position);
        else writing = writeBehind(descriptor, piece, position);
        writing.catch(() => {});
      }
      position += piece.byteLength;
    }
    await writing;
  } catch (error) {
    // Its file is closed next.
    await writing.catch(() => {});
    throw error;
  }
  return { bytes: position, digest: hash.digest() };
}

function writeNow(descriptor: number, piece: Uint8Array, position: number): void {
  for (let done = 0; done < piece.byteLength;)
    done += writeSync(descriptor, piece, done, piece.byteLength - done, position + done);
}

const writeAt = promisify(write);

async function writeBehind(descriptor: number, piece: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < piece.byteLength;) {
    const left = piece.byteLength - done;
    done += (await writeAt(descriptor, piece, done, left, position + done)).bytesWritten;
  }
}

const zeros = Buffer.alloc(64 * 1024);

function isZeros(piece: Uint8Array): boolean {
  for (let at = 0; at < piece.byteLength; at += zeros.length) {
    const part = piece.subarray(at, at + zeros.length);
    if (zeros.compare(part, 0, part.byteLength, 0, part.byteLength) !== 0) return false;
  }
  return true;
}
