// One block of a section, at most 1 MiB, between its plain and its stored bytes. A block that does not shrink is stored raw, which its
// length tells: there is no mark for it.
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { BLOCK_BYTES } from './layout.ts';
import { createShuffler } from '../shuffle/index.ts';
import type { Codec } from './table.ts';

/** Of this thread. Nothing is kept in its buffers from one call to the next. */
const shuffler = createShuffler();
/** zstd's own bound is n + n/256 and a little. */
const OUTPUT_SLACK_BYTES = 8 * 1024;
const params = { [constants.ZSTD_c_compressionLevel]: 1 };
/** What a block needs; a frame that asks for more memory than this was not written by us. */
const limits = { [constants.ZSTD_d_windowLogMax]: 21 };

/** The result may lie in memory that the next call writes. `plain` is private to the caller: two threads never look at different bytes. */
export function encodeBlock(codec: Codec, elementBytes: number, plain: Uint8Array): Uint8Array {
  if (codec === 'raw') return plain;
  const body = zstdCompressSync(shuffled(codec, elementBytes, plain), {
    params,
    chunkSize: plain.length + OUTPUT_SLACK_BYTES,
  });
  return body.length < plain.length ? body : plain;
}

/** Into `target`, which has the plain length. Throws where they are not the stored bytes of so many. */
export function decodeBlock(
  codec: Codec,
  elementBytes: number,
  stored: Uint8Array,
  target: Uint8Array,
): void {
  if (codec === 'raw' || stored.length === target.length) {
    target.set(stored);
    return;
  }
  const plain = zstdDecompressSync(stored, {
    params: limits,
    maxOutputLength: target.length,
    // A buffer that is filled to its end is taken for too small.
    chunkSize: target.length + 64,
  });
  if (plain.length !== target.length) throw new Error('a block has another length than it should');
  if (codec === 'zstd') {
    target.set(plain);
    return;
  }
  shuffler.input.set(plain);
  shuffler.unshuffle(elementBytes, plain.length);
  target.set(shuffler.output.subarray(0, plain.length));
}

export interface Probed {
  readonly codec: Codec;
  /** Of the block that was looked at; undefined with `raw`. */
  readonly stored?: Uint8Array;
}

/** Raw where that would gain less than a tenth, judged by this block. */
export function chooseCodec(elementBytes: number, probe: Uint8Array): Probed {
  if (probe.length < PROBE_FROM_BYTES) return { codec: 'raw' };
  const codec = elementBytes === 1 ? 'zstd' : 'shuffle-zstd';
  const stored = encodeBlock(codec, elementBytes, probe);
  return stored.length < probe.length * 0.9 ? { codec, stored } : { codec: 'raw' };
}

const PROBE_FROM_BYTES = 256;

function shuffled(codec: Codec, elementBytes: number, plain: Uint8Array): Uint8Array {
  if (codec === 'zstd') return plain;
  if (plain.length > BLOCK_BYTES) throw new RangeError('a block is too large');
  shuffler.input.set(plain);
  shuffler.shuffle(elementBytes, plain.length);
  return shuffler.output.subarray(0, plain.length);
}
