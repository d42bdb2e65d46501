// Reads files and links of a live tree. Nothing here follows a link or waits for a pipe's other end. A file that changes while
// it is read is noticed by its stat before and after.
import { closeSync, constants, fstatSync, openSync, readSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { nameOfBytes, type ByteName, type FsPath } from './names.ts';

/** Files up to this size are read in one go. */
export const smallFileBytes = 1024 * 1024;
const pieceBytes = 256 * 1024;

/**
 * The whole file; grown or shrunk since its stat or not. In `into` if it fits, which saves much where there are many: it is good
 * until that is used again.
 */
export function readWhole(path: FsPath, into?: Buffer): Buffer {
  const descriptor = openSync(
    path,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  try {
    // One byte more than its size shows whether it has grown.
    const room = fstatSync(descriptor).size + 1;
    let content = into !== undefined && room <= into.length ? into : Buffer.allocUnsafe(room);
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

/** The file in pieces. Given `into`, each is good until the next is asked for, and as large as that. */
export async function* readPieces(
  path: FsPath,
  signal?: AbortSignal,
  into?: Buffer,
): AsyncGenerator<Buffer> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const piece = into ?? Buffer.allocUnsafe(pieceBytes);
      const { bytesRead, buffer } = await handle.read(piece, 0, piece.length);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
