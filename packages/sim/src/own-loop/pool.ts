// Buffers that a state is copied into on the loop's thread. Each was touched before it is needed: a fresh one costs thirty times as
// much, for the kernel gives its pages one by one while the loop waits.
import { copyBytes } from '../thread/index.ts';
import type { Part } from './own-state.ts';

const ALIGNMENT = 64;
/** Room for a state that grows a little, so that not each growth costs a fresh buffer. */
const GROWTH = 1.25;

export interface Copied {
  readonly part: Part;
  readonly offsetBytes: number;
}

export interface Slot {
  readonly buffer: SharedArrayBuffer;
  readonly copied: readonly Copied[];
  release(): void;
}

export interface Pool {
  /** Undefined where all are taken. */
  copy(parts: readonly Part[]): Slot | undefined;
  /** Into a fresh buffer that is used once: for who may wait for it. */
  copyAside(parts: readonly Part[]): Slot;
}

export function createPool(slots: number, parts: readonly Part[]): Pool {
  const first = totalOf(parts);
  const free = Array.from({ length: slots }, () => touched(first));
  return {
    copy(given) {
      let buffer = free.pop();
      if (buffer === undefined) return undefined;
      const needed = totalOf(given);
      if (needed > buffer.byteLength) buffer = touched(Math.ceil(needed * GROWTH));
      const copied = copyInto(buffer, given);
      let held: SharedArrayBuffer | undefined = buffer;
      return {
        buffer,
        copied,
        release() {
          if (held !== undefined) free.push(held);
          held = undefined;
        },
      };
    },
    copyAside(given) {
      const buffer = new SharedArrayBuffer(totalOf(given));
      return { buffer, copied: copyInto(buffer, given), release: () => {} };
    },
  };
}

function copyInto(buffer: SharedArrayBuffer, parts: readonly Part[]): readonly Copied[] {
  let offsetBytes = 0;
  return parts.map((part) => {
    const { bytes } = part;
    copyBytes(bytes, new Uint8Array(buffer, offsetBytes, bytes.byteLength));
    const one = { part, offsetBytes };
    offsetBytes += padded(bytes.byteLength);
    return one;
  });
}

function touched(bytes: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(bytes);
  new Uint8Array(buffer).fill(0);
  return buffer;
}

function totalOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { bytes }) => sum + padded(bytes.byteLength), 0);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
