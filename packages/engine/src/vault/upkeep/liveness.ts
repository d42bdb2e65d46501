// What the snapshots need of each pack: every manifest is read, every stream that it names is walked, and each chunk counts for one
// pack that holds it, its home. What is not needed may go; so nothing here guesses: a manifest or a list that cannot be read, or a chunk
// that no pack has, ends the whole (PRUNE_UNSURE).
// Memory: 32 bytes and a bit for each chunk that is needed.
import { digestFromHex, failure, isFailure, type Digest, type SnapshotId } from '@stillpoint/core';
import type { SealedEntry, Store, StreamRefLike } from '../contract.ts';
import { PACK_PREFIX, packOfKey } from '../format/layout.ts';
import type { ChunkLocation } from '../read/chunk-index.ts';
import type { ChunkReader } from '../read/chunk-reader.ts';
import type { IndexLoader } from '../read/index-loader.ts';
import { listManifests } from './manifests.ts';
import { createPackLife, type PackLife } from './pack-life.ts';
import { walkChunks } from './walk-chunks.ts';

export interface LivenessOptions {
  readonly store: Store;
  readonly loader: IndexLoader;
  readonly chunks: ChunkReader;
  readonly references: () => (entry: SealedEntry) => AsyncIterable<StreamRefLike>;
  /** As if they were not there. */
  readonly without?: ReadonlySet<SnapshotId>;
  readonly signal: AbortSignal;
}

export interface Liveness {
  /**
   * Looks at manifests, indexes and packs as they are now, in this order; snapshots that were looked at before stay counted. A pack
   * that is doomed is a chunk's home only where no other has it.
   */
  update(doomed: ReadonlySet<string>): Promise<void>;
  /** Of the packs in the store at the last update, their bytes. */
  packs(): ReadonlyMap<string, number>;
  /** undefined: nothing needs the pack. */
  of(pack: string): PackLife | undefined;
  snapshots(): number;
}

/** An index may be merged into another one just while it is looked for. */
const LOOKS = 3;

export function createLiveness(options: LivenessOptions): Liveness {
  const { store, loader, chunks, signal } = options;
  const walkedSnapshots = new Set<string>();
  const walkedStreams = new Set<string>();
  /** Of images, which share them. */
  const walkedLayers = new Set<string>();
  const lives = new Map<string, PackLife>();
  let packs = new Map<string, number>();
  let doomed: ReadonlySet<string> = new Set();
  let references = options.references();

  const lookAround = async (): Promise<void> => {
    // Whoever wrote an index had put its packs before: one that is not listed then is gone.
    await loader.refresh();
    packs = await listPacks(store);
  };

  const add = async (hex: string): Promise<void> => {
    for (let look = 1; ; look++) {
      const home = homeOf(loader.index.locate(hex), packs, doomed);
      if (home !== undefined) {
        const pack = home.pack.hex;
        const life = lives.get(pack) ?? createPackLife();
        lives.set(pack, life);
        life.add(home, hex);
        return;
      }
      if (look === LOOKS) {
        const chunk = digestFromHex(hex);
        throw failure('CHUNK_MISSING', { chunk, key: PACK_PREFIX, offset: 'unknown' });
      }
      await lookAround();
    }
  };

  const walkStream = async (ref: StreamRefLike & { readonly pageBytes?: number }) => {
    const name = `${ref.depth}:${ref.pageBytes ?? 0}:${ref.bytes}:${ref.digest}`;
    const isChunk = ref.depth === 0 && ref.pageBytes === undefined;
    if (walkedStreams.has(name)) return;
    try {
      for await (const digest of walkChunks(chunks, ref, walkedLayers)) {
        signal.throwIfAborted();
        await add(hexOf(digest));
      }
    } catch (error) {
      // A layer may count as walked by now whose last chunks nobody has taken.
      walkedLayers.clear();
      throw error;
    }
    // Only now: if its snapshot is forgotten half-way, the next that names it is walked anew.
    if (!isChunk) walkedStreams.add(name);
  };

  const walkSnapshot = async (entry: SealedEntry): Promise<void> => {
    try {
      for await (const ref of references(entry)) {
        signal.throwIfAborted();
        await walkStream(ref);
      }
    } catch (error) {
      if (!isFailure(error) || signal.aborted) throw error;
      // Forgotten since it was listed: then nothing of it is needed.
      if (!(await isListed(store, entry))) return;
      const reason = error.message.replace(/\.$/, '');
      throw failure('PRUNE_UNSURE', { id: entry.id, reason }, error);
    }
  };

  /** Chunks whose home was doomed or has gone meanwhile get another; false: one has none any more. */
  const moveHomes = async (): Promise<boolean> => {
    const leaving = [...lives].filter(([pack]) => doomed.has(pack) || !packs.has(pack));
    for (const [pack] of leaving) lives.delete(pack);
    try {
      for (const [, life] of leaving) for (const digest of life.digests()) await add(hexOf(digest));
      return true;
    } catch (error) {
      if (!isFailure(error, 'CHUNK_MISSING')) throw error;
      return false;
    }
  };

  return {
    async update(nowDoomed) {
      const entries = await listManifests(store);
      doomed = nowDoomed;
      await lookAround();
      if (!(await moveHomes())) {
        // It was needed by a snapshot that is forgotten by now, or it is lost: only walking all that are left tells.
        for (const known of [lives, walkedStreams, walkedLayers, walkedSnapshots]) known.clear();
        references = options.references();
      }
      for (const entry of entries) {
        if (walkedSnapshots.has(nameOf(entry)) || options.without?.has(entry.id)) continue;
        await walkSnapshot(entry);
        walkedSnapshots.add(nameOf(entry));
      }
    },
    packs: () => packs,
    of: (pack) => lives.get(pack),
    snapshots: () => walkedSnapshots.size,
  };
}

/** Of the copies in packs that are there, one in a pack that stays; of several, the same one whoever asks. */
function homeOf(
  copies: readonly ChunkLocation[],
  packs: ReadonlyMap<string, number>,
  doomed: ReadonlySet<string>,
): ChunkLocation | undefined {
  let home: ChunkLocation | undefined;
  for (const copy of copies) {
    const { hex, bytes } = copy.pack;
    if (packs.get(hex) !== bytes) continue;
    if (home === undefined || rank(hex, doomed) < rank(home.pack.hex, doomed)) home = copy;
  }
  return home;
}

function rank(pack: string, doomed: ReadonlySet<string>): string {
  return `${doomed.has(pack) ? 1 : 0}${pack}`;
}

export async function listPacks(store: Store): Promise<Map<string, number>> {
  const packs = new Map<string, number>();
  for await (const { key, bytes } of store.list(PACK_PREFIX)) {
    const hex = packOfKey(key);
    if (hex !== undefined) packs.set(hex, bytes);
  }
  return packs;
}

async function isListed(store: Store, entry: SealedEntry): Promise<boolean> {
  return (await listManifests(store)).some((one) => nameOf(one) === nameOf(entry));
}

function nameOf({ id, digest }: SealedEntry): string {
  return `${id}.${digest}`;
}

function hexOf(digest: Digest): string {
  return digest.slice('blake3:'.length);
}
