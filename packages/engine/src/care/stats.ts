// How much a vault holds, and for whom. Every snapshot is walked, oldest first; chunk lists are read, contents are not.
import { isFailure, type ProgressListener } from '@stillpoint/core';
import { readSealed, streamsOfSnapshot, type Sealed } from '../snapshot/index.ts';
import type { VaultSurvey } from '../vault/index.ts';
import { createChunkTally, type ChunkTally } from './chunk-tally.ts';
import type { SnapshotUsage, SourceUsage, VaultStats } from './contract.ts';
import type { Cared } from './copy.ts';

export interface StatsOptions {
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

type Sums = { -readonly [K in 'plainBytes' | 'distinctBytes' | 'storedBytes']: number };

interface Counting {
  readonly survey: VaultSurvey;
  readonly tally: ChunkTally;
  readonly total: Sums;
  readonly sources: Map<string, SourceUsage & Sums>;
}

export async function vaultStats(
  whole: Cared,
  { signal, progress }: StatsOptions,
): Promise<VaultStats> {
  const cared = { ...whole, vault: whole.vault.within(signal) };
  const { sealed, damaged } = await readSealed(cared.vault, signal);
  const survey = await cared.vault.survey();
  const counting: Counting = {
    survey,
    tally: createChunkTally(),
    total: zero(),
    sources: new Map(),
  };
  const counted: Omit<SnapshotUsage, 'aloneBytes'>[] = [];
  for (const [at, one] of sealed.entries()) {
    signal.throwIfAborted();
    progress({ type: 'phase:started', phase: 'count', detail: `${at + 1} of ${sealed.length}` });
    counted.push(await countSnapshot(cared, one, at, counting));
  }
  signal.throwIfAborted();
  const alone = counting.tally.aloneBytes(sealed.length);
  const { packs, indexes, overheadBytes } = survey;
  const { plainBytes, distinctBytes, storedBytes } = counting.total;
  const chunks = counting.tally.size();
  const used = storedBytes + packs.objects * overheadBytes.pack + chunks * overheadBytes.chunk;
  return {
    vault: cared.vault.description,
    snapshots: sealed.length,
    unreadable: damaged.length,
    plainBytes,
    distinctBytes,
    storedBytes,
    chunks,
    deduplication: ratio(plainBytes, distinctBytes),
    compression: ratio(distinctBytes, storedBytes),
    packs: packs.objects,
    packBytes: packs.bytes,
    unusedBytes: Math.max(0, packs.bytes - used),
    indexes: indexes.objects,
    indexBytes: indexes.bytes,
    perSnapshot: counted.map((one, at) => ({ ...one, aloneBytes: alone[at] ?? 0 })),
    perSource: [...counting.sources.values()],
  };
}

/** What is damaged is counted as far as it can be read: verify tells of it. */
async function countSnapshot(
  cared: Cared,
  one: Sealed,
  owner: number,
  counting: Counting,
): Promise<Omit<SnapshotUsage, 'aloneBytes'>> {
  const { id, name, createdAt } = one.manifest;
  const own = { plainBytes: 0, storedBytes: 0 };
  try {
    for await (const { source, driver, stream } of streamsOfSnapshot(cared, one)) {
      const sums = sourceSums(counting.sources, source, driver);
      own.plainBytes += stream.bytes;
      for (const each of [counting.total, sums]) if (each) each.plainBytes += stream.bytes;
      for await (const digest of cared.vault.chunksOf(stream)) {
        own.storedBytes += countChunk(digest, owner, counting, sums);
      }
    }
  } catch (error) {
    if (!isFailure(error)) throw error;
  }
  return { id, name, createdAt, ...own };
}

/** The stored bytes that the owner meets for the first time. */
function countChunk(
  digest: Parameters<VaultSurvey['sizesOf']>[0],
  owner: number,
  { survey, tally, total }: Counting,
  sums: Sums | undefined,
): number {
  const sizes = survey.sizesOf(digest);
  if (sizes === undefined) return 0;
  const met = tally.meet(digest, owner, () => sizes);
  if (met.first) {
    for (const each of [total, sums]) {
      if (each === undefined) continue;
      each.distinctBytes += sizes.plainBytes;
      each.storedBytes += sizes.storedBytes;
    }
  }
  return met.firstOfOwner ? sizes.storedBytes : 0;
}

/** undefined: it is the configuration, which counts in the whole only. */
function sourceSums(
  sources: Counting['sources'],
  source: string | null,
  driver: string | null,
): Sums | undefined {
  if (source === null || driver === null) return undefined;
  const key = `${driver} ${source}`;
  const known = sources.get(key) ?? { source, driver, ...zero() };
  sources.set(key, known);
  return known;
}

function zero(): Sums {
  return { plainBytes: 0, distinctBytes: 0, storedBytes: 0 };
}

function ratio(above: number, below: number): number {
  return below === 0 ? 1 : above / below;
}
