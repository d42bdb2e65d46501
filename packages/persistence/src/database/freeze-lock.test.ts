// Whoever writes waits for the end of a freeze, however it is written; whoever reads does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'drizzle-orm';
import { pgTable, text } from 'drizzle-orm/pg-core';
import type { Database } from './contract.ts';
import { DEFAULT_FREEZE_LOCK_KEY } from './index.ts';
import { openTestDatabase, until, whyNot } from './testing/index.ts';
import { writesRows } from './writes.ts';

const things = pgTable('things', { name: text().notNull() });

const writes: Readonly<Record<string, (database: Database) => Promise<unknown>>> = {
  'query(INSERT)': (database) => database.query(`INSERT INTO things VALUES ('x')`),
  'query(WITH ... DELETE)': (database) =>
    database.query('WITH gone AS (DELETE FROM things RETURNING 1) SELECT * FROM gone'),
  'drizzle.insert()': (database) => database.drizzle.insert(things).values({ name: 'x' }),
  'drizzle.update()': (database) => database.drizzle.update(things).set({ name: 'y' }),
  'drizzle.delete()': (database) => database.drizzle.delete(things),
  'drizzle.execute()': (database) =>
    database.drizzle.execute(sql`INSERT INTO things VALUES (${'x'})`),
};

test(
  'a single statement that writes waits for a freeze, by query() and by Drizzle; reading does not',
  { skip: whyNot('embedded-18') },
  async (t) => {
    const { database } = await openTestDatabase(t);
    await database.query('CREATE TABLE things (name text NOT NULL)');
    await database.query(`INSERT INTO things VALUES ('old')`);
    for (const [name, write] of Object.entries(writes)) {
      const freezer = await database.session('freezer');
      const key = String(DEFAULT_FREEZE_LOCK_KEY);
      await freezer.query('SELECT pg_advisory_lock($1::bigint)', [key]);
      let done = false;
      const writing = write(database).then(() => (done = true));
      await until(async () => {
        const { rows } = await freezer.query(
          `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        return rows.length > 0 || done;
      });
      assert.equal(done, false, `${name} did not wait`);
      await database.query('SELECT FROM things');
      await database.drizzle.select().from(things);
      await freezer[Symbol.asyncDispose]();
      await writing;
    }
  },
);

test('what writes is told from what reads', () => {
  for (const text of [
    'insert into t values (1)',
    '  -- why\n/* and how */ UPDATE t SET a = 1',
    'DELETE FROM t',
    'MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE',
    'TRUNCATE t',
    'WITH a AS (SELECT 1) INSERT\n INTO t SELECT * FROM a',
    'EXPLAIN ANALYZE DELETE FROM t',
  ])
    assert.ok(writesRows(text), text);
  for (const text of [
    'SELECT 1',
    `SELECT 'insert into t'`,
    'WITH a AS (SELECT 1) SELECT * FROM a',
    'VACUUM t',
    'CREATE INDEX CONCURRENTLY i ON t (a)',
    'updates',
    '',
  ])
    assert.ok(!writesRows(text), text);
});
