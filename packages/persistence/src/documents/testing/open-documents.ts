// State documents on a fresh database of each server, as the application's role sees them.
import { after, type TestContext } from 'node:test';
import { appRoleName, installChambers } from '../../chambers/index.ts';
import type { Database } from '../../database/contract.ts';
import { openDatabase } from '../../database/index.ts';
import {
  endLite,
  liteOfTests,
  serverKinds,
  serverOfTests,
  whyNot,
  type TestServer,
} from '../../database/testing/index.ts';
import { createDocuments, documentsPart, type Documents } from '../index.ts';

after(endLite);

export const places = [...serverKinds, 'pglite'] as const;
export type PlaceKind = (typeof places)[number];

export const whyNotHere = (where: PlaceKind): string | false =>
  where === 'pglite' ? false : whyNot(where);

export interface TestDocuments {
  readonly documents: Documents;
  /** As the application. */
  readonly database: Database;
  /** Of the owner. */
  readonly at: string | object;
  readonly role: string;
  /** That of PGlite has none. */
  readonly server: TestServer | undefined;
}

export async function openDocuments(
  t: TestContext,
  where: PlaceKind = 'embedded-18',
): Promise<TestDocuments> {
  const server = where === 'pglite' ? undefined : await serverOfTests(where);
  const at = (await server?.createDatabase()) ?? (await emptyLite());
  const role = await installDocuments(at);
  const database = await openDatabase({ at, role });
  t.after(() => database[Symbol.asyncDispose]());
  return { documents: await createDocuments(database), database, at, role, server };
}

/** With a table for what is written beside. Resolves to the application's role. */
export async function installDocuments(at: string | object): Promise<string> {
  await using owner = await openDatabase({ at });
  const role = appRoleName(owner.facts.database);
  await owner.transaction(async (transaction) => {
    await transaction.query(
      'CREATE TABLE public.steps (run text NOT NULL, version int NOT NULL, PRIMARY KEY (run, version))',
    );
    await installChambers(transaction, [documentsPart], owner.facts);
  });
  return role;
}

async function emptyLite(): Promise<object> {
  const lite = await liteOfTests();
  await lite.exec(`DROP SCHEMA IF EXISTS stillpoint, vectors, traces, queue, verbatim CASCADE;
    DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC`);
  return lite;
}
