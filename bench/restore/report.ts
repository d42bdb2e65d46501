// Makes the reported lines of what was measured. The one target is that of the acceptance, and it holds for the full size.
import type { SnapshotSummary } from '@stillpoint/engine';
import { atMost, metricOf, type Metric, type Peer } from '../metric.ts';
import { median } from '../statistics.ts';
import type { PeerTimes } from './peer.ts';
import type { Sizes } from './sizes.ts';

export interface Restored {
  readonly durationMs: number;
  readonly closedMs: number;
  /** In seconds, by phase and source. */
  readonly phases: ReadonlyMap<string, number>;
}

export interface Measured {
  readonly sizes: Sizes;
  readonly snapshots: readonly SnapshotSummary[];
  readonly restored: Restored;
  readonly undone: Restored;
  readonly peer: PeerTimes | undefined;
}

const limitSeconds = 300;
const MEGABYTE = 1_000_000;

export function reportOf({ snapshots, restored, undone, peer }: Measured): readonly Metric[] {
  const total = restored.durationMs / 1000;
  const [first, ...next] = snapshots;
  return [
    metricOf(['restore.total', total, 's'], {
      judged: atMost(limitSeconds, total),
      peer: peerOf(peer),
    }),
    metricOf(['restore.prepare', spent(restored, /^(prepare|prove) /), 's']),
    metricOf(['restore.closed', restored.closedMs / 1000, 's']),
    metricOf(['undo.total', undone.durationMs / 1000, 's']),
    metricOf(['undo.closed', undone.closedMs / 1000, 's']),
    metricOf(['snapshot.first', first!.durationMs / 1000, 's'], dumpPeer(peer)),
    metricOf(['snapshot.next.p50', median(next.map(({ durationMs }) => durationMs)) / 1000, 's']),
    metricOf(['vault.first', storedBytes(first!) / MEGABYTE, 'MB']),
    metricOf(['vault.next.p50', median(next.map(storedBytes)) / MEGABYTE, 'MB']),
    ...[...restored.phases].map(([name, seconds]) =>
      metricOf([`restore.${name.replaceAll(' ', '.')}`, seconds, 's']),
    ),
  ];
}

function peerOf(peer: PeerTimes | undefined): Peer | undefined {
  if (peer === undefined) return undefined;
  return { name: 'pg_restore -j 2 and cp -a', value: (peer.restoreMs + peer.copyMs) / 1000 };
}

/** Without the copies that it would need too. */
function dumpPeer(peer: PeerTimes | undefined): { readonly peer?: Peer } {
  if (peer === undefined) return {};
  return { peer: { name: 'pg_dump -Fc alone', value: peer.dumpMs / 1000 } };
}

function spent({ phases }: Restored, which: RegExp): number {
  return [...phases]
    .filter(([name]) => which.test(name))
    .reduce((sum, [, seconds]) => sum + seconds, 0);
}

function storedBytes({ sources }: SnapshotSummary): number {
  return sources.reduce((sum, { bytesStored }) => sum + bytesStored, 0);
}
