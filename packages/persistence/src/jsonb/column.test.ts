// The column type in Drizzle's models: what goes in comes out, bound in binary, and the compiler knows what it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eq, sql } from 'drizzle-orm';
import { integer, jsonb as drizzles, pgTable } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import { encodeJson, jsonb, jsonBytes, jsonbOf, jsonbParameter, jsonbText } from './index.ts';
import * as models from '../models.ts';
import { openTestDatabase, serverKinds, whyNot } from '../database/testing/index.ts';
import { randomFrom, randomJson } from './testing/random-json.ts';

interface Plan {
  readonly goal: string;
  readonly steps: readonly string[];
}

const toolSchema = z.object({ name: z.string(), arguments: z.array(z.number()).optional() });

const runs = pgTable('runs', {
  id: integer().primaryKey(),
  plan: jsonb<Plan>().notNull(),
  tool: jsonbOf(toolSchema),
  anything: jsonb('any_thing'),
  list: jsonb<readonly string[]>(),
});

const create = `CREATE TABLE runs (id int PRIMARY KEY, plan jsonb NOT NULL, tool jsonb, any_thing jsonb, list jsonb)`;

/** True only when each is the other, `any` being nothing but itself. */
type Same<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? 0 extends 1 & A
      ? false
      : true
    : false
  : false;
const sameType = <A, B>(same: Same<A, B>): void => assert.equal(same, true);

test('types are inferred from a generic and from a schema', () => {
  type Row = typeof runs.$inferSelect;
  sameType<Row['plan'], Plan>(true);
  sameType<Row['tool'], { name: string; arguments?: number[] | undefined } | null>(true);
  sameType<Row['list'], readonly string[] | null>(true);
  // @ts-expect-error steps is missing
  const wrong: typeof runs.$inferInsert = { id: 1, plan: { goal: 'x' } };
  assert.ok(wrong);
});

test('models have this column instead of the one of Drizzle, which it can stand for', () => {
  assert.equal(models.jsonb, jsonb);
  const plans = pgTable('plans', {
    plan: models.jsonb().$type<Plan>().notNull().default({ goal: '', steps: [] }),
  });
  sameType<typeof plans.$inferSelect, { plan: Plan }>(true);
  sameType<typeof plans.$inferInsert, { plan?: Plan | undefined }>(true);
});

test('the schema of the model says jsonb, whatever is in it', () => {
  assert.equal(runs.plan.getSQLType(), 'jsonb');
  assert.equal(runs.anything.name, 'any_thing');
});

for (const where of serverKinds) {
  const skip = whyNot(where);

  test(
    `${where}: documents go in and out by insert, update, where and as bytes`,
    { skip },
    async (t) => {
      const { database } = await openTestDatabase(t, { kind: where });
      await database.query(create);
      const plan: Plan = { goal: 'é 😀', steps: ['a', 'b'] };
      await database.transaction(async ({ drizzle }) => {
        await drizzle.insert(runs).values([
          { id: 1, plan, tool: { name: 't', arguments: [1.5] }, list: ['{}', 'x'] },
          { id: 2, plan, tool: null, anything: 'text', list: [] },
        ]);
        // Serialized elsewhere, and never parsed here.
        const bytes = jsonBytes(
          Buffer.from('{"goal":"bytes","steps":[],"n":12345678901234567890}'),
        );
        await drizzle
          .insert(runs)
          .values({ id: 3, plan: jsonbParameter(bytes), anything: encodeJson(null) });
        await drizzle
          .update(runs)
          .set({ anything: [1, null] })
          .where(eq(runs.plan, plan));
      });
      const found = await database.drizzle.select().from(runs).orderBy(runs.id);
      assert.deepEqual(found.slice(0, 2), [
        {
          id: 1,
          plan,
          tool: { name: 't', arguments: [1.5] },
          anything: [1, null],
          list: ['{}', 'x'],
        },
        { id: 2, plan, tool: null, anything: [1, null], list: [] },
      ]);
      const [text] = await database.drizzle
        .select({ plan: jsonbText(runs.plan), kind: sql<string>`jsonb_typeof(${runs.anything})` })
        .from(runs)
        .where(eq(runs.id, 3));
      assert.equal(text?.plan, '{"n": 12345678901234567890, "goal": "bytes", "steps": []}');
      assert.equal(text.kind, 'null', 'the null of JSON is none of SQL');
      await assert.rejects(
        database.drizzle.insert(runs).values({ id: 4, plan, anything: Number.NaN }),
        (error: Error) =>
          /JSONB_NOT_JSON/.test(
            `${(error as { code?: string }).code} ${String((error.cause as { code?: string } | undefined)?.code)}`,
          ),
      );
    },
  );

  test(
    `${where}: what is stored is what the column of Drizzle stores, in arrays, too`,
    { skip },
    async (t) => {
      const { database } = await openTestDatabase(t, { kind: where });
      await database.query('CREATE TABLE t (id int, doc jsonb, list jsonb[], deep jsonb[][])');
      const ours = pgTable('t', {
        id: integer(),
        doc: jsonb(),
        list: jsonb().array(),
        deep: jsonb().array('[][]'),
      });
      const theirs = pgTable('t', {
        id: integer(),
        doc: drizzles(),
        list: drizzles().array(),
        deep: drizzles().array('[][]'),
      });
      const docs = [
        { a: 'x"y\\' },
        [],
        [1, { b: null }],
        'text',
        '"',
        '{}',
        'a,b',
        1e21,
        true,
        null,
      ];
      const values = docs.map((doc, id) => ({ id, doc, list: [doc ?? 0, 1], deep: [[doc ?? 0]] }));
      const stored = async (): Promise<unknown> => {
        const { rows } = await database.query(
          'DELETE FROM t RETURNING id, doc::text, list::text, deep::text',
        );
        return rows;
      };
      await database.drizzle.insert(ours).values(values);
      const [found, read] = [
        await database.drizzle.select().from(ours),
        await database.drizzle.select().from(theirs),
      ];
      assert.deepEqual(found, values);
      assert.deepEqual(found, read);
      for (const [id, doc] of docs.entries())
        if (doc !== null)
          assert.deepEqual(
            await database.drizzle.select({ id: ours.id }).from(ours).where(eq(ours.doc, doc)),
            [{ id }],
          );
      const byOurs = await stored();
      await database.drizzle.insert(theirs).values(values);
      assert.deepEqual(byOurs, await stored());
      // The null of an array is NULL, as that of a column.
      await database.drizzle.insert(ours).values({ id: 1, list: [null] });
      assert.deepEqual(await stored(), [{ id: 1, doc: null, list: '{NULL}', deep: null }]);
    },
  );

  test(`${where}: any value comes back through the column`, { skip }, async (t) => {
    const { database } = await openTestDatabase(t, { kind: where });
    await database.query(create);
    const random = randomFrom(7);
    const values = Array.from({ length: 100 }, () => randomJson(random) ?? 0);
    const plan = { goal: '', steps: [] };
    await database.drizzle
      .insert(runs)
      .values(values.map((anything, id) => ({ id, plan, anything })));
    const found = await database.drizzle.select({ it: runs.anything }).from(runs).orderBy(runs.id);
    assert.deepEqual(
      found.map(({ it }) => it),
      values,
    );
  });
}
