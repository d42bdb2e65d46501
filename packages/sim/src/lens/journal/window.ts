// Looks through a source from its beginning to its end, through one piece of memory: whatever the length of its records.
import { crc32 } from 'node:zlib';
import { readInto } from '../../zip/index.ts';
import type { RangeSource } from '../../zip/contract.ts';

/** What is read at a time: it stays in the processor's cache until its checksum is made. */
const WINDOW_BYTES = 1024 * 1024;

export interface Window {
  /** A view until the next call; `lengthBytes` is small. */
  bytes(offsetBytes: number, lengthBytes: number): Promise<Uint8Array>;
  /** The CRC-32 of these bytes, behind others whose CRC-32 was `before`. */
  sum(offsetBytes: number, endBytes: number, before: number): Promise<number>;
}

export function createWindow(source: RangeSource, signal?: AbortSignal): Window {
  const memory = new Uint8Array(Math.min(WINDOW_BYTES, source.sizeBytes));
  let start = 0;
  let end = 0;
  const move = async (offsetBytes: number): Promise<void> => {
    const length = Math.min(memory.length, source.sizeBytes - offsetBytes);
    // Until it is read there is nothing: a source that is far away may fail.
    end = start;
    await readInto(source, memory.subarray(0, length), offsetBytes, signal);
    start = offsetBytes;
    end = start + length;
  };
  return {
    async bytes(offsetBytes, lengthBytes) {
      if (offsetBytes < start || offsetBytes + lengthBytes > end) await move(offsetBytes);
      return memory.subarray(offsetBytes - start, offsetBytes - start + lengthBytes);
    },
    async sum(offsetBytes, endBytes, before) {
      let sum = before;
      for (let at = offsetBytes; at < endBytes;) {
        if (at < start || at >= end) await move(at);
        const to = Math.min(end, endBytes);
        sum = crc32(memory.subarray(at - start, to - start), sum);
        at = to;
      }
      return sum;
    },
  };
}
