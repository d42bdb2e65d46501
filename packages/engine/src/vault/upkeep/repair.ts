// Repair: afterwards every chunk that is whole lies in a pack that is whole and is named by an index that is whole. Manifests are not
// touched here. In this order, so that a death anywhere leaves what was there, and the next repair goes on:
//   marks     those of prune that cannot be read are replaced, for no session opens beside them
//   rescue    whole chunks of damaged packs are stored anew by an ordinary session, for which the damaged packs are not there
//   read back the packs that they lie in now, byte by byte
//   index     packs that no index names get one, from their own tables
//   delete    damaged packs leave the indexes; then damaged indexes go, then the packs
// The session stays open until all is deleted, so that no prune takes what was just rescued. A pack of which the disk refused parts is
// deleted only if nothing of it is missing, and one whose tables are all lost is not: another attempt, another disk, or an index from
// a copy may give more.
import { digestOf, type Digest } from '@stillpoint/core';
import type { RepairVaultOptions, RepairedPack, VaultRepair, VaultSession } from '../contract.ts';
import { packKey, packOfKey } from '../format/layout.ts';
import type { IndexedPack } from '../format/pack-table.ts';
import type { IndexLoader } from '../read/index-loader.ts';
import { dropFromIndexes } from './compact-indexes.ts';
import { listPacks } from './liveness.ts';
import { doomedBy, surveyMarks, type LostMark } from './marks.ts';
import { tableOfPack } from './pack-content.ts';
import { chunksIn, readTolerantly, rescueChunks } from './repair-content.ts';
import { replaceMarks } from './repair-marks.ts';
import { putIndex, surveyIndexes, type IndexSurvey } from './repair-indexes.ts';
import { createPackChecks, type PackParts } from './verify-packs.ts';

export interface RepairParts extends PackParts {
  readonly loader: IndexLoader;
  readonly openSession: (options: {
    readonly signal: AbortSignal;
    readonly absent: ReadonlySet<string>;
  }) => Promise<VaultSession>;
}

/** What is wrong, and what will be done about it. */
interface Diagnosis {
  /** Packs that are there and damaged. */
  readonly damaged: ReadonlyMap<string, string>;
  /** Packs that an index names and that are not there. */
  readonly gone: ReadonlySet<string>;
  /** Whole packs that no index names. */
  readonly unindexed: readonly string[];
  readonly indexes: IndexSurvey;
  readonly marks: readonly LostMark[];
}

export async function repairVault(
  parts: RepairParts,
  options: RepairVaultOptions,
): Promise<VaultRepair> {
  const { dryRun, signal } = options;
  const found = await diagnose(parts, options);
  if (dryRun) {
    const packs = await rescueAll(parts, found, async () => {}, signal);
    return { packs: [...packs.report, ...goneOf(found)], ...rest(found) };
  }
  await parts.store.ensureWritable();
  await replaceMarks(parts, found.marks);
  const absent = new Set([...found.damaged.keys(), ...found.gone]);
  await using session = await parts.openSession({ signal, absent });
  const sink = session.sink();
  const rescued: Digest[] = [];
  const packs = await rescueAll(
    parts,
    found,
    async (digest, plain) => {
      await sink.addChunk(digest, async () => Uint8Array.from(plain));
      rescued.push(digest);
    },
    signal,
  );
  await session.flush();
  await readBack(parts, rescued, absent, signal);
  await reindex(parts, found.unindexed, signal);
  const going = new Set([...packs.deletable.keys(), ...packs.unnamed, ...found.gone]);
  if (going.size > 0) await dropFromIndexes({ ...parts, signal }, going);
  for (const { key } of found.indexes.damaged) await parts.store.delete(key);
  for (const [hex, digest] of packs.deletable) await deleteIfSame(parts, hex, digest, signal);
  return { packs: [...packs.report, ...goneOf(found)], ...rest(found) };
}

async function diagnose(parts: RepairParts, options: RepairVaultOptions): Promise<Diagnosis> {
  const { store } = parts;
  const { signal } = options;
  const damaged = new Map<string, string>();
  for (const { key, what } of options.packs.damages()) {
    const hex = packOfKey(key);
    if (hex !== undefined) damaged.set(hex, what);
  }
  // What prune is about to delete has left the indexes already, and must not come back into one.
  const { marks, lost } = await surveyMarks(parts);
  const leaving = new Set(doomedBy(marks));
  const indexes = await surveyIndexes(parts, (hex) => damaged.has(hex), signal);
  const there = await listPacks(store);
  for (const hex of doomedBy((await surveyMarks(parts)).marks)) leaving.add(hex);
  for (const hex of damaged.keys()) if (!there.has(hex)) damaged.delete(hex);
  const gone = new Set([...indexes.named.keys()].filter((hex) => !there.has(hex)));
  const unindexed = [...there.keys()].filter(
    (hex) => !indexes.named.has(hex) && !damaged.has(hex) && !leaving.has(hex),
  );
  return { damaged, gone, unindexed, indexes, marks: lost };
}

interface Rescue {
  readonly report: readonly RepairedPack[];
  /** Nothing more can be got from these; with the digests of what was read of them. */
  readonly deletable: ReadonlyMap<string, string>;
  /** These stay, though no index needs to name them: their own tables can be read. */
  readonly unnamed: readonly string[];
}

async function rescueAll(
  { store, keys }: RepairParts,
  { damaged, indexes }: Diagnosis,
  take: (digest: Digest, plain: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<Rescue> {
  const report: RepairedPack[] = [];
  const deletable = new Map<string, string>();
  const unnamed: string[] = [];
  for (const [hex, what] of damaged) {
    signal.throwIfAborted();
    const read = await readTolerantly(store, hex, signal);
    const table = indexes.tables.get(hex);
    if (read === undefined) {
      report.push({ key: packKey(hex), what, wholeChunks: 0, lostChunks: chunksIn(table) });
      continue;
    }
    const rescued = await rescueChunks(keys, read, table, take);
    const { wholeChunks, lostChunks } = rescued;
    report.push({ key: packKey(hex), what, wholeChunks, lostChunks });
    const enough = read.complete || lostChunks === 0;
    if (rescued.table !== null && enough) deletable.set(hex, digestOf(read.content));
    else if (rescued.table === 'own') unnamed.push(hex);
  }
  return { report, deletable, unnamed };
}

/** A disk that gives other bytes each time may give the right ones some day. */
async function deleteIfSame(
  { store }: RepairParts,
  hex: string,
  digest: string,
  signal: AbortSignal,
): Promise<void> {
  const again = await readTolerantly(store, hex, signal);
  if (again !== undefined && digestOf(again.content) === digest) await store.delete(packKey(hex));
}

function goneOf({ gone, indexes }: Diagnosis): RepairedPack[] {
  return [...gone].map((hex) => ({
    key: packKey(hex),
    what: 'the pack is gone',
    wholeChunks: 0,
    lostChunks: chunksIn(indexes.tables.get(hex)),
  }));
}

function rest({ indexes, marks, unindexed }: Diagnosis): Omit<VaultRepair, 'packs'> {
  return {
    indexes: indexes.damaged,
    marks: marks.map(({ key, what }) => ({ key, what })),
    reindexed: unindexed.length,
  };
}

/** Each rescued chunk must lie in a pack that is not going to be deleted, and those packs must be whole, byte by byte. */
async function readBack(
  parts: RepairParts,
  rescued: readonly Digest[],
  absent: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const checks = await createPackChecks(parts);
  for (const digest of rescued) {
    const copies = parts.loader.index
      .locate(digest.slice('blake3:'.length))
      .filter(({ pack }) => !absent.has(pack.hex));
    const problems = await Promise.all(
      copies.map(({ pack }) => checks.problemOf(pack, true, signal)),
    );
    if (problems.includes(undefined)) continue;
    const problem = problems[0] ?? 'it is in no index';
    throw new Error(`the rescued chunk ${digest} is not there again: ${problem}`);
  }
}

async function reindex(
  parts: RepairParts,
  packs: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const tables: IndexedPack[] = [];
  for (const hex of packs) {
    const content = await parts.store.get(packKey(hex), { signal });
    const table = tableOfPack(parts.keys, content);
    if (table !== undefined) tables.push({ hex, bytes: content.length, ...table });
  }
  await putIndex(parts, tables, signal);
}
