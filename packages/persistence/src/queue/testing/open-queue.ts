// A queue on a fresh database of a real server, closed when the test ends.
import type { TestContext } from 'node:test';
import type { Database } from '../../database/contract.ts';
import {
  openTestDatabase,
  type ServerKind,
  type TestServer,
} from '../../database/testing/index.ts';
import type { Queue } from '../contract.ts';
import { queuePart } from '../part.ts';
import { createQueue } from '../queue.ts';

export interface TestQueue {
  readonly queue: Queue;
  readonly database: Database;
  readonly url: string;
  readonly server: TestServer;
  /** What went wrong beside the callers. */
  readonly errors: unknown[];
}

export async function openTestQueue(
  t: TestContext,
  { kind = 'embedded-18' }: { readonly kind?: ServerKind } = {},
): Promise<TestQueue> {
  const { database, url, server } = await openTestDatabase(t, { kind });
  await installQueue(database);
  const errors: unknown[] = [];
  const queue = await createQueue(database, { onError: (error) => void errors.push(error) });
  t.after(() => queue[Symbol.asyncDispose]());
  return { queue, database, url, server, errors };
}

export async function installQueue(database: Database): Promise<void> {
  await database.transaction(async (transaction) => {
    await transaction.query('CREATE SCHEMA queue');
    const facts = { ...database.facts, appRole: 'public' };
    for (const step of queuePart.steps)
      for (const text of step(facts)) await transaction.query(text);
    await transaction.query(
      'CREATE TABLE effects (job uuid NOT NULL, worker int NOT NULL DEFAULT pg_backend_pid(), at timestamptz NOT NULL DEFAULT clock_timestamp())',
    );
  });
}
