// What the compiler infers from a model on the shared base, without an annotation. Wrong types here fail `npm run types`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgSchema, pgTable, text } from 'drizzle-orm/pg-core';
import { defineExtension, uuidBase } from './index.ts';

/** True only when each is the other, `any` being nothing but itself. */
type Same<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? 0 extends 1 & A
      ? false
      : true
    : false
  : false;
const sameType = <A, B>(same: Same<A, B>): void => assert.equal(same, true);

const notes = pgTable('notes', { ...uuidBase, title: text().notNull(), stars: integer() });
const ants = pgSchema('vectors').table('ants', {
  ...uuidBase,
  note: text().references(() => notes.id),
});

test('rows and inserts of a model are inferred', () => {
  interface Row {
    id: string;
    created: Date;
    updated: Date;
    version: number;
    title: string;
    stars: number | null;
  }
  sameType<typeof notes.$inferSelect, Row>(true);
  sameType<typeof ants.$inferSelect.id, string>(true);
  const least: typeof notes.$inferInsert = { title: 'x' };
  // @ts-expect-error title is NOT NULL without a default
  const nothing: typeof notes.$inferInsert = {};
  assert.ok(least !== nothing);
});

test('a query of models is inferred', () => {
  const database = drizzle.mock();
  const query = database.select({ id: notes.id, stars: notes.stars }).from(notes);
  sameType<Awaited<typeof query>, { id: string; stars: number | null }[]>(true);
});

test('an extension keeps the types of what it is given', () => {
  const extension = defineExtension({
    name: 'notes',
    models: [notes, ants],
    renames: [{ kind: 'column', table: 'notes', from: 'a', to: 'title' }],
    setup: (context) => {
      sameType<typeof context.owner, string>(true);
      context.registerModel(notes);
    },
  });
  sameType<typeof extension.name, 'notes'>(true);
  // @ts-expect-error a column's rename needs its table
  defineExtension({ name: 'notes', renames: [{ kind: 'column', from: 'a', to: 'b' }] });
});
