// The servers that each of this room's tests runs on: two of Postgres, and PGlite, which is one for a test file and emptied.
import { after, type TestContext } from 'node:test';
import type { Database } from '../../database/contract.ts';
import { openDatabase } from '../../database/index.ts';
import {
  endLite,
  liteOfTests,
  openTestDatabase,
  serverKinds,
  whyNot,
} from '../../database/testing/index.ts';

after(endLite);

export const places = [...serverKinds, 'pglite'] as const;
export type PlaceKind = (typeof places)[number];

export function whyNotHere(where: PlaceKind): string | false {
  return where === 'pglite' ? false : whyNot(where);
}

/** An empty database; it may have been used before. */
export async function openPlace(t: TestContext, where: PlaceKind): Promise<Database> {
  if (where !== 'pglite') return (await openTestDatabase(t, { kind: where })).database;
  const lite = await liteOfTests();
  await lite.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  return await openDatabase({ at: lite });
}
