// Brings an incarnation that holds a base and materialised WAL to the marked moment, on a server that only we can reach,
// and leaves it shut down cleanly.
// The WAL directory holds this snapshot's own ancestors and nothing else, the target is a name that exists once, and the
// timeline is given by number: there is nothing to choose for the server. All of it is given on the command line, so the
// data directory keeps no recovery setting.
import { failure, isFailure } from '@stillpoint/core';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Cluster, PrivateServer } from './cluster/contract.ts';
import { bytesBetween, formatLsn, historyFileName, isLsnText, parseLsn, type Lsn } from './lsn.ts';
import type { PostgresRecord } from './record.ts';
import { ensureSlot } from './replication/slot.ts';
import { setBackSequences, type DatabaseSequences } from './sequences.ts';
import { withClient, withControl } from './session.ts';

export interface LaidOut {
  readonly incarnation: string;
  readonly record: PostgresRecord;
  readonly dataDirectory: string;
  readonly walDirectory: string;
  readonly signal: AbortSignal;
}

export interface RecoveryOptions extends LaidOut {
  readonly sequences: readonly DatabaseSequences[];
}

export interface Recovered {
  readonly timeline: number;
  readonly forkLsn: Lsn;
}

/** A fork lies at the mark, or past the header of the page that begins there. */
const PAGE_HEADER_BYTES = 64;
const REPLAY_ASKED_EVERY_MS = 50;

/** POSTGRES_RECOVERY_FAILED, and whatever starting a server may fail with. */
export async function recover(cluster: Cluster, options: RecoveryOptions): Promise<Recovered> {
  const { incarnation, record, signal } = options;
  await makeReady(cluster, options);
  try {
    await using server = await startRecovery(cluster, options, {
      recovery_target_action: 'promote',
    });
    const recovered = await withControl(server, signal, async (client) => {
      const reached = await checkReached(client, record);
      // Before anybody writes: from the fork on, all WAL of this life is held for the next snapshot.
      await ensureSlot(client, incarnation);
      await cluster.resetRoles(client);
      return reached;
    });
    await restoreSequences(server, options);
    await withControl(server, signal, (client) => client.query('CHECKPOINT'));
    await server.stop();
    await rm(options.walDirectory, { recursive: true, force: true });
    return recovered;
  } catch (error) {
    signal.throwIfAborted();
    if (isFailure(error, 'POSTGRES_RECOVERY_FAILED')) throw error;
    throw recoveryFailed(cluster, reasonOf(error), error);
  }
}

/**
 * A server that has replayed up to the mark and stays there, open to be read and to be copied; the caller ends it. Nothing of its
 * history ends or begins: what is copied from it goes on where the record's own base does.
 */
export async function startAtMark(cluster: Cluster, options: LaidOut): Promise<PrivateServer> {
  const { record, signal } = options;
  await makeReady(cluster, options);
  const settings = { recovery_target_action: 'pause', hot_standby: 'on' };
  const server = await startRecovery(cluster, options, settings);
  try {
    await withControl(server, signal, (client) => untilAtMark(client, record, signal));
    return server;
  } catch (error) {
    await server.stop();
    signal.throwIfAborted();
    if (isFailure(error)) throw error;
    throw recoveryFailed(cluster, reasonOf(error), error);
  }
}

/** A replay that pauses elsewhere would do so for ever. */
async function untilAtMark(
  client: Client,
  { mark }: PostgresRecord,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ pause: string; lsn: string }>(
      'SELECT pg_get_wal_replay_pause_state() AS pause, pg_last_wal_replay_lsn()::text AS lsn',
    );
    const { pause, lsn } = rows[0]!;
    if (pause === 'paused') {
      if (isAtMark(parseLsn(lsn), mark)) return;
      throw new Error(`replay stays at ${lsn}, the snapshot's mark is at ${mark.lsn}`);
    }
    await setTimeout(REPLAY_ASKED_EVERY_MS, undefined, { signal });
  }
}

async function makeReady(cluster: Cluster, options: LaidOut): Promise<void> {
  await writeFile(path.join(options.dataDirectory, 'recovery.signal'), '', { mode: 0o600 });
  await cluster.writeServerConfig(options.incarnation);
  await cluster.takeOwnership(path.dirname(options.dataDirectory));
}

async function restoreSequences(
  server: PrivateServer,
  { sequences, signal }: RecoveryOptions,
): Promise<void> {
  for (const { database, values } of sequences) {
    if (values.length === 0) continue;
    const options = { database, applicationName: 'stillpoint recovery', signal };
    await withClient(server, options, (client) => setBackSequences(client, values));
  }
}

function startRecovery(
  cluster: Cluster,
  { incarnation, record, walDirectory, signal }: LaidOut,
  settings: Readonly<Record<string, string>>,
): Promise<PrivateServer> {
  return cluster.startPrivate(incarnation, {
    signal,
    settings: {
      restore_command: restoreCommand(walDirectory),
      recovery_target_name: record.mark.name,
      recovery_target_timeline: String(record.mark.timeline),
      // The files of the base were written and not synced: the server does it once for all of them.
      recovery_init_sync_method: process.platform === 'linux' ? 'syncfs' : 'fsync',
      // The fork's segment must outlive the checkpoint at the end of recovery: the slot is made after it.
      wal_keep_size: '256MB',
      autovacuum: 'off',
      ...settings,
    },
  });
}

/** Run by a shell: the path is quoted for it, and '%' for the server. */
function restoreCommand(walDirectory: string): string {
  const quoted = walDirectory.replaceAll('%', '%%').replaceAll("'", `'\\''`);
  return `cp '${quoted}'/"%f" "%p"`;
}

async function checkReached(client: Client, record: PostgresRecord): Promise<Recovered> {
  const { rows } = await client.query<{ recovering: boolean; timeline: string }>(
    `SELECT pg_is_in_recovery() AS recovering,
            CASE WHEN NOT pg_is_in_recovery() THEN substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline`,
  );
  const { recovering, timeline: hex } = rows[0]!;
  if (recovering) throw new Error('the server opened before its recovery had ended');
  const timeline = Number.parseInt(hex, 16);
  const history = await client.query<{ content: string }>('SELECT pg_read_file($1) AS content', [
    `pg_wal/${historyFileName(timeline)}`,
  ]);
  const last = history.rows[0]!.content.trim().split('\n').at(-1) ?? '';
  const [parent, fork = '', reason = ''] = last.split('\t');
  if (Number(parent) !== record.mark.timeline || !isLsnText(fork)) {
    throw new Error(`the new timeline does not continue timeline ${record.mark.timeline}`);
  }
  const forkLsn = parseLsn(fork);
  if (!isAtMark(forkLsn, record.mark) || !reason.includes(record.mark.name)) {
    throw new Error(
      `recovery ended at ${formatLsn(forkLsn)}, the snapshot's mark is at ${record.mark.lsn}`,
    );
  }
  return { timeline, forkLsn };
}

function isAtMark(lsn: Lsn, mark: PostgresRecord['mark']): boolean {
  const past = bytesBetween(parseLsn(mark.lsn), lsn);
  return past >= 0 && past <= PAGE_HEADER_BYTES;
}

function recoveryFailed(cluster: Cluster, reason: string, cause: unknown): Error {
  return failure(
    'POSTGRES_RECOVERY_FAILED',
    { reason, log: path.join(cluster.root, 'log') },
    cause,
  );
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
