// Frames of Blosc 1 with byte shuffle and zstd, one block each: what Zarr's core codec `blosc` holds.
// Source: https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst
import { freeMemory } from '@stillpoint/core';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { createShuffler, SHUFFLE_BYTES } from '../shuffle/index.ts';

const HEADER_BYTES = 16;
/** Where the one block begins, and its length. */
const BEFORE_BLOCK_BYTES = HEADER_BYTES + 8;
const FORMAT = 2;
const ZSTD_FORMAT = 1;
const ZSTD = 4 << 5;
const SHUFFLED = 1;
const COPIED = 2;
const NOT_SPLIT = 16;

/** Of this thread. */
const shuffler = createShuffler();
const params = { [constants.ZSTD_c_compressionLevel]: 1 };
/** Less than this is not worth the time to unpack it. */
const WORTH = 0.95;

/** What one frame can hold. */
export const MOST_FRAME_BYTES = SHUFFLE_BYTES;
/** That a frame has beside what it holds, at most. */
export const FRAME_EXTRA_BYTES = BEFORE_BLOCK_BYTES;
/** Numbers that are put here need no copy more before they become a frame. Of this thread, and good until the next frame is made or read. */
export const frameMemory: Uint8Array<ArrayBuffer> = shuffler.input;

/**
 * Into `target`, which has room for FRAME_EXTRA_BYTES more than there are. Gives the frame's length. `plain` is a multiple of
 * `elementBytes` (2, 4 or 8), and no longer than MOST_FRAME_BYTES.
 */
export function bloscEncode(elementBytes: number, plain: Uint8Array, target: Uint8Array): number {
  const { length } = plain;
  if (length > MOST_FRAME_BYTES || length % elementBytes !== 0)
    throw new RangeError('a frame has another length');
  const isThere =
    plain.buffer === frameMemory.buffer && plain.byteOffset === frameMemory.byteOffset;
  if (!isThere) frameMemory.set(plain);
  shuffler.shuffle(elementBytes, length);
  const packed = zstdCompressSync(shuffler.output.subarray(0, length), {
    params,
    chunkSize: length + 8192,
  });
  const isWorth = packed.length < length * WORTH;
  const flags = (isWorth ? SHUFFLED : COPIED) | NOT_SPLIT | ZSTD;
  const body = isWorth ? packed : frameMemory.subarray(0, length);
  const frameBytes = putFrame(target, flags, elementBytes, length, body);
  freeMemory(packed);
  return frameBytes;
}

function putFrame(
  target: Uint8Array,
  flags: number,
  elementBytes: number,
  plainBytes: number,
  body: Uint8Array,
): number {
  const start = (flags & COPIED) === 0 ? BEFORE_BLOCK_BYTES : HEADER_BYTES;
  const frameBytes = start + body.length;
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  target.set([FORMAT, ZSTD_FORMAT, flags, elementBytes]);
  view.setUint32(4, plainBytes, true);
  view.setUint32(8, plainBytes, true);
  view.setUint32(12, frameBytes, true);
  if (start === BEFORE_BLOCK_BYTES) {
    view.setUint32(HEADER_BYTES, HEADER_BYTES + 4, true);
    view.setUint32(HEADER_BYTES + 4, body.length, true);
  }
  target.set(body, start);
  return frameBytes;
}

/** A view that is good until the next frame is made or read. Throws a RangeError where the frame is not one of ours of that length. */
export function bloscDecode(
  elementBytes: number,
  frame: Uint8Array,
  plainBytes: number,
): Uint8Array {
  const flags = checkedFlags(elementBytes, frame, plainBytes);
  if ((flags & COPIED) !== 0) {
    if (frame.length !== HEADER_BYTES + plainBytes) throw new RangeError('a frame is cut');
    shuffler.output.set(frame.subarray(HEADER_BYTES));
    return shuffler.output.subarray(0, plainBytes);
  }
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const start = view.getUint32(HEADER_BYTES, true);
  if (
    start !== HEADER_BYTES + 4 ||
    view.getUint32(start, true) !== frame.length - BEFORE_BLOCK_BYTES
  )
    throw new RangeError('a frame has another form than ours');
  const plain = unpacked(frame.subarray(BEFORE_BLOCK_BYTES), plainBytes);
  shuffler.input.set(plain);
  freeMemory(plain);
  shuffler.unshuffle(elementBytes, plainBytes);
  return shuffler.output.subarray(0, plainBytes);
}

function checkedFlags(elementBytes: number, frame: Uint8Array, plainBytes: number): number {
  if (frame.length < BEFORE_BLOCK_BYTES && frame.length !== HEADER_BYTES + plainBytes)
    throw new RangeError('a frame is cut');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flags = frame[2] ?? 0;
  const ours =
    frame[0] === FORMAT &&
    frame[3] === elementBytes &&
    view.getUint32(4, true) === plainBytes &&
    view.getUint32(8, true) === plainBytes &&
    view.getUint32(12, true) === frame.length &&
    plainBytes <= MOST_FRAME_BYTES &&
    ((flags & COPIED) !== 0 || flags === (SHUFFLED | NOT_SPLIT | ZSTD));
  if (!ours) throw new RangeError('a frame has another form than ours');
  return flags;
}

function unpacked(bytes: Uint8Array, plainBytes: number): Uint8Array {
  let plain: Uint8Array;
  try {
    plain = zstdDecompressSync(bytes, { maxOutputLength: plainBytes, chunkSize: plainBytes + 64 });
  } catch (error) {
    throw new RangeError('a frame does not unpack', { cause: error });
  }
  if (plain.length !== plainBytes) throw new RangeError('a frame has another length than it says');
  return plain;
}
