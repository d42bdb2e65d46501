// One writer's work in the vault: sinks cut streams into chunks, chunks that the vault has are not stored again, the
// rest goes into the pipeline; seal() makes a snapshot of it. Until then nothing of a session is visible, and one that
// fails or is given up leaves only garbage (I4). Sessions need not know of each other: at worst both store
// the same chunk.
// A chunk counts as there only if its pack is there with the right size (looked at once a session for each pack), so a
// snapshot never rests on what is already lost, and the next one after a loss stores anew what was lost.
import assert from 'node:assert/strict';
import { digestHex, digestOf, failure, isFailure } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { sealWhole } from '../crypto/sealed-object.ts';
import type { ChunkIndex, PackFacts } from '../read/chunk-index.ts';
import { createChunker, type Content } from './chunker.ts';
import { cutSizesOf, gearTableOf } from './fastcdc.ts';
import { writeChunkList, type ListEntry } from '../format/chunk-list.ts';
import type { SealedEntry, Store, VaultSession, VaultSink } from '../contract.ts';
import { packKey, SNAPSHOT_PREFIX, snapshotKey } from '../format/layout.ts';
import { readFileContent } from './file-content.ts';
import { createPackPipeline } from './pack-pipeline.ts';
import type { Tuning } from '../tuning.ts';

export interface SessionOptions {
  readonly store: Store;
  readonly keys: VaultKeys;
  /** Refreshed just now. */
  readonly index: ChunkIndex;
  readonly tuning: Tuning;
  /** Rejects if the vault that was opened is no longer what the store holds (its disk was taken away). */
  readonly ensureThere: () => Promise<void>;
  readonly signal: AbortSignal;
}

interface Counts {
  bytesIn: number;
  bytesStored: number;
}

export function createSession(options: SessionOptions): VaultSession {
  const { store, keys, index, tuning } = options;
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  const pipeline = createPackPipeline({ store, keys, index, tuning, signal });
  const isPresent = createPresence(store, index);
  const cut = createChunker(gearTableOf(new Uint8Array(32)), cutSizesOf(tuning.chunkBytes));
  /** Handed to the pipeline by this session. */
  const own = new Set<string>();

  const storeChunk = async (plain: Uint8Array, counts: Counts): Promise<string> => {
    const hex = digestHex(digestOf(plain));
    if (own.has(hex) || (await isPresent(hex)) || own.has(hex)) return hex;
    own.add(hex);
    const onStored = (storedBytes: number): void => {
      counts.bytesStored += storedBytes;
    };
    await pipeline.add({ hex, plain: Uint8Array.from(plain), onStored });
    return hex;
  };

  const writeStream = async (content: Content, counts: Counts): Promise<StreamRef> => {
    pipeline.throwIfFailed();
    const tree = createTree(tuning.listEntries, (list) => storeChunk(list, counts));
    for await (const chunk of cut(content)) {
      pipeline.throwIfFailed();
      counts.bytesIn += chunk.length;
      await tree.add({ hex: await storeChunk(chunk, counts), bytes: chunk.length });
    }
    return await tree.finish();
  };

  return {
    sink(): VaultSink {
      const counts: Counts = { bytesIn: 0, bytesStored: 0 };
      return {
        writeStream: (content) => writeStream(content, counts),
        writeFile: (file) => writeStream(readFileContent(file), counts),
        writeBytes: (content) => writeStream([content], counts),
        async addChunk(digest, read) {
          const hex = digestHex(digest);
          if (own.has(hex) || (await isPresent(hex))) return false;
          const plain = await read();
          assert.equal(digestOf(plain), digest);
          const before = own.size;
          await storeChunk(plain, counts);
          return own.size > before;
        },
        stats: () => ({ ...counts }),
      };
    },

    flush: () => pipeline.flush(),

    async seal(id, manifest) {
      await pipeline.flush();
      await options.ensureThere();
      const sealed = sealWhole(keys, 'SPSNAP01', manifest);
      const entry = { id, digest: digestOf(sealed), bytes: sealed.length };
      await putManifest(store, entry, sealed, signal);
      return entry;
    },

    async [Symbol.asyncDispose]() {
      end.abort(new Error('the vault session has ended'));
      await pipeline.settle();
    },
  };
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
    if (Buffer.compare(there, manifest) !== 0) throw error;
  }
}

/** Whether a chunk is in the index with a pack that is really there. */
function createPresence(store: Store, index: ChunkIndex): (hex: string) => Promise<boolean> {
  const packs = new Map<string, Promise<boolean> | boolean>();

  const look = async (pack: PackFacts): Promise<boolean> => {
    const found = await store.stat(packKey(pack.hex));
    const usable = found?.bytes === pack.bytes;
    packs.set(pack.hex, usable);
    return usable;
  };

  return async (hex) => {
    if (!index.has(hex)) return false;
    for (const { pack } of index.locate(hex)) {
      let usable = packs.get(pack.hex);
      if (usable === undefined) {
        usable = look(pack);
        packs.set(pack.hex, usable);
      }
      if (await usable) return true;
    }
    return false;
  };
}

interface Tree {
  add(entry: ListEntry): Promise<void>;
  finish(): Promise<StreamRef>;
}

/** Chunk lists over the chunks of one stream, a level at a time, each written when it is full. */
function createTree(listEntries: number, storeList: (list: Uint8Array) => Promise<string>): Tree {
  const levels: ListEntry[][] = [];

  const addTo = async (level: number, entry: ListEntry): Promise<void> => {
    const entries = (levels[level] ??= []);
    if (entries.length === listEntries) await close(level);
    (levels[level] ??= []).push(entry);
  };
  const close = async (level: number): Promise<void> => {
    const entries = levels[level] ?? [];
    levels[level] = [];
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    await addTo(level + 1, { hex: await storeList(writeChunkList(entries)), bytes });
  };

  return {
    add: (entry) => addTo(0, entry),

    async finish() {
      for (let level = 0; ; level++) {
        const [only, ...more] = levels[level] ?? [];
        const isTop = levels.length <= level + 1;
        if (isTop && only === undefined) return { digest: digestOf(EMPTY), bytes: 0, depth: 0 };
        if (isTop && only !== undefined && more.length === 0) {
          return { digest: `blake3:${only.hex}`, bytes: only.bytes, depth: level };
        }
        if (only !== undefined) await close(level);
      }
    },
  };
}

const EMPTY = new Uint8Array(0);
