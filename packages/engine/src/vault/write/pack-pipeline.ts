// The way of new chunks into the store, behind the backs of those who hand them over: encode several at once, append in
// the order in which they came (so that a stream lies in one piece), write full packs while the next one fills, and
// after the packs the index of them (I3).
// Memory is bounded: `encodingsMax` chunks and `packWritesMax + 1` pack buffers. The first error ends everything: add() and
// flush() reject with it from then on, and no promise is left rejected without a listener.
import type { ChunkIndex } from '../read/chunk-index.ts';
import { encodeChunk, type EncodedChunk } from '../format/chunk-codec.ts';
import { LIST_ENTRY_BYTES } from '../format/chunk-list.ts';
import type { Store } from '../contract.ts';
import { createSlots } from '../flow.ts';
import { writeIndexFile } from '../format/index-file.ts';
import { indexKey, packKey } from '../format/layout.ts';
import {
  createPackBuilder,
  packBufferBytes,
  type BuiltPack,
  type IndexedPack,
  type PackBuilder,
} from './pack-builder.ts';
import type { Tuning } from '../tuning.ts';
import { digestHex, digestOf } from '@stillpoint/core';

export interface NewChunk {
  readonly hex: string;
  readonly plain: Uint8Array;
  /** Called when the chunk has its place in a pack. */
  readonly onStored: (storedBytes: number) => void;
}

export interface PackPipeline {
  /** Takes the chunk over; resolves when there is room for the next. */
  add(chunk: NewChunk): Promise<void>;
  /** Resolves when everything added so far, and the index of it, is durable. */
  flush(): Promise<void>;
  /** Resolves when nothing runs behind any more. */
  settle(): Promise<void>;
  throwIfFailed(): void;
}

export interface PipelineOptions {
  readonly store: Store;
  /** Learns each pack once an index of it is durable. */
  readonly index: ChunkIndex;
  readonly tuning: Tuning;
  readonly signal: AbortSignal;
}

export function createPackPipeline(options: PipelineOptions): PackPipeline {
  const { store, index, tuning, signal } = options;
  const limits = {
    packBytes: tuning.packBytes,
    packChunks: tuning.packChunks,
    bodyBytes: Math.max(tuning.chunkBytes, tuning.listEntries * LIST_ENTRY_BYTES),
  };
  const encodingSlots = createSlots(tuning.encodingsMax);
  const writeSlots = createSlots(tuning.packWritesMax);
  const writes = new Set<Promise<void>>();
  const buffers: Buffer[] = [];
  let builder: { readonly pack: PackBuilder; readonly buffer: Buffer } | undefined;
  let durablePacks: IndexedPack[] = [];
  let appends = Promise.resolve();
  let failed: { readonly error: unknown } | undefined;

  const throwIfFailed = (): void => {
    if (failed !== undefined) throw failed.error;
    signal.throwIfAborted();
  };

  /** Runs `work` after everything appended before it, unless something failed. */
  const inOrder = (work: () => Promise<void>): void => {
    appends = appends.then(async () => {
      if (failed !== undefined) return;
      try {
        await work();
      } catch (error) {
        failed ??= { error };
      }
    });
  };

  const inBackground = (work: () => Promise<void>): void => {
    const write: Promise<void> = work()
      .catch((error: unknown) => {
        failed ??= { error };
      })
      .finally(() => writes.delete(write));
    writes.add(write);
  };

  const writeIndex = async (): Promise<void> => {
    const packs = durablePacks;
    if (packs.length === 0) return;
    durablePacks = [];
    const content = writeIndexFile(packs);
    await store.put(indexKey(digestHex(digestOf(content))), content, { signal });
    for (const pack of packs) index.addPack(pack);
  };

  const writePack = async (pack: BuiltPack, buffer: Buffer): Promise<void> => {
    try {
      await store.put(packKey(pack.hex), pack.content, { signal });
      // Only a buffer that nobody can still be writing from is used again.
      buffers.push(buffer);
      durablePacks.push({ hex: pack.hex, bytes: pack.bytes, table: pack.table });
      if (durablePacks.length >= tuning.packsPerIndex) await writeIndex();
    } finally {
      writeSlots.release();
    }
  };

  const closePack = async (): Promise<void> => {
    if (builder === undefined) return;
    const { pack, buffer } = builder;
    builder = undefined;
    await writeSlots.acquire();
    inBackground(() => writePack(pack.finish(), buffer));
  };

  const append = async (chunk: NewChunk, encoded: EncodedChunk): Promise<void> => {
    if (builder === undefined) {
      const buffer = buffers.pop() ?? Buffer.allocUnsafeSlow(packBufferBytes(limits));
      builder = { pack: createPackBuilder(limits, buffer), buffer };
    }
    builder.pack.add(chunk.hex, chunk.plain.length, encoded);
    chunk.onStored(encoded.body.length);
    if (builder.pack.isFull()) await closePack();
  };

  return {
    throwIfFailed,

    async add(chunk) {
      throwIfFailed();
      await encodingSlots.acquire();
      const encoding = encodeChunk(chunk.plain);
      encoding.catch(() => {});
      inOrder(async () => append(chunk, await encoding));
      appends = appends.finally(() => encodingSlots.release());
    },

    async flush() {
      throwIfFailed();
      inOrder(closePack);
      await appends;
      await Promise.all(writes);
      if (failed === undefined) inBackground(writeIndex);
      // Also an index that another flush() is writing of packs that are ours.
      await Promise.all(writes);
      throwIfFailed();
    },

    async settle() {
      await appends;
      await Promise.all(writes);
    },
  };
}
