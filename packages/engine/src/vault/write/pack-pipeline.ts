// The way of new chunks into the store, behind the backs of those who hand them over: compressed several at once, put into packs in
// the order in which they came (so that a stream lies in one piece), packs sealed and written while the next one fills,
// and after the packs the index of them (I3).
// Memory is bounded: `waitingBytesMax` of chunks and `packWritesMax + 1` packs. The first error ends everything: add() and
// flush() reject with it from then on, and no promise is left rejected without a listener.
import { digestHex, digestOf } from '@stillpoint/core';
import type { Store } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { createBudget, createSlots } from '../flow.ts';
import { LIST_ENTRY_BYTES } from '../format/chunk-list.ts';
import { writeIndexFile } from '../format/index-file.ts';
import { indexKey, packKey } from '../format/layout.ts';
import type { IndexedPack } from '../format/pack-table.ts';
import { GROUP_BYTES } from '../pages/page.ts';
import type { ChunkIndex } from '../read/chunk-index.ts';
import type { Tuning } from '../tuning.ts';
import { createBatches, type ChunkBatch } from './chunk-batch.ts';
import { cutSizesOf } from './fastcdc.ts';
import type { CompressedChunk, PackDraft, PlainChunk, Workers } from './jobs.ts';
import { createPackFiller, packBufferBytes, type PackFiller } from './pack-draft.ts';

/** Called when the chunk has its place in a pack. */
export type OnStored = (storedBytes: number) => void;

export interface PackPipeline {
  /** Resolves when there is room for the next; the bytes may be used again then. */
  add(chunk: PlainChunk, onStored: OnStored): Promise<void>;
  /** The body is kept until it is in a pack. */
  addCompressed(chunk: CompressedChunk, onStored: OnStored): Promise<void>;
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
  readonly workers: Workers;
  readonly tuning: Tuning;
  readonly signal: AbortSignal;
}

export function createPackPipeline(options: PipelineOptions): PackPipeline {
  const { workers, tuning, signal } = options;
  const waiting = createBudget(tuning.waitingBytesMax);
  const work = createBackgroundWork(signal);
  const packs = createPackOutput(options, work);
  const batches = createBatches(tuning.waitingBytesMax);
  let batch: ChunkBatch | undefined;
  let batchStored: OnStored[] = [];

  /** Gives its bytes back to the budget when all of it is in packs, or is given up. */
  const append = (
    bytes: number,
    compressing: Promise<readonly CompressedChunk[]>,
    onStored: readonly OnStored[],
    whenDone?: (chunks: readonly CompressedChunk[]) => void,
  ): void => {
    compressing.catch(() => {});
    work.inOrder(async () => {
      const chunks = await compressing;
      for (const [n, chunk] of chunks.entries()) onStored[n]?.(await packs.add(chunk));
      whenDone?.(chunks);
    });
    work.whenOver(() => waiting.give(bytes));
  };

  const sendBatch = (): void => {
    if (batch === undefined) return;
    const { bytes, chunks } = batch;
    const compressing = workers.run('compress', chunks);
    append(bytes, compressing, batchStored, (done) => batches.end(done));
    batch = undefined;
    batchStored = [];
  };

  /** What was not sent yet would be waited for in vain. */
  const takeRoom = async (bytes: number): Promise<void> => {
    work.throwIfFailed();
    if (waiting.isShort(bytes)) sendBatch();
    await waiting.take(bytes);
    try {
      work.throwIfFailed();
    } catch (error) {
      waiting.give(bytes);
      throw error;
    }
  };

  return {
    throwIfFailed: () => work.throwIfFailed(),

    async add(chunk, onStored) {
      await takeRoom(chunk.plain.length);
      if (batch?.add(chunk) !== true) {
        sendBatch();
        batch = batches.begin(chunk);
        batch.add(chunk);
      }
      batchStored.push(onStored);
      if (waiting.isShort(0)) sendBatch();
    },

    async addCompressed(chunk, onStored) {
      const bytes = chunk.body.length;
      await takeRoom(bytes);
      sendBatch();
      append(bytes, Promise.resolve([chunk]), [onStored]);
    },

    async flush() {
      work.throwIfFailed();
      sendBatch();
      work.inOrder(() => packs.close());
      await work.settle();
      if (!work.hasFailed()) work.inBackground(() => packs.writeIndex());
      // Also an index that another flush() is writing of packs that are ours.
      await work.settle();
      work.throwIfFailed();
    },

    settle: () => work.settle(),
  };
}

interface PackOutput {
  /** What the chunk takes in its pack. */
  add(chunk: CompressedChunk): Promise<number>;
  /** The pack that is being filled is written, however full it is. */
  close(): Promise<void>;
  /** Of all packs that are durable and in no index. */
  writeIndex(): Promise<void>;
}

function createPackOutput(options: PipelineOptions, work: BackgroundWork): PackOutput {
  const { store, keys, index, workers, tuning, signal } = options;
  const limits = {
    packBytes: tuning.packBytes,
    packChunks: tuning.packChunks,
    bodyBytes: Math.max(
      cutSizesOf(tuning.chunkBytes).maxBytes,
      tuning.listEntries * LIST_ENTRY_BYTES,
      GROUP_BYTES,
    ),
  };
  const slots = createSlots(tuning.packWritesMax);
  const buffers: ArrayBufferLike[] = [];
  let filler: PackFiller | undefined;
  let durable: IndexedPack[] = [];

  const newBuffer = (first: CompressedChunk): Uint8Array => {
    const bytes = packBufferBytes(limits, first);
    const used = buffers.pop();
    return new Uint8Array(used?.byteLength === bytes ? used : new ArrayBuffer(bytes));
  };

  const writeIndex = async (): Promise<void> => {
    const packs = durable;
    if (packs.length === 0) return;
    durable = [];
    const content = writeIndexFile(keys, packs);
    await store.put(indexKey(digestHex(digestOf(content))), content, { signal });
    for (const pack of packs) index.addPack(pack);
  };

  const write = async (draft: PackDraft): Promise<void> => {
    try {
      const { hex, salt, content, table } = await workers.run('pack', { keys, draft });
      await store.put(packKey(hex), content, { signal });
      // Only a buffer that nobody can still be writing from is used again.
      buffers.push(content.buffer);
      durable.push({ hex, salt, bytes: content.length, table });
      if (durable.length >= tuning.packsPerIndex) await writeIndex();
    } finally {
      slots.release();
    }
  };

  const close = async (): Promise<void> => {
    if (filler === undefined) return;
    const draft = filler.finish();
    filler = undefined;
    await slots.acquire();
    work.inBackground(() => write(draft));
  };

  return {
    async add(chunk) {
      if (filler?.fits(chunk) === false) await close();
      filler ??= createPackFiller(limits, newBuffer(chunk));
      const bytes = filler.add(chunk);
      if (filler.isFull()) await close();
      return bytes;
    },
    close,
    writeIndex,
  };
}

interface BackgroundWork {
  /** Runs it after everything given before it, unless something failed. */
  inOrder(work: () => Promise<void>): void;
  /** Called when everything given in order so far has ended or is given up. */
  whenOver(work: () => void): void;
  inBackground(work: () => Promise<void>): void;
  hasFailed(): boolean;
  throwIfFailed(): void;
  settle(): Promise<void>;
}

/** Remembers the first error; what comes after it is not begun. */
function createBackgroundWork(signal: AbortSignal): BackgroundWork {
  const running = new Set<Promise<void>>();
  let inOrder = Promise.resolve();
  let failed: { readonly error: unknown } | undefined;

  const note = (error: unknown): void => {
    failed ??= { error };
  };

  return {
    inOrder(work) {
      inOrder = inOrder.then(() => (failed === undefined ? work().catch(note) : undefined));
    },
    whenOver(work) {
      inOrder = inOrder.then(work);
    },
    inBackground(work) {
      const run: Promise<void> = work()
        .catch(note)
        .finally(() => running.delete(run));
      running.add(run);
    },
    hasFailed: () => failed !== undefined,
    throwIfFailed() {
      if (failed !== undefined) throw failed.error;
      signal.throwIfAborted();
    },
    async settle() {
      await inOrder;
      await Promise.all(running);
    },
  };
}
