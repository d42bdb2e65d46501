// Reading in pieces: a file, and anything else into memory that is there already.
import { open } from 'node:fs/promises';
import type { RangeSource } from './contract.ts';

export async function fileSource(path: string): Promise<RangeSource & AsyncDisposable> {
  const handle = await open(path, 'r');
  const { size: sizeBytes } = await handle.stat();
  const readInto = async (
    target: Uint8Array,
    offsetBytes: number,
    signal?: AbortSignal,
  ): Promise<void> => {
    signal?.throwIfAborted();
    const { length } = target;
    if (offsetBytes < 0 || offsetBytes + length > sizeBytes)
      throw new RangeError(`${path} has no bytes ${offsetBytes} to ${offsetBytes + length}`);
    let read = 0;
    while (read < length) {
      const { bytesRead } = await handle.read(target, read, length - read, offsetBytes + read);
      // It was cut while it was open.
      if (bytesRead === 0) throw new RangeError(`${path} ends at ${offsetBytes + read}`);
      read += bytesRead;
    }
  };
  return {
    name: path,
    sizeBytes,
    async read(offsetBytes, lengthBytes, signal) {
      // Before so much is allocated.
      if (!(lengthBytes >= 0 && offsetBytes + lengthBytes <= sizeBytes))
        throw new RangeError(`${path} has no bytes ${offsetBytes} to ${offsetBytes + lengthBytes}`);
      const bytes = new Uint8Array(lengthBytes);
      await readInto(bytes, offsetBytes, signal);
      return bytes;
    },
    readInto,
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** From any source. */
export async function readInto(
  source: RangeSource,
  target: Uint8Array,
  offsetBytes: number,
  signal?: AbortSignal,
): Promise<void> {
  if (source.readInto !== undefined) await source.readInto(target, offsetBytes, signal);
  else target.set(await source.read(offsetBytes, target.length, signal));
}
