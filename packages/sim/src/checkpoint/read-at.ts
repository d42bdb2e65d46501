// Bytes of an open file at a place.
import type { FileHandle } from 'node:fs/promises';

/** Shorter than asked for where the file ends. Whoever calls has looked at the file's size: nobody asks for more than there is. */
export async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const target = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(target, filled, bytes - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return target.subarray(0, filled);
}
