// Prune: deletes what no snapshot needs, beside writers and other prunes, whatever any clock says (docs/format/prune.md proves it).
//   look      which packs hold little or nothing that is needed
//   doom      they are put into a mark; from then on no writer that begins counts them as there
//   wait      until every session has ended that was open after the mark was durable: it may not have seen it
//   look      again: what was sealed meanwhile may need them
//   copy      what is needed of them into new packs
//   delete    first from the indexes, then the packs, then the mark
// Where nobody writes there is nothing to wait for, and one run does it all. A run that dies leaves marks; the next one goes on.
import type {
  OpenSession,
  PruneVaultOptions,
  PruneReport,
  Store,
  VaultSession,
} from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { packKey } from '../format/layout.ts';
import { forEachConcurrently } from '../flow.ts';
import type { ChunkReader } from '../read/chunk-reader.ts';
import type { IndexLoader } from '../read/index-loader.ts';
import { choosePacks } from './choose-packs.ts';
import { compactIndexes, dropFromIndexes } from './compact-indexes.ts';
import { copyNeeded } from './copy-needed.ts';
import { createLiveness, type Liveness } from './liveness.ts';
import {
  deleteMark,
  deleteSeen,
  doomedBy,
  putMark,
  putSeen,
  putSessions,
  readMarks,
  sweepMarks,
  type Mark,
  type Marks,
} from './marks.ts';
import { endDeadSessions, listSessions } from './sessions.ts';

export interface PruneParts {
  readonly store: Store;
  readonly keys: VaultKeys;
  readonly loader: IndexLoader;
  readonly chunks: ChunkReader;
  readonly openSession: (options: { readonly signal: AbortSignal }) => Promise<VaultSession>;
}

const DELETES_AT_ONCE = 8;
/** Small index files that are left alone. */
const SMALL_INDEXES = 8;

type Deleted = Pick<PruneReport, 'deletedPacks' | 'deletedBytes' | 'copiedBytes'>;

export async function pruneVault(
  parts: PruneParts,
  options: PruneVaultOptions,
): Promise<PruneReport> {
  const { store } = parts;
  const { signal, progress, dryRun } = options;
  const life = createLiveness({
    ...parts,
    references: options.references,
    ...(dryRun && options.without !== undefined ? { without: options.without } : {}),
    signal,
  });
  if (!dryRun) await endDeadSessions(store);

  progress({ type: 'phase:started', phase: 'look', detail: 'what the snapshots need' });
  const marks = await readMarks(parts);
  // Before somebody waits for what they name: what is put in their place later will do as well.
  if (!dryRun) for (const key of marks.spoilt) await store.delete(key);
  await life.update(doomedBy(marks.marks));
  // After the packs were listed: a pack that a session has just begun to write is not garbage.
  const sessions = (await listSessions(store)).filter(({ dead }) => !dead);
  const chosen = choosePacks(life, doomedBy(marks.marks), options.repackShare);
  const going = new Set([...doomedBy(marks.marks), ...chosen]);
  const packs = new Map(life.packs());
  const before = { snapshots: life.snapshots(), ...sizeOf(packs, packs.keys()), sessions };
  if (dryRun) return planned(life, going, before);

  const certain = await chooseCertain(parts, marks, chosen, sessions);
  if (certain.length > 0) await putMark(parts, certain);
  const deleted = await finishMarks(parts, options, life);
  await sweepMarks(parts);
  await compactIndexes({ ...parts, signal }, SMALL_INDEXES);

  const { packs: deletedPacks, bytes: deletedBytes } = sizeOf(packs, deleted.packs);
  const waiting = sizeOf(packs, going.difference(deleted.packs));
  const { copiedBytes } = deleted;
  return {
    ...before,
    done: true,
    deletedPacks,
    deletedBytes,
    copiedBytes,
    waitingPacks: waiting.packs,
    waitingBytes: waiting.bytes,
  };
}

/**
 * While somebody writes, packs that no manifest names are most often just what is being written. They are only written down;
 * those that an earlier run wrote down are garbage once all who wrote then have ended.
 */
async function chooseCertain(
  parts: PruneParts,
  { seen }: Marks,
  chosen: readonly string[],
  sessions: readonly OpenSession[],
): Promise<readonly string[]> {
  const open = new Set(sessions.map(({ id }) => id));
  const past = seen.filter((one) => !one.sessions.some((id) => open.has(id)));
  const known = new Set(past.flatMap(({ packs }) => packs));
  const certain = open.size === 0 ? chosen : chosen.filter((hex) => known.has(hex));
  const noted = new Set(seen.flatMap(({ packs }) => packs));
  const fresh = chosen.filter((hex) => !noted.has(hex));
  if (open.size > 0 && fresh.length > 0) {
    await putSeen(parts, { packs: fresh, sessions: [...open] });
  }
  for (const one of past) await deleteSeen(parts, one);
  return certain;
}

/** Whatever is doomed, by this run or an earlier one, goes as far as it can. */
async function finishMarks(
  parts: PruneParts,
  { signal, progress }: PruneVaultOptions,
  life: Liveness,
): Promise<{ readonly packs: ReadonlySet<string>; readonly copiedBytes: number }> {
  const found = await readMarks(parts);
  const doomed = doomedBy(found.marks);
  if (doomed.size === 0) return { packs: doomed, copiedBytes: 0 };
  const ripe = await ripeMarks(parts, found.marks);
  // After it is known who has ended: whatever they sealed is listed now.
  await life.update(doomed);
  const going = doomedBy(ripe);
  const bare = new Set([...going].filter((hex) => life.of(hex) === undefined));
  if (going.size > 0) progress({ type: 'phase:started', phase: 'delete' });
  // First what needs no room: the disk may be full.
  await deletePacks(parts, bare, signal);
  const copiedBytes = await copyNeeded(parts, life, doomed, { signal, progress });
  await deletePacks(parts, going.difference(bare), signal);
  for (const mark of ripe) await deleteMark(parts, mark);
  return { packs: going, copiedBytes };
}

/** Those whose sessions have all ended. A mark whose sessions nobody has written down (a prune died) gets those of now. */
async function ripeMarks(parts: PruneParts, marks: readonly Mark[]): Promise<readonly Mark[]> {
  const open = (await listSessions(parts.store)).map(({ id }) => id);
  const ripe: Mark[] = [];
  for (const mark of marks) {
    if (mark.sessions === undefined) await putSessions(parts, mark, open);
    if (!(mark.sessions ?? open).some((id) => open.includes(id))) ripe.push(mark);
  }
  return ripe;
}

async function deletePacks(
  parts: PruneParts,
  packs: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  if (packs.size === 0) return;
  await dropFromIndexes({ ...parts, signal }, packs);
  await forEachConcurrently(packs, DELETES_AT_ONCE, async (hex) => {
    signal.throwIfAborted();
    await parts.store.delete(packKey(hex));
  });
}

type Before = Pick<PruneReport, 'snapshots' | 'packs' | 'bytes' | 'sessions'>;

function planned(life: Liveness, going: ReadonlySet<string>, before: Before): PruneReport {
  const { packs, bytes } = sizeOf(life.packs(), going);
  let copiedBytes = 0;
  for (const hex of going) copiedBytes += life.of(hex)?.storedBytes() ?? 0;
  const none: Deleted = { deletedPacks: 0, deletedBytes: 0, copiedBytes: 0 };
  const now = { deletedPacks: packs, deletedBytes: bytes, copiedBytes };
  return before.sessions.length === 0
    ? { done: false, ...before, ...now, waitingPacks: 0, waitingBytes: 0 }
    : { done: false, ...before, ...none, waitingPacks: packs, waitingBytes: bytes };
}

function sizeOf(
  packs: ReadonlyMap<string, number>,
  some: Iterable<string>,
): { readonly packs: number; readonly bytes: number } {
  let count = 0;
  let bytes = 0;
  for (const hex of some) {
    const size = packs.get(hex);
    if (size === undefined) continue;
    count++;
    bytes += size;
  }
  return { packs: count, bytes };
}
