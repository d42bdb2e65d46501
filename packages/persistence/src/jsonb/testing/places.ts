// The servers that each of this room's tests runs on: two of Postgres, and PGlite, which is one for a test file and emptied.
import { after, type TestContext } from 'node:test';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import type { Database } from '../../database/contract.ts';
import { openDatabase } from '../../database/index.ts';
import { openTestDatabase, serverKinds, whyNot } from '../../database/testing/index.ts';

export const places = [...serverKinds, 'pglite'] as const;
export type PlaceKind = (typeof places)[number];

let made: PGlite | undefined;
after(() => made?.close());

/** One for a test file, however often it is emptied. */
export function lite(): PGlite {
  return (made ??= new PGlite({ extensions: { vector } }));
}

export function whyNotHere(where: PlaceKind): string | false {
  return where === 'pglite' ? false : whyNot(where);
}

/** An empty database; it may have been used before. */
export async function openPlace(t: TestContext, where: PlaceKind): Promise<Database> {
  if (where !== 'pglite') return (await openTestDatabase(t, { kind: where })).database;
  await lite().exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  return await openDatabase({ at: lite() });
}
