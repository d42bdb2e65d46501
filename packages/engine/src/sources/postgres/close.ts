// Closing the live cluster so that no writer is left, and so that the closed data is a place to go back to.
// Order: no new connections, the old ones ended, the freeze still held, the note for undo, a clean stop. Before the note
// nothing is decided: a lost freeze opens the cluster again.
import { failure, type Clock } from '@stillpoint/core';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from 'pg';
import type { CloseOptions } from '../contract.ts';
import type { Cluster } from './cluster/contract.ts';
import { writeNote } from './incarnation.ts';

const CLIENTS_GONE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 10;

/** Ours are those that call themselves so and are superusers: an application cannot pass for one by its name alone. */
const OTHERS = `SELECT a.pid, a.application_name AS name FROM pg_stat_activity a JOIN pg_roles r ON r.rolname = a.usename
  WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
    AND NOT (r.rolsuper AND a.application_name LIKE 'stillpoint%')`;

export async function closeCluster(
  cluster: Cluster,
  clock: Clock,
  { verifyHeld, undo }: CloseOptions,
): Promise<void> {
  const { state } = await cluster.status();
  const incarnation = await cluster.currentIncarnation();
  try {
    if (state === 'running' || state === 'starting') await endOthers(cluster);
    await verifyHeld();
  } catch (error) {
    // No new connections are accepted any more, so the server has to be started anew.
    await cluster.stop();
    await cluster.start(new AbortController().signal);
    throw error;
  }
  await writeNote(cluster, incarnation, 'retired', {
    snapshot: undo,
    retiredAt: clock.now().toISOString(),
  });
  await cluster.stop();
}

async function endOthers(cluster: Cluster): Promise<void> {
  const client = await cluster.connect({ applicationName: 'stillpoint close' });
  client.on('error', () => {});
  try {
    await cluster.refuseNewConnections();
    await terminateOthers(client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function terminateOthers(client: Client): Promise<void> {
  const deadline = performance.now() + CLIENTS_GONE_WITHIN_MS;
  for (;;) {
    const { rows } = await client.query<{ name: string }>(
      `SELECT name, pg_terminate_backend(pid) FROM (${OTHERS}) AS others`,
    );
    if (rows.length === 0) return;
    if (performance.now() > deadline) {
      const clients = [...new Set(rows.map(({ name }) => name || 'unnamed'))].join(', ');
      throw failure('POSTGRES_CLIENTS_REMAIN', { clients });
    }
    await delay(LOOK_EVERY_MS);
  }
}
