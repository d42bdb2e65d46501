// Every server that traces are tested on, with the part installed: as its owner, and as the application.
import { after, type TestContext } from 'node:test';
import { appRoleName, installChambers } from '../../chambers/index.ts';
import type { Database, OpenDatabaseOptions } from '../../database/contract.ts';
import { openDatabase } from '../../database/index.ts';
import {
  endLite,
  liteOfTests,
  serverKinds,
  serverOfTests,
  whyNot,
  type TestServer,
} from '../../database/testing/index.ts';
import { tracesPart } from '../part.ts';

after(endLite);

export const places = [...serverKinds, 'pglite'] as const;
export type Place = (typeof places)[number];

export interface Opened {
  readonly owner: Database;
  /** As the application sees it. */
  readonly database: Database;
  readonly at: string | object;
  readonly role: string;
}

export function whyNotAt(place: Place): string | false {
  return place === 'pglite' ? false : whyNot(place);
}

export async function openAt(
  t: TestContext,
  place: Place = 'embedded-18',
  { server, ...options }: Omit<OpenDatabaseOptions, 'at'> & { readonly server?: TestServer } = {},
): Promise<Opened> {
  const at =
    place === 'pglite'
      ? await freshLite()
      : await (server ?? (await serverOfTests(place))).createDatabase();
  const owner = await openDatabase({ at });
  t.after(() => owner[Symbol.asyncDispose]());
  await owner.transaction((transaction) => installChambers(transaction, [tracesPart], owner.facts));
  const role = appRoleName(owner.facts.database);
  const database = await openDatabase({ ...options, at, role });
  t.after(() => database[Symbol.asyncDispose]());
  return { owner, database, at, role };
}

async function freshLite(): Promise<object> {
  const fresh = await liteOfTests();
  await fresh.exec('DROP SCHEMA IF EXISTS traces, vectors, queue, verbatim, stillpoint CASCADE');
  return fresh;
}
