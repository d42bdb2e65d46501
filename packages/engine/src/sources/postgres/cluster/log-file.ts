// Logs that Postgres writes by itself into a file it was given open, so that they go on when nobody watches it.
// Bounded: past the limit the file is copied aside and emptied (lines written in that moment may be lost; the
// server keeps appending to the same open file).
import {
  closeSync,
  copyFileSync,
  fstatSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs';

const LIMIT_BYTES = 16 * 1024 * 1024;
const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 20;

/** A descriptor to hand to a child; the caller closes its own after spawning. */
export function openLog(file: string): number {
  return openSync(file, 'a', 0o600);
}

export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

export function rotateLog(file: string): void {
  if (sizeOf(file) < LIMIT_BYTES) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

/** The last lines written after the byte `from`. */
export function tailOf(file: string, from = 0): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(descriptor);
    const start = Math.max(from <= size ? from : 0, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - start);
    const length = readSync(descriptor, bytes, 0, bytes.length, start);
    const lines = bytes.toString('utf8', 0, length).trimEnd().split('\n');
    return lines.slice(-TAIL_LINES).join('\n');
  } finally {
    closeSync(descriptor);
  }
}
