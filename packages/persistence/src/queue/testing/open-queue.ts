// A queue on a fresh database of a real server, closed when the test ends. It runs as the application's role, which owns nothing.
import type { TestContext } from 'node:test';
import { appRoleName, installChambers } from '../../chambers/index.ts';
import type { Database } from '../../database/contract.ts';
import { openDatabase } from '../../database/index.ts';
import { serverOfTests, type ServerKind, type TestServer } from '../../database/testing/index.ts';
import type { Queue } from '../contract.ts';
import { queuePart } from '../part.ts';
import { createQueue } from '../queue.ts';

export interface TestQueue {
  readonly queue: Queue;
  /** As the application sees it. */
  readonly database: Database;
  /** Of the owner. */
  readonly url: string;
  readonly server: TestServer;
  /** What went wrong beside the callers. */
  readonly errors: unknown[];
}

export async function openTestQueue(
  t: TestContext,
  { kind = 'embedded-18' }: { readonly kind?: ServerKind } = {},
): Promise<TestQueue> {
  const server = await serverOfTests(kind);
  const url = await server.createDatabase();
  const { role } = await installQueue(url);
  const database = await openDatabase({ at: url, role });
  const errors: unknown[] = [];
  const queue = await createQueue(database, { onError: (error) => void errors.push(error) });
  t.after(async () => {
    await queue[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  return { queue, database, url, server, errors };
}

/** As its owner: the queue's tables, and one for effects. Resolves to the application's role. */
export async function installQueue(at: string | object): Promise<{ readonly role: string }> {
  await using database = await openDatabase({ at });
  await database.transaction(async (transaction) => {
    await transaction.query(
      'CREATE TABLE effects (job uuid NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp())',
    );
    await installChambers(transaction, [queuePart], database.facts);
  });
  return { role: appRoleName(database.facts.database) };
}
