// Reads files and links of a live tree. Nothing here follows a link or waits for a pipe's other end. A file that changes while
// it is read is noticed by its stat before and after.
import { closeSync, constants, fstatSync, openSync, readSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { nameOfBytes, type ByteName, type FsPath } from './names.ts';

/** Files up to this size are read in one go. */
export const smallFileBytes = 1024 * 1024;
const pieceBytes = 256 * 1024;

/** The whole file; grown or shrunk since its stat or not. */
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
