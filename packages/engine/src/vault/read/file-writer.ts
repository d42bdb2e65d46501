// Puts plain bytes of chunks into their places in files, where the thread is that opened them: what is restored then goes to the disk
// without going through another thread's memory. A file is opened by its name for each job and closed with it, for a descriptor that somebody
// else closes meanwhile would lead into another file.
import { closeSync, openSync, writeSync } from 'node:fs';
import type { ChunkTarget } from '../write/jobs.ts';

export interface FileWriter extends Disposable {
  /** Undefined, or what is wrong. Throws what the file system says. */
  write(target: ChunkTarget, plain: Uint8Array): string | undefined;
}

export function createFileWriter(): FileWriter {
  const open = new Map<string, number>();
  const descriptorOf = (file: string): number => {
    const known = open.get(file) ?? openSync(file, 'r+');
    open.set(file, known);
    return known;
  };
  return {
    write({ file, parts }, plain) {
      for (let n = 0; n + 2 < parts.length; n += 3) {
        const [from = 0, bytes = 0, position = 0] = parts.slice(n, n + 3);
        if (from + bytes > plain.byteLength) return 'it has fewer bytes than are asked of it';
        const part = plain.subarray(from, from + bytes);
        if (!isZeros(part)) writeWhole(descriptorOf(file), part, position);
      }
      return undefined;
    },
    [Symbol.dispose]() {
      for (const descriptor of open.values()) closeSync(descriptor);
    },
  };
}

function writeWhole(descriptor: number, part: Uint8Array, position: number): void {
  for (let done = 0; done < part.byteLength;) {
    done += writeSync(descriptor, part, done, part.byteLength - done, position + done);
  }
}

const zeros = Buffer.alloc(64 * 1024);

/** Holes stay holes. */
function isZeros(part: Uint8Array): boolean {
  for (let at = 0; at < part.byteLength; at += zeros.length) {
    const piece = part.subarray(at, at + zeros.length);
    if (zeros.compare(piece, 0, piece.byteLength, 0, piece.byteLength) !== 0) return false;
  }
  return true;
}
