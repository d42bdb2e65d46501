// With 100,000 facts, no look-up reads a table from end to end. `npm run test:soak` also asks the oldest server's planner.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyRows } from '../jsonb/index.ts';
import { createVerbatim, verbatimPart } from './index.ts';
import { EXACT, INSIDE, PREFIX } from './look-up.ts';
import { runsOf } from './phrases.ts';
import { openAt, places, whyNotAt } from './testing/places.ts';

const FACTS = 100_000;
const question = `What did they say about subject 77777 and Subject 42 ${'and more '.repeat(100)}?`;

function* facts(): Iterable<readonly unknown[]> {
  for (let at = 0; at < FACTS; at += 1) {
    const key = `subject ${at}`;
    yield [key, key, key, at, 'bulk'];
  }
}

const soak = process.env['STILLPOINT_SOAK'] !== undefined;

function whyNot(place: (typeof places)[number]): string | false {
  if (place === 'pglite') return 'the same planner, in this process and slower';
  if (place === 'debian-15' && !soak) return 'runs in the soak';
  return whyNotAt(place);
}

for (const place of places) {
  const skip = whyNot(place);
  test(`${place}: every look-up goes through an index`, { skip }, async (t) => {
    const { owner, database } = await openAt(t, place, [verbatimPart]);
    await database.transaction((transaction) =>
      copyRows(
        transaction,
        {
          schema: 'verbatim',
          table: 'facts',
          columns: [
            { name: 'key', type: 'text' },
            { name: 'folded', type: 'text' },
            { name: 'phrase', type: 'text' },
            { name: 'value', type: 'jsonb' },
            { name: 'source', type: 'text' },
          ],
        },
        facts(),
      ),
    );
    await database.query(
      `INSERT INTO verbatim.aliases (alias, folded, phrase, key_folded)
       SELECT 'alias ' || key, 'alias ' || folded, 'alias ' || phrase, folded FROM verbatim.facts LIMIT 20000`,
    );
    await owner.query('ANALYZE verbatim.facts');
    await owner.query('ANALYZE verbatim.aliases');
    const phrases = runsOf(question).map(({ phrase }) => phrase);
    for (const [name, sql, values] of [
      ['inside', INSIDE, [null, phrases]],
      ['exact', EXACT, [new Date(), 'subject 4711']],
      ['prefix', PREFIX, [null, 'subject 47', 20]],
    ] as const) {
      const { rows } = await database.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${sql}`, values);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      const message = `${name} with ${phrases.length} runs:\n${plan.replaceAll(/'\{.*?\}'/gs, '...')}`;
      assert.ok(!plan.includes('Seq Scan'), message);
    }
    const verbatim = await createVerbatim(database);
    const found = await verbatim.ask(question);
    assert.deepEqual(
      found.map(({ fact }) => fact.value),
      [77_777, 42],
    );
  });
}
