// One writer's work in the vault: sinks cut streams into chunks (chunker.ts), chunks that the vault has are not stored again
// (chunk-storage.ts), the rest goes into the pipeline; seal() makes a snapshot of it. Until then nothing of a session is visible, and one
// that fails or is given up leaves only garbage (I4). Sessions need not know of each other: at worst both store
// the same chunk.
import assert from 'node:assert/strict';
import {
  digestFromHex,
  digestHex,
  digestOf,
  failure,
  isDigest,
  isFailure,
  type Digest,
} from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { forEachConcurrently } from '../flow.ts';
import { sealWhole } from '../crypto/sealed-object.ts';
import type { ChunkIndex } from '../read/chunk-index.ts';
import { isChunkFailure, type ChunkReader } from '../read/chunk-reader.ts';
import { walkChunks } from '../upkeep/walk-chunks.ts';
import { createChunker, type Content } from './chunker.ts';
import { cutSizesOf, gearTableOf, type CutSizes } from './fastcdc.ts';
import { createChunkStorage, type ChunkStorage, type Counts } from './chunk-storage.ts';
import { createChunkTree } from './chunk-tree.ts';
import type { SealedEntry, Store, VaultSession, VaultSink } from '../contract.ts';
import { SNAPSHOT_PREFIX, snapshotKey } from '../format/layout.ts';
import { createContentWriter } from './images.ts';
import type { Workers } from './jobs.ts';
import { createPackPipeline } from './pack-pipeline.ts';
import { createPresence } from './presence.ts';
import type { Tuning } from '../tuning.ts';
import type { WriterGuard } from '../upkeep/writer-guard.ts';

export interface SessionOptions {
  readonly store: Store;
  /** Goes on for a moment when the writer has given up. */
  readonly cleaning: Store;
  readonly keys: VaultKeys;
  /** Refreshed just now. */
  readonly index: ChunkIndex;
  /** To read what earlier sessions wrote: images are compared with the one before. */
  readonly chunks: ChunkReader;
  /** Of the vault: they are there for other sessions too. */
  readonly workers: Workers;
  readonly tuning: Tuning;
  /** Rejects if the vault that was opened is no longer what the store holds (its disk was taken away). */
  readonly ensureThere: () => Promise<void>;
  readonly guard: WriterGuard;
  readonly signal: AbortSignal;
}

export function createSession(options: SessionOptions): VaultSession {
  const { store, cleaning, keys, index, tuning, guard, workers } = options;
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  const pipeline = createPackPipeline({ store, keys, index, workers, tuning, signal });
  const storage = createChunkStorage(pipeline, createPresence(store, index, guard.doomed));
  const sizes = cutSizesOf(tuning.chunkBytes);
  const cut = createChunker(gearTableOf(keys.idKey), sizes);

  const writeStream = async (content: Content, counts: Counts): Promise<StreamRef> => {
    pipeline.throwIfFailed();
    if (isOneChunk(content, sizes)) return await writeChunk(content[0], counts);
    const tree = createChunkTree(tuning.listEntries, (list) => storage.store(list, counts));
    for await (const chunk of cut(content)) {
      pipeline.throwIfFailed();
      counts.bytesIn += chunk.length;
      await tree.add({ hex: await storage.store(chunk, counts), bytes: chunk.length });
    }
    return await tree.finish();
  };
  /** Most files of most trees: all that a longer stream needs would cost more than the chunk. */
  const writeChunk = async (chunk: Uint8Array, counts: Counts): Promise<StreamRef> => {
    counts.bytesIn += chunk.length;
    const hex = await storage.store(chunk, counts);
    return { digest: digestFromHex(hex), bytes: chunk.length, depth: 0 };
  };
  const writeContent = createContentWriter({
    workers,
    chunks: options.chunks,
    storage,
    writeStream,
    throwIfFailed: () => pipeline.throwIfFailed(),
  });

  /** The manifest may yet appear: prune must go on waiting for this session. It ends when its process has. */
  let mayStillSeal = false;

  return {
    sink(): VaultSink {
      const counts: Counts = { bytesIn: 0, bytesStored: 0 };
      return {
        writeStream: (content, hints) => writeContent(content, hints, counts),
        writeFile: (file, hints) => writeContent(file, hints, counts),
        writeBytes: (content) => writeStream([content], counts),
        async addChunk(digest, read) {
          const hex = digestHex(digest);
          if (await storage.has(hex)) return false;
          const plain = await read();
          assert.equal(digestOf(plain), digest);
          return await storage.storeAs(hex, plain, counts);
        },
        has: (ref) => hasAll(options.chunks, storage, ref),
        stats: () => ({ ...counts }),
      };
    },

    flush: () => pipeline.flush(),

    async seal(id, manifest, references) {
      await pipeline.flush();
      if (references !== undefined) await guard.rescue(references, this.sink());
      await pipeline.flush();
      await options.ensureThere();
      const sealed = sealWhole(keys, 'SPSNAP01', manifest);
      const entry = { id, digest: digestOf(sealed), bytes: sealed.length };
      await guard.ensureOpen();
      mayStillSeal = store.supports.latePuts;
      await putManifest(store, entry, sealed, signal);
      mayStillSeal = false;
      try {
        await guard.ensureOpen();
      } catch (error) {
        // Ended in between: prune may have missed the manifest, and deleted what it names.
        await cleaning.delete(snapshotKey(entry.id, entry.digest));
        throw error;
      }
      await guard.sealed();
      return entry;
    },

    async [Symbol.asyncDispose]() {
      end.abort(new Error('the vault session has ended'));
      await pipeline.settle();
      if (!mayStillSeal) await guard.end();
    },
  };
}

/** Of a store that is far away each pack is one question. */
const ASKED_AT_ONCE = 16;

/** Packs are looked at by their size; what a deep look finds damaged, repair takes away. */
async function hasAll(
  chunks: ChunkReader,
  storage: ChunkStorage,
  ref: StreamRef,
): Promise<boolean> {
  // Most files of most trees: nothing is listed for the one chunk that they are.
  if (isChunk(ref)) return await storage.has(digestHex(ref.digest));
  let whole = true;
  try {
    await forEachConcurrently(walkChunks(chunks, ref), ASKED_AT_ONCE, async (digest) => {
      if (whole && !(await storage.has(digestHex(digest)))) whole = false;
    });
    return whole;
  } catch (error) {
    if (isChunkFailure(error)) return false;
    throw error;
  }
}

function isChunk(ref: StreamRef): ref is StreamRef & { readonly digest: Digest } {
  const { digest, bytes, depth, pageBytes } = ref;
  return isDigest(digest) && bytes > 0 && depth === 0 && pageBytes === undefined;
}

/** In one piece, and too small to be cut. */
function isOneChunk(content: Content, { minBytes }: CutSizes): content is [Uint8Array] {
  if (!Array.isArray(content) || content.length !== 1) return false;
  const [piece] = content as readonly unknown[];
  return piece instanceof Uint8Array && piece.length > 0 && piece.length <= minBytes;
}

/** Writing a manifest again is harmless; another one under the same id is refused. */
async function putManifest(
  store: Store,
  entry: SealedEntry,
  manifest: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const key = snapshotKey(entry.id, entry.digest);
  for await (const found of store.list(`${SNAPSHOT_PREFIX}${entry.id}.`)) {
    if (found.key === key) continue;
    throw failure('OBJECT_EXISTS', { vault: store.description, key: found.key });
  }
  try {
    await store.put(key, manifest, { ifAbsent: true, signal });
  } catch (error) {
    if (!isFailure(error, 'OBJECT_EXISTS')) throw error;
    const there = await store.get(key, { signal });
    // Its name says which bytes it must have: others are damage.
    if (Buffer.compare(there, manifest) !== 0) await store.put(key, manifest, { signal });
  }
}
