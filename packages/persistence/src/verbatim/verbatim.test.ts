// Facts on each server: stated, corrected, found, and never changed, whoever tries.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkChambers } from '../chambers/index.ts';
import { encodeJson } from '../jsonb/index.ts';
import { createVerbatim, verbatimPart } from './index.ts';
import { openAt, places, whyNotAt } from './testing/places.ts';

const by = (found: readonly { by: string; name: string; fact: { value: unknown } }[]): unknown =>
  found.map(({ by: how, name, fact }) => [how, name, fact.value]);

for (const place of places) {
  test(`${place}: facts`, { skip: whyNotAt(place) }, async (t) => {
    const { owner, database } = await openAt(t, place, [verbatimPart]);
    const verbatim = await createVerbatim(database);
    const height = await verbatim.state({
      key: 'Height of Straße 7',
      value: { metres: 12 },
      source: 'survey',
      aliases: ['S7 height'],
    });

    await t.test('what the part expects is so', async () => {
      assert.deepEqual(await checkChambers(owner, [verbatimPart]), []);
    });

    await t.test('UPDATE, DELETE and TRUNCATE are refused, to the owner too', async () => {
      for (const table of ['verbatim.facts', 'verbatim.aliases'])
        for (const sql of [
          `UPDATE ${table} SET folded = folded`,
          `UPDATE ${table} SET folded = folded WHERE false`,
          `DELETE FROM ${table}`,
          `TRUNCATE ${table} CASCADE`,
        ]) {
          await assert.rejects(database.query(sql), { code: '42501' }, sql);
          await assert.rejects(owner.query(sql), { code: '23001' }, sql);
        }
      await assert.rejects(
        owner.query(`INSERT INTO verbatim.facts (key, folded, value, source) VALUES ('h', 'height of strasse 7', '1', 's')
          ON CONFLICT (folded, revision) DO UPDATE SET value = excluded.value`),
        { code: '23001' },
      );
      assert.equal((await verbatim.history('height of strasse 7')).length, 1);
    });

    await t.test(
      'rows are not changed by way of a table that they inherit from either',
      async () => {
        await owner.query('CREATE TABLE verbatim.parent (value jsonb)');
        await owner.query('ALTER TABLE verbatim.facts INHERIT verbatim.parent');
        for (const sql of [`UPDATE verbatim.parent SET value = '0'`, 'DELETE FROM verbatim.parent'])
          await assert.rejects(owner.query(sql), { code: '23001' }, sql);
        await assert.rejects(owner.query('TRUNCATE verbatim.parent CASCADE'), { code: '23001' });
        await owner.query('ALTER TABLE verbatim.facts NO INHERIT verbatim.parent');
        await owner.query('DROP TABLE verbatim.parent');
      },
    );

    await t.test('a key is stated once, in whatever spelling', async () => {
      const again = { key: 'HEIGHT  of STRASSE 7', value: 1, source: 's' };
      await assert.rejects(verbatim.state(again), { code: 'FACT_EXISTS' });
      for (const key of ['', ' \u00AD ', 'x'.repeat(1025), 'a\0b', 'a\uD800'])
        await assert.rejects(verbatim.state({ key, value: 1, source: 's' }), {
          code: 'FACT_KEY_INVALID',
        });
    });

    await t.test('a correction supersedes, once; history and the past stay', async () => {
      const first = await verbatim.state({ key: 'capital', value: 'Bonn', source: 'law' });
      const second = await verbatim.correct(first.id, { value: 'Berlin', source: 'new law' });
      assert.equal(second.supersedes, first.id);
      assert.ok(second.statedAt >= first.statedAt);
      await assert.rejects(verbatim.correct(first.id, { value: 'Kiel', source: 'x' }), {
        code: 'FACT_SUPERSEDED',
      });
      await assert.rejects(
        verbatim.correct(second.id.replace(/^./, 'f'), { value: 1, source: 'x' }),
        {
          code: 'FACT_UNKNOWN',
        },
      );
      assert.deepEqual(by(await verbatim.exact('Capital')), [['exact', 'capital', 'Berlin']]);
      assert.deepEqual(
        (await verbatim.history('CAPITAL')).map(({ value, revision }) => [value, revision]),
        [
          ['Berlin', 2],
          ['Bonn', 1],
        ],
      );
      // The bug that was here: a Date has no microseconds, and a fact was not found as of its own time.
      const past = await verbatim.ask('What is the capital?', { asOf: second.statedAt });
      assert.deepEqual(by(past), [['inside', 'capital', 'Berlin']]);
      const before = new Date(first.statedAt.getTime() - 1);
      assert.deepEqual(await verbatim.exact('capital', { asOf: before }), []);
    });

    await t.test('a chain has no fork and no foreign link, in raw SQL either', async () => {
      const raw = `INSERT INTO verbatim.facts (key, folded, value, source, revision, supersedes)`;
      for (const [values, code] of [
        [`VALUES ('x', 'x', '1', 's', 2, '${height.id}')`, '23503'],
        [`VALUES ('x', 'height of strasse 7', '1', 's', 3, '${height.id}')`, '23503'],
        [`VALUES ('x', 'x', '1', 's', 2, NULL)`, '23514'],
        [`VALUES ('x', 'capital', '1', 's', 1, NULL)`, '23505'],
      ] as const)
        await assert.rejects(database.query(`${raw} ${values}`), { code }, values);
    });

    await t.test('a date that is given is not believed: the server says when', async () => {
      await database.query(
        `INSERT INTO verbatim.facts (key, folded, value, source, stated_at) VALUES ('old', 'old', '1', 's', '1999-01-01')`,
      );
      const [fact] = await verbatim.history('old');
      assert.ok(fact !== undefined && fact.statedAt.getFullYear() > 2000);
    });

    await t.test(
      'found by key, alias, prefix and inside of a question, the longest first',
      async () => {
        await verbatim.state({ key: 'York', value: 1, source: 's' });
        await verbatim.state({ key: 'New York', value: 2, source: 's', aliases: ['Big Apple'] });
        await verbatim.state({ key: '100%_sure', value: 3, source: 's' });
        await verbatim.alias('york', 'eboracum');
        await verbatim.alias('york', 'Eboracum');
        assert.deepEqual(by(await verbatim.ask('BIG  apple')), [['alias', 'Big Apple', 2]]);
        assert.deepEqual(by(await verbatim.ask('new york')), [['exact', 'New York', 2]]);
        assert.deepEqual(by(await verbatim.ask('From York to New York?')), [
          ['inside', 'New York', 2],
          ['inside', 'York', 1],
        ]);
        assert.deepEqual(by(await verbatim.ask('Is the big apple large?')), [
          ['inside', 'Big Apple', 2],
        ]);
        assert.deepEqual(by(await verbatim.ask('Eboracum')), [['alias', 'eboracum', 1]]);
        assert.deepEqual(by(await verbatim.prefix('NEW')), [['prefix', 'New York', 2]]);
        assert.deepEqual(by(await verbatim.prefix('100%')), [['prefix', '100%_sure', 3]]);
        assert.deepEqual(by(await verbatim.prefix('_')), []);
        assert.deepEqual(by(await verbatim.ask('?')), []);
        await assert.rejects(verbatim.alias('nowhere', 'x'), { code: 'FACT_UNKNOWN' });
        await assert.rejects(verbatim.ask('a '.repeat(2001)), { code: 'FACT_QUESTION_TOO_LONG' });
      },
    );

    await t.test('a zero character in a question parts words, and is no error', async () => {
      assert.deepEqual(by(await verbatim.ask('new\0york')), [['exact', 'New York', 2]]);
      assert.deepEqual(by(await verbatim.exact('new york\0')), [['exact', 'New York', 2]]);
      assert.deepEqual(by(await verbatim.prefix('\0new')), [['prefix', 'New York', 2]]);
      assert.deepEqual(await verbatim.history('\0'), []);
      assert.deepEqual(await verbatim.ask('\0'), []);
      const nowhere = verbatim.correct('no id', { value: 1, source: 's' });
      await assert.rejects(nowhere, { code: 'FACT_UNKNOWN' });
    });

    await t.test(
      'a question may repeat a key a thousand times, alone and in longer ones',
      async () => {
        for (let words = 1; words <= 16; words += 1)
          await verbatim.state({
            key: Array(words).fill('ho').join(' '),
            value: words,
            source: 's',
          });
        const many = by(await verbatim.ask('ho '.repeat(2000)));
        assert.deepEqual(many, [['inside', Array(16).fill('ho').join(' '), 16]]);
        assert.deepEqual(by(await verbatim.ask('ho ho, ho')), [
          ['inside', 'ho ho', 2],
          ['inside', 'ho', 1],
        ]);
      },
    );

    await t.test('a key that is too long for runs is found by the whole text', async () => {
      const key = Array.from({ length: 40 }, (_, at) => `word${at}`).join(' ');
      await verbatim.state({ key, value: 9, source: 's' });
      assert.deepEqual(by(await verbatim.ask(key.toUpperCase())), [['exact', key, 9]]);
    });

    await t.test('any JSON value, and bytes that are serialized already', async () => {
      for (const [at, value] of [null, false, 0, '', 'é', [], [1, [2]], { a: null }].entries()) {
        const fact = await verbatim.state({ key: `value ${at}`, value, source: 's' });
        assert.deepEqual(fact.value, value);
      }
      const bytes = encodeJson({ ready: true });
      assert.deepEqual((await verbatim.state({ key: 'bytes', value: bytes, source: 's' })).value, {
        ready: true,
      });
    });

    await t.test('in a transaction that fails nothing is stated', async () => {
      await assert.rejects(
        database.transaction(async (transaction) => {
          await verbatim.state({ key: 'gone', value: 1, source: 's' }, transaction);
          throw new Error('no');
        }),
        { message: 'no' },
      );
      assert.deepEqual(await verbatim.history('gone'), []);
    });
  });
}

test(
  'two who correct the same fact at once: one is told',
  { skip: whyNotAt('embedded-18') },
  async (t) => {
    const { database } = await openAt(t, 'embedded-18', [verbatimPart]);
    const verbatim = await createVerbatim(database);
    const { id } = await verbatim.state({ key: 'raced', value: 0, source: 's' });
    const results = await Promise.allSettled(
      [1, 2, 3, 4].map((value) => verbatim.correct(id, { value, source: 's' })),
    );
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results)
      if (result.status === 'rejected') assert.equal(result.reason.code, 'FACT_SUPERSEDED');
    assert.equal((await verbatim.history('raced')).length, 2);
  },
);

test('without the tables it says what to do', { skip: whyNotAt('embedded-18') }, async (t) => {
  const { database } = await openAt(t, 'embedded-18', []);
  await assert.rejects(createVerbatim(database), { code: 'FACT_NOT_INSTALLED' });
});
