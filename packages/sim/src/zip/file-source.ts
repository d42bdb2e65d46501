// A file as something that can be read in pieces.
import { open } from 'node:fs/promises';
import type { RangeSource } from './contract.ts';

export async function fileSource(path: string): Promise<RangeSource & AsyncDisposable> {
  const handle = await open(path, 'r');
  const { size: sizeBytes } = await handle.stat();
  return {
    name: path,
    sizeBytes,
    async read(offsetBytes, lengthBytes, signal) {
      signal?.throwIfAborted();
      if (offsetBytes < 0 || lengthBytes < 0 || offsetBytes + lengthBytes > sizeBytes)
        throw new RangeError(`${path} has no bytes ${offsetBytes} to ${offsetBytes + lengthBytes}`);
      const bytes = new Uint8Array(lengthBytes);
      let read = 0;
      while (read < lengthBytes) {
        const { bytesRead } = await handle.read(
          bytes,
          read,
          lengthBytes - read,
          offsetBytes + read,
        );
        // It was cut while it was open.
        if (bytesRead === 0) throw new RangeError(`${path} ends at ${offsetBytes + read}`);
        read += bytesRead;
      }
      return bytes;
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}
