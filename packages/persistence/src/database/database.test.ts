// The law of the database (contract.ts) on each server that it is kept on.
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { sql } from 'drizzle-orm';
import { integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { Database, Transaction } from './contract.ts';
import { openDatabase } from './index.ts';
import { endLite, liteOfTests, openTestDatabase, serverKinds, whyNot } from './testing/index.ts';

after(endLite);

const things = pgTable('things', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: text().notNull().unique(),
  more: jsonb(),
});

const TABLE = `CREATE TABLE things (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
  more jsonb, UNIQUE (name) DEFERRABLE)`;

for (const where of [...serverKinds, 'pglite'] as const) {
  const skip = where === 'pglite' ? false : whyNot(where);
  const open = async (t: TestContext): Promise<Database> => {
    const database =
      where === 'pglite'
        ? await openDatabase({ at: await liteOfTests() })
        : (await openTestDatabase(t, { kind: where })).database;
    await database.query(`DROP TABLE IF EXISTS things; ${TABLE}`);
    return database;
  };
  const names = async (database: Database): Promise<readonly unknown[]> =>
    (await database.query('SELECT name FROM things ORDER BY id')).rows.map(({ name }) => name);
  const add = (transaction: Pick<Transaction, 'query'>, name: string) =>
    transaction.query('INSERT INTO things (name) VALUES ($1)', [name]);

  test(`${where}: values go in and come out alike`, { skip }, async (t) => {
    const database = await open(t);
    const { rows, rowCount } = await database.query(
      `SELECT $1::bytea AS bytes, $2::jsonb AS json, $3::text[] AS list, $4::int8 AS long, $5::timestamptz AS time,
        $6::numeric AS exact, $7::bool AS yes, $8::text AS none, $9::jsonb AS object, ARRAY[1, 2]::int8[] AS longs`,
      [
        Buffer.from([0, 255, 1]),
        Buffer.from('\u0001{"a":[1,"ü"]}'),
        ['a,"', 'b'],
        2n ** 60n,
        new Date(1_700_000_000_123),
        '1.50',
        true,
        undefined,
        { b: null },
      ],
    );
    assert.equal(rowCount, 1);
    assert.deepEqual(rows[0], {
      bytes: Buffer.from([0, 255, 1]),
      json: { a: [1, 'ü'] },
      list: ['a,"', 'b'],
      long: String(2n ** 60n),
      time: new Date(1_700_000_000_123),
      exact: '1.50',
      yes: true,
      none: null,
      object: { b: null },
      longs: ['1', '2'],
    });
    assert.equal(
      (await database.query(`INSERT INTO things (name) VALUES ('a'), ('b')`)).rowCount,
      2,
    );
    assert.equal((await database.query('SET lock_timeout = 0')).rowCount, 0);
    await assert.rejects(database.query('SELECT 1/0'), { code: '22012' });
    // A list of values, even an empty one, means one statement: a second one is somebody's injection.
    await assert.rejects(database.query('SELECT 1; SELECT 2', []), { code: '42601' });
    assert.equal(database.facts.connections, where === 'pglite' ? 'one' : 'many');
    assert.ok(database.facts.extensions.has('plpgsql'));
  });

  test(
    `${where}: a transaction is there as a whole when its body resolves, and not at all when it rejects`,
    { skip },
    async (t) => {
      const database = await open(t);
      const told = await database.transaction(async (transaction) => {
        await add(transaction, 'a');
        return 'done';
      });
      assert.equal(told, 'done');
      const wrong = new Error('the first error');
      await assert.rejects(
        database.transaction(async (transaction) => {
          await add(transaction, 'b');
          await transaction.query('nonsense').catch(() => {});
          throw wrong;
        }),
        wrong,
      );
      assert.deepEqual(await names(database), ['a']);
    },
  );

  test(
    `${where}: a failure that the body swallowed is not taken for success`,
    { skip },
    async (t) => {
      const database = await open(t);
      const swallowing = database.transaction(async (transaction) => {
        await add(transaction, 'a');
        await transaction.query('SELECT 1/0').catch(() => {});
      });
      await assert.rejects(swallowing, (error) => {
        assert.ok(isFailure(error, 'DATABASE_TRANSACTION_ABORTED'), String(error));
        assert.equal((error.cause as { code?: string }).code, '22012');
        return true;
      });
      assert.deepEqual(await names(database), []);
      // A savepoint makes up for it.
      await database.transaction(async (transaction) => {
        await add(transaction, 'a');
        const inner = transaction.drizzle.transaction(async (savepoint) => {
          await savepoint.insert(things).values({ name: 'b' });
          await savepoint.execute(sql`SELECT 1/0`);
        });
        await assert.rejects(inner);
      });
      assert.deepEqual(await names(database), ['a']);
    },
  );

  test(
    `${where}: what the server refuses at the commit is its own error, and nothing is there`,
    { skip },
    async (t) => {
      const database = await open(t);
      const twice = database.transaction(async (transaction) => {
        await transaction.query('SET CONSTRAINTS ALL DEFERRED');
        await add(transaction, 'a');
        await add(transaction, 'a');
      });
      await assert.rejects(twice, { code: '23505' });
      assert.deepEqual(await names(database), []);
      await database.transaction((transaction) => add(transaction, 'a'));
    },
  );

  test(
    `${where}: a transaction that has ended is refused to whoever kept it`,
    { skip },
    async (t) => {
      const database = await open(t);
      let kept: Transaction | undefined;
      await database.transaction(async (transaction) => {
        kept = transaction;
        // Not waited for, and yet part of it.
        void add(transaction, 'a');
      });
      assert.deepEqual(await names(database), ['a']);
      await assert.rejects(add(kept!, 'b'), TypeError);
      await assert.rejects(kept!.drizzle.insert(things).values({ name: 'b' }));
      await assert.rejects(
        kept!.copyIn('COPY things (name) FROM STDIN', [Buffer.from('b\n')]),
        TypeError,
      );
      assert.deepEqual(await names(database), ['a']);
    },
  );

  test(
    `${where}: Drizzle works on the same transaction, and its own transactions are ours`,
    { skip },
    async (t) => {
      const database = await open(t);
      const made = await database.transaction(async (transaction) => {
        await add(transaction, 'a');
        return await transaction.drizzle
          .insert(things)
          .values({ name: 'b', more: ['x', { y: 1 }] })
          .returning();
      });
      assert.deepEqual(
        made.map(({ name, more }) => ({ name, more })),
        [{ name: 'b', more: ['x', { y: 1 }] }],
      );
      await assert.rejects(
        database.drizzle.transaction(async (transaction) => {
          await transaction.insert(things).values({ name: 'c' });
          transaction.rollback();
        }),
      );
      await database.drizzle.transaction((transaction) =>
        transaction.insert(things).values({ name: 'd' }),
      );
      assert.deepEqual(await names(database), ['a', 'b', 'd']);
      const found = await database.drizzle
        .select()
        .from(things)
        .where(sql`name = ${'b'}`);
      assert.deepEqual(found[0]?.more, ['x', { y: 1 }]);
    },
  );

  test(`${where}: isolation and read-only are what was asked for`, { skip }, async (t) => {
    const database = await open(t);
    const told = await database.transaction(
      async (transaction) =>
        (
          await transaction.query(
            `SELECT current_setting('transaction_isolation') AS isolation, current_setting('transaction_read_only') AS read`,
          )
        ).rows[0],
      { isolation: 'repeatable read', readOnly: true },
    );
    assert.deepEqual(told, { isolation: 'repeatable read', read: 'on' });
    await assert.rejects(
      database.transaction((transaction) => add(transaction, 'a'), { readOnly: true }),
      { code: '25006' },
    );
  });

  test(`${where}: COPY in and out, text and binary`, { skip }, async (t) => {
    const database = await open(t);
    const count = 20_000;
    const rows = await database.transaction(async (transaction) => {
      async function* lines(): AsyncGenerator<Uint8Array> {
        for (let n = 0; n < count; n++) yield Buffer.from(`name ${n}\n`);
      }
      return await transaction.copyIn('COPY things (name) FROM STDIN', lines());
    });
    assert.equal(rows, count);
    const again = await database.transaction(async (transaction) => {
      const copied: Uint8Array[] = [];
      for await (const chunk of transaction.copyOut(
        'COPY (SELECT name FROM things) TO STDOUT BINARY',
      ))
        copied.push(chunk);
      await transaction.query('TRUNCATE things');
      return await transaction.copyIn('COPY things (name) FROM STDIN BINARY', copied);
    });
    assert.equal(again, count);
    assert.equal((await names(database)).at(-1), `name ${count - 1}`);
  });

  test(
    `${where}: a COPY that fails is told by its first cause, and the connection goes on`,
    { skip },
    async (t) => {
      const database = await open(t);
      const wrong = new Error('no more rows');
      const failing = database.transaction(async (transaction) => {
        async function* rows(): AsyncGenerator<Uint8Array> {
          yield Buffer.from('a\n');
          throw wrong;
        }
        await transaction.copyIn('COPY things (name) FROM STDIN', rows());
      });
      await assert.rejects(failing, wrong);
      const bad = database.transaction((transaction) =>
        transaction.copyIn('COPY things (id) FROM STDIN', [Buffer.from('x\n'.repeat(100_000))]),
      );
      await assert.rejects(bad, { code: '22P02' });
      const missing = database.transaction((transaction) =>
        transaction.copyIn('COPY nothing FROM STDIN', [Buffer.from('x\n')]),
      );
      await assert.rejects(missing, { code: '42P01' });
      const out = database.transaction(async (transaction) => {
        for await (const _ of transaction.copyOut('COPY nothing TO STDOUT')) assert.fail();
      });
      await assert.rejects(out, { code: '42P01' });
      assert.deepEqual(await names(database), []);
    },
  );

  test(`${where}: a COPY out that is left early does not stand in the way`, { skip }, async (t) => {
    const database = await open(t);
    const many = 'COPY (SELECT repeat(n::text, 1000) FROM generate_series(1, 5000) AS n) TO STDOUT';
    await database.transaction(async (transaction) => {
      for await (const chunk of transaction.copyOut(many)) {
        assert.ok(chunk.length > 0);
        break;
      }
      await add(transaction, 'a');
      const reading = transaction.copyOut(many)[Symbol.asyncIterator]();
      await reading.next();
      await assert.rejects(add(transaction, 'b'), TypeError);
      // Left half-read: the end of the transaction sees to it.
    });
    assert.deepEqual(await names(database), ['a']);
  });

  test(
    `${where}: a signal that came before, or between two statements, ends the transaction`,
    { skip },
    async (t) => {
      const database = await open(t);
      const gone = AbortSignal.abort(new Error('too late'));
      await assert.rejects(
        database.transaction(() => assert.fail(), { signal: gone }),
        { message: 'too late' },
      );
      const between = new AbortController();
      const stopped = database.transaction(
        async (transaction) => {
          await add(transaction, 'a');
          between.abort(new Error('stop'));
          await add(transaction, 'b');
        },
        { signal: between.signal },
      );
      await assert.rejects(stopped, { message: 'stop' });
      assert.deepEqual(await names(database), []);
    },
  );

  test(`${where}: many at once, each in a transaction of its own`, { skip }, async (t) => {
    const database = await open(t);
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        database
          .transaction(async (transaction) => {
            await add(transaction, `n${n}`);
            if (n % 4 === 0) throw new Error('not this one');
          })
          .catch(() => {}),
      ),
    );
    assert.equal((await names(database)).length, 30);
  });
}

test('PGlite: one connection is said, and waiting for oneself is refused', async () => {
  const database = await openDatabase({ at: await liteOfTests() });
  const beside = await openDatabase({ at: await liteOfTests() });
  await assert.rejects(database.session('worker'), { code: 'DATABASE_ONE_CONNECTION' });
  await database.transaction(async (transaction) => {
    await assert.rejects(database.query('SELECT 1'), TypeError);
    await assert.rejects(
      database.transaction(async () => {}),
      TypeError,
    );
    // Of the same PGlite, whoever opened it.
    const other = await openDatabase({ at: await liteOfTests() }).catch((error: unknown) => error);
    assert.ok(other instanceof TypeError, String(other));
    await assert.rejects(beside.query('SELECT 1'), TypeError);
    await transaction.query('SELECT 1');
  });
  // What was begun inside and goes on after it is somebody else's.
  let later: Promise<unknown> | undefined;
  await database.transaction(async () => {
    later = new Promise<void>((resolve) => setImmediate(resolve)).then(async () => {});
  });
  await later;
  await database.query('SELECT 1');
  await assert.rejects(openDatabase({ at: {} }), TypeError);
});
