// The way of new chunks into the store, behind the backs of those who hand them over: encode several at once, append in
// the order in which they came (so that a stream lies in one piece), write full packs while the next one fills, and
// after the packs the index of them (I3).
// Memory is bounded: `encodingsMax` chunks and `packWritesMax + 1` packs. The first error ends everything: add() and
// flush() reject with it from then on, and no promise is left rejected without a listener.
import type { ChunkIndex } from '../read/chunk-index.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { encodeChunk, type EncodedChunk } from '../format/chunk-codec.ts';
import type { Store } from '../contract.ts';
import { createSlots } from '../flow.ts';
import { writeIndexFile } from '../format/index-file.ts';
import { indexKey, packKey } from '../format/layout.ts';
import type { IndexedPack } from '../format/pack-table.ts';
import type { CompressedChunk } from './jobs.ts';
import { buildPack } from './pack-builder.ts';
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
  readonly keys: VaultKeys;
  /** Learns each pack once an index of it is durable. */
  readonly index: ChunkIndex;
  readonly tuning: Tuning;
  readonly signal: AbortSignal;
}

export function createPackPipeline(options: PipelineOptions): PackPipeline {
  const { store, keys, index, tuning, signal } = options;
  const encodingSlots = createSlots(tuning.encodingsMax);
  const writeSlots = createSlots(tuning.packWritesMax);
  const writes = new Set<Promise<void>>();
  let filling: CompressedChunk[] = [];
  let filledBytes = 0;
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
    const content = writeIndexFile(keys, packs);
    await store.put(indexKey(digestHex(digestOf(content))), content, { signal });
    for (const pack of packs) index.addPack(pack);
  };

  const writePack = async (chunks: readonly CompressedChunk[]): Promise<void> => {
    try {
      const { hex, salt, content, table } = buildPack({ keys, chunks });
      await store.put(packKey(hex), content, { signal });
      durablePacks.push({ hex, salt, bytes: content.length, table });
      if (durablePacks.length >= tuning.packsPerIndex) await writeIndex();
    } finally {
      writeSlots.release();
    }
  };

  const closePack = async (): Promise<void> => {
    if (filling.length === 0) return;
    const chunks = filling;
    filling = [];
    filledBytes = 0;
    await writeSlots.acquire();
    inBackground(() => writePack(chunks));
  };

  const append = async (chunk: NewChunk, encoded: EncodedChunk): Promise<void> => {
    filling.push({ hex: chunk.hex, plainBytes: chunk.plain.length, ...encoded });
    filledBytes += encoded.body.length;
    chunk.onStored(encoded.body.length);
    if (filledBytes >= tuning.packBytes || filling.length >= tuning.packChunks) await closePack();
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
