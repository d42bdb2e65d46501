// From a record to an incarnation that can be switched to: checked, written, recovered, shut down. Beside the live
// cluster, in a directory of its own; until switch() nothing points to it. If this very state is still there from when
// it was closed, it is taken as it is: undo is then instant, and exact even for what no WAL holds (unlogged tables).
import { failure, newUuid } from '@stillpoint/core';
import type { Clock, Json, SnapshotId } from '@stillpoint/core';
import type { Placement, PrepareOptions } from '../contract.ts';
import { writeBase } from './base.ts';
import type { Cluster } from './cluster/contract.ts';
import {
  dataDirectory,
  makeWalDirectory,
  readControl,
  readNote,
  writeNote,
} from './incarnation.ts';
import { bytesBetween, formatLsn, parseLsn } from './lsn.ts';
import { toPlacement } from './placement.ts';
import { currentArch, parseRecord, type PostgresRecord } from './record.ts';
import { recover, type LaidOut } from './recovery.ts';
import { readStoredSequences } from './sequences.ts';
import { readWalList, type WalList } from './wal-list.ts';
import { materialiseWal } from './wal-materialise.ts';

export interface PrepareContext {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /**
   * The incarnation to make, only to be looked at: nothing is ever switched to it. A life that is kept is not taken for it, for
   * looking would end its being untouched.
   */
  readonly viewAs?: string;
}

export async function prepare(
  { cluster, clock, viewAs }: PrepareContext,
  json: Json,
  options: PrepareOptions,
): Promise<Placement> {
  const { snapshot, source, signal, progress } = options;
  const record = parseRecord(json);
  refuseOtherMachine(cluster, record);
  if (viewAs === undefined && (await isKept(cluster, record, snapshot))) {
    return toPlacement({ incarnation: record.incarnation, snapshot, reuse: true });
  }
  // Read before anything is made: a damaged list is told at once.
  const list = await readWalList(source, record.wal);
  const sequences = await readStoredSequences(source, record.sequences);
  const incarnation = viewAs ?? newUuid();
  const note = viewAs === undefined ? { snapshot } : { snapshot, view: true as const };
  await writeNote(cluster, incarnation, 'prepared', note);
  try {
    const laidOut = await layOut(cluster, { incarnation, record, list, source, signal, progress });
    progress({ type: 'phase:started', phase: 'recovery', detail: 'database' });
    const recovered = await recover(cluster, { ...laidOut, sequences });
    await writeNote(cluster, incarnation, 'origin', {
      record: json as never,
      timeline: recovered.timeline,
      forkLsn: formatLsn(recovered.forkLsn),
      restoredAt: clock.now().toISOString(),
    });
  } catch (error) {
    await cluster.dropIncarnation(incarnation).catch(() => {});
    throw error;
  }
  return toPlacement({ incarnation, snapshot, reuse: false });
}

/** Writes the base, and beside it the WAL up to the mark. */
export async function layOut(
  cluster: Cluster,
  options: {
    readonly incarnation: string;
    readonly record: PostgresRecord;
    readonly list: WalList;
  } & Pick<PrepareOptions, 'source' | 'signal' | 'progress'>,
): Promise<LaidOut> {
  const { incarnation, record, list, source, signal, progress } = options;
  const data = await dataDirectory(cluster, incarnation);
  const wal = await makeWalDirectory(cluster, incarnation);
  progress({ type: 'phase:started', phase: 'base', detail: 'database' });
  await writeBase({ base: record.base, directory: data, source, signal, progress });
  progress({ type: 'phase:started', phase: 'wal', detail: 'database' });
  await materialiseWal({
    list,
    from: parseLsn(record.base.startLsn),
    to: parseLsn(record.mark.lsn),
    segmentBytes: record.walSegmentBytes,
    directory: wal,
    source,
    signal,
  });
  return { incarnation, record, dataDirectory: data, walDirectory: wal, signal };
}

/** Nothing for a life that is kept; otherwise the base, its WAL beside it, and the copy of the WAL that recovery makes. */
export async function bytesToPrepare(
  cluster: Cluster,
  json: Json,
  snapshot: SnapshotId,
): Promise<number> {
  const record = parseRecord(json);
  if (await isKept(cluster, record, snapshot)) return 0;
  const walBytes = bytesBetween(parseLsn(record.walFrom), parseLsn(record.walTo));
  return record.base.bytes + 2 * walBytes;
}

export function refuseOtherMachine(cluster: Cluster, record: PostgresRecord): void {
  const { major } = cluster.binaries;
  if (record.major !== major) {
    throw failure('POSTGRES_MAJOR_MISMATCH', { captured: record.major, present: major });
  }
  if (record.arch !== currentArch()) {
    throw failure('POSTGRES_ARCH_MISMATCH', { captured: record.arch, present: currentArch() });
  }
}

/** Is the life that ended at this snapshot still here, untouched since it was closed for it? */
async function isKept(
  cluster: Cluster,
  record: PostgresRecord,
  snapshot: SnapshotId,
): Promise<boolean> {
  const { incarnation } = record;
  if (!(await cluster.listIncarnations()).includes(incarnation)) return false;
  if ((await cluster.currentIncarnation()) === incarnation) return false;
  const retired = await readNote(cluster, incarnation, 'retired');
  if (retired?.snapshot !== snapshot) return false;
  const control = await readControl(await dataDirectory(cluster, incarnation));
  return control !== undefined && control.shutDown && control.systemId === record.systemId;
}
