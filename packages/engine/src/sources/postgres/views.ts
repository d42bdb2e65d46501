// What the gate and `diff` see of a managed cluster: the live one, or a captured state recovered into an incarnation of its
// own on a private server. That incarnation is marked as one to be looked at. It is dropped when the set is disposed of; one
// that a killed process left is dropped, with its server, by the next look or snapshot, or like any prepared one by a restore.
// The caller holds the project's lease: a restore that ends would drop the incarnation under the reader.
import { failure, newUuid, type Clock, type Json } from '@stillpoint/core';
import type { Client } from 'pg';
import type { DatabaseAccess, DatabaseSet, DatabaseView, PrepareOptions } from '../contract.ts';
import { listLockableDatabases } from './advisory-lock.ts';
import type { Cluster } from './cluster/contract.ts';
import { readNote } from './incarnation.ts';
import { prepare } from './prepare.ts';
import { withControl, type Connectable } from './session.ts';
import { createPostgresView } from './view/index.ts';

export interface DatabaseAccessOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
}

/** Incarnations that this process looks at. */
const inUse = new Set<string>();

export function createDatabaseAccess({ cluster, clock }: DatabaseAccessOptions): DatabaseAccess {
  return {
    async live(signal) {
      if ((await cluster.status()).state === 'absent') throw failure('POSTGRES_NOT_CREATED', {});
      await cluster.start(signal);
      return openSet(cluster, { signal, writable: true });
    },
    async captured(record, options) {
      await dropLeftoverViews(cluster);
      return openCaptured({ cluster, clock }, record, options);
    },
  };
}

async function openCaptured(
  { cluster, clock }: DatabaseAccessOptions,
  record: Json,
  options: PrepareOptions,
): Promise<DatabaseSet> {
  await using stack = new AsyncDisposableStack();
  const incarnation = newUuid();
  inUse.add(incarnation);
  stack.defer(() => void inUse.delete(incarnation));
  await prepare({ cluster, clock, viewAs: incarnation }, record, options);
  stack.defer(() => cluster.dropIncarnation(incarnation));
  const { signal } = options;
  const settings = { autovacuum: 'off', default_transaction_read_only: 'on' };
  const server = stack.use(await cluster.startPrivate(incarnation, { settings, signal }));
  const { databases } = stack.use(await openSet(server, { signal, writable: false }));
  const opened = stack.move();
  return { databases, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function openSet(
  server: Connectable,
  { signal, writable }: { readonly signal: AbortSignal; readonly writable: boolean },
): Promise<DatabaseSet> {
  await using stack = new AsyncDisposableStack();
  const databases: DatabaseView[] = [];
  for (const database of await withControl(server, signal, listLockableDatabases)) {
    const connect = (): Promise<Client> =>
      server.connect({ database, applicationName: 'stillpoint view', signal });
    const client = await connect();
    client.on('error', () => {});
    const abort = (): void => void client.connection.stream.destroy();
    signal.addEventListener('abort', abort, { once: true });
    stack.defer(async () => {
      signal.removeEventListener('abort', abort);
      await client.end().catch(() => {});
    });
    databases.push(
      createPostgresView(writable ? { client, database, connect } : { client, database }),
    );
  }
  const opened = stack.move();
  return { databases, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Idempotent. */
export async function dropLeftoverViews(cluster: Cluster): Promise<void> {
  const { incarnation: current } = await cluster.status();
  for (const incarnation of await cluster.listIncarnations()) {
    if (incarnation === current || inUse.has(incarnation)) continue;
    const note = await readNote(cluster, incarnation, 'prepared');
    if (note?.view === true) await cluster.dropIncarnation(incarnation);
  }
}
