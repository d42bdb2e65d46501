// Streams the write-ahead log of one timeline from one position to another and hands over exactly those bytes.
// No slot is named: the slot holds the WAL whether or not somebody streams from it, and nothing received here may move
// it. It moves only when a snapshot is sealed (slot.ts).
import { isFailure } from '@stillpoint/core';
import type { Cluster } from '../cluster/contract.ts';
import { bytesBetween, formatLsn, lsnAfter, type Lsn } from '../lsn.ts';
import { connectReplication } from './connection.ts';
import { startCopy, type CopyReader } from './copy-reader.ts';

export interface WalStreamOptions {
  readonly timeline: number;
  readonly from: Lsn;
  /** Must not lie beyond what the server has flushed: it would be waited for. */
  readonly until: Lsn;
  /** Called in order, without gaps; the next bytes come when it has resolved. */
  readonly onWal: (start: Lsn, bytes: Buffer) => Promise<void>;
  readonly signal: AbortSignal;
}

const COPY_BOTH = 0x57;
const COPY_DATA = 0x64;
const WAL_DATA = 0x77;
const KEEPALIVE = 0x6b;
const WAL_HEADER_BYTES = 25;
const STATUS_EVERY_MS = 10_000;

export async function streamWal(cluster: Cluster, options: WalStreamOptions): Promise<void> {
  const { from, until, timeline, signal } = options;
  if (from >= until) return;
  const client = await connectReplication(cluster, signal);
  const command = `START_REPLICATION PHYSICAL ${formatLsn(from)} TIMELINE ${timeline}`;
  await using reader = startCopy(client, command, signal);
  const started = await reader.next();
  if (started.type !== COPY_BOTH) throw new Error('the server did not start streaming WAL');
  await receive(reader, options);
}

async function receive(reader: CopyReader, options: WalStreamOptions): Promise<void> {
  let position = options.from;
  let saidAtMs = performance.now();
  const say = (): void => {
    saidAtMs = performance.now();
    reader.send('d', statusUpdate(position));
  };
  while (position < options.until) {
    const { type, body } = await reader.next();
    if (type !== COPY_DATA) throw new Error('the server ended the stream of WAL early');
    if (body[0] === KEEPALIVE) {
      if (body[17] === 1) say();
    } else if (body[0] === WAL_DATA) {
      const start = body.readBigUInt64BE(1);
      if (start !== position) throw new Error('the server skipped WAL');
      const wanted = Math.min(
        body.length - WAL_HEADER_BYTES,
        bytesBetween(position, options.until),
      );
      await options.onWal(position, body.subarray(WAL_HEADER_BYTES, WAL_HEADER_BYTES + wanted));
      position = lsnAfter(position, wanted);
      // The server ends a stream whose reader says nothing, also while that one is busy storing.
      if (performance.now() - saidAtMs > STATUS_EVERY_MS) say();
    }
  }
}

/** Says that we live and have received `position`; flushed and applied stay unsaid (0), so nothing is released. */
function statusUpdate(position: Lsn): Buffer {
  const body = Buffer.alloc(34);
  body.write('r', 0, 'latin1');
  body.writeBigUInt64BE(position, 1);
  return body;
}

/** True for the server's answers that mean: this WAL is not there (any more, or not in this history). */
export function isWalMissing(error: unknown): boolean {
  if (isFailure(error) || !(error instanceof Error)) return false;
  const { code } = error as { code?: string };
  return (
    code === '58P01' ||
    /has already been removed|ahead of the WAL flush position|is not in this server's history/.test(
      error.message,
    )
  );
}
