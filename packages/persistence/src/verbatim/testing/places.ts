// Every server that facts and memory are tested on, each with the parts of both installed: as its owner, and as the application.
import { after, type TestContext } from 'node:test';
import { appRoleName, installChambers, type ChamberPart } from '../../chambers/index.ts';
import type { Database } from '../../database/contract.ts';
import { openDatabase } from '../../database/index.ts';
import {
  endLite,
  liteOfTests,
  serverKinds,
  serverOfTests,
  whyNot,
} from '../../database/testing/index.ts';

after(endLite);

/** PGlite carries pgvector; the servers have what the machine offers. */
export const places = [...serverKinds, 'pglite'] as const;
export type Place = (typeof places)[number];

export interface Opened {
  readonly owner: Database;
  /** As the application sees it. */
  readonly database: Database;
}

export function whyNotAt(place: Place): string | false {
  return place === 'pglite' ? false : whyNot(place);
}

export async function openAt(
  t: TestContext,
  place: Place,
  parts: readonly ChamberPart[],
): Promise<Opened> {
  const at =
    place === 'pglite' ? await emptyLite() : await (await serverOfTests(place)).createDatabase();
  const owner = await openDatabase({ at });
  t.after(() => owner[Symbol.asyncDispose]());
  await owner.transaction((transaction) => installChambers(transaction, parts, owner.facts));
  const database = await openDatabase({ at, role: appRoleName(owner.facts.database) });
  t.after(() => database[Symbol.asyncDispose]());
  return { owner, database };
}

/** One for a file, since it takes seconds to start, emptied each time. */
async function emptyLite(): Promise<object> {
  const lite = await liteOfTests();
  for (const schema of ['stillpoint', 'vectors', 'traces', 'queue', 'verbatim', 'public'])
    await lite.exec(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await lite.exec('CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC');
  return lite;
}
