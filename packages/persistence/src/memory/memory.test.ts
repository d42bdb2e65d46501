// Memory on each server, with each index that is there: remembered, found after the facts, and changed only as is allowed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkChambers } from '../chambers/index.ts';
import { places, whyNotAt, type Place } from '../verbatim/testing/places.ts';
import { verbatimPart } from '../verbatim/index.ts';
import type { MemoryItem, VectorIndex } from './contract.ts';
import { createMemory, createTestEmbedder, memoryPart, transitions } from './index.ts';
import type { MemoryStatus } from './statuses.ts';
import { createClusterEmbedder } from './testing/cluster-embedder.ts';
import { openTestMemory } from './testing/open-memory.ts';

/** PGlite has pgvector here; the servers scan. */
const cases: readonly (readonly [Place, VectorIndex['name']])[] = [
  ...places.map((place) => [place, 'scan'] as const),
  ['pglite', 'pgvector'],
];
const embedder = createTestEmbedder();
const never = '00000000-0000-7000-8000-000000000000';
const CHECK = { code: '23514' };

for (const [place, index] of cases) {
  test(`${place}, ${index}: memory`, { skip: whyNotAt(place) }, async (t) => {
    const { owner, database, verbatim, memory } = await openTestMemory(t, place, {
      embedder,
      index,
    });
    const texts = async (query: string, options = {}): Promise<readonly string[]> =>
      (await memory.recall(query, options)).map((one) =>
        one.from === 'memory' ? one.item.text : `fact ${one.fact.key}`,
      );

    await t.test('what the part expects is so', async () => {
      assert.deepEqual(await checkChambers(owner, [verbatimPart, memoryPart]), []);
      const facts = await memory.facts();
      assert.equal(facts.index, index);
      assert.equal(facts.approximate, false);
    });

    await t.test(
      'an item comes back as it was given, and is found by what is like it',
      async () => {
        const item = await memory.remember('The printer is on the second floor', {
          metadata: { by: 'Ann', tags: ['office'] },
          source: 'mail',
        });
        assert.equal(item.status, 'speculative');
        assert.deepEqual(item.embedder, { name: embedder.name, version: '1', dimensions: 384 });
        assert.deepEqual(await memory.item(item.id), item);
        await memory.remember('Lunch is at noon', { status: 'consecrated' });
        const [best, second] = await memory.recall('where is the printer');
        assert.ok(best?.from === 'memory' && second?.from === 'memory');
        assert.deepEqual(best.item, item);
        assert.equal(best.why, 'similarity');
        assert.ok(best.score > second.score && best.score <= 1);
        assert.deepEqual(await texts('the printer', { statuses: ['consecrated'] }), [
          'Lunch is at noon',
        ]);
        assert.deepEqual(await texts('the printer', { statuses: [] }), []);
        const [same] = await memory.recall(item.text);
        assert.ok(same?.from === 'memory' && Math.abs(same.score - 1) < 1e-5);
      },
    );

    await t.test('facts come first, and count in the limit', async () => {
      await verbatim.state({
        key: 'printer',
        value: 'first floor',
        source: 'plan',
        aliases: ['plotter'],
      });
      const found = await memory.recall('Where is the PRINTER?', { limit: 2 });
      assert.deepEqual(
        found.map(({ from, why }) => [from, why]),
        [
          ['verbatim', 'inside'],
          ['memory', 'similarity'],
        ],
      );
      assert.deepEqual(await texts('Plotter', { limit: 1 }), ['fact printer']);
    });

    await t.test(
      'each transition is allowed or refused as the table says, in raw SQL too',
      async () => {
        const all = Object.keys(transitions) as MemoryStatus[];
        for (const from of all)
          for (const to of all) {
            const { id } = await memory.remember('changing');
            if (from !== 'speculative') await memory.transition(id, from);
            const raw = database.query('UPDATE vectors.items SET status = $2 WHERE id = $1', [
              id,
              to,
            ]);
            const next: readonly MemoryStatus[] = transitions[from];
            if (from === to || next.includes(to)) await raw;
            else {
              await assert.rejects(raw, CHECK, `${from} ${to}`);
              await assert.rejects(
                owner.query(`UPDATE vectors.items SET status = '${to}' WHERE id = '${id}'`),
                CHECK,
              );
              const refused = memory.transition(id, to as 'retracted');
              await assert.rejects(refused, { code: 'MEMORY_TRANSITION_REFUSED' });
            }
            await database.query('DELETE FROM vectors.items WHERE id = $1', [id]);
          }
        await assert.rejects(memory.transition(never, 'retracted'), {
          code: 'MEMORY_ITEM_UNKNOWN',
        });
        for (const status of ['retracted', 'other'])
          await assert.rejects(
            database.query(
              `INSERT INTO vectors.items (text, status, embedder, embedder_version, dimensions, embedding)
             VALUES ('x', $1, 'e', '1', 1, '{1}')`,
              [status],
            ),
            CHECK,
          );
      },
    );

    await t.test('text and embedding cannot part, in raw SQL either', async () => {
      const { id } = await memory.remember('as it is');
      for (const set of [
        `text = 'else'`,
        `dimensions = 3`,
        `embedding = '{1,2}'`,
        `metadata = '[]'`,
      ])
        await assert.rejects(
          database.query(`UPDATE vectors.items SET ${set} WHERE id = $1`, [id]),
          CHECK,
          set,
        );
      await database.query('DELETE FROM vectors.items WHERE id = $1', [id]);
    });

    await t.test(
      'what is committed is found at once: new, changed and deleted by somebody else',
      async () => {
        const other = await createMemory(database, { embedder, verbatim, index });
        const item = await other.remember('A whale is no fish');
        assert.deepEqual((await texts('whale fish'))[0], item.text);
        await other.transition(item, 'retracted');
        assert.ok(!(await texts('whale fish')).includes(item.text));
        assert.deepEqual(await texts('whale fish', { statuses: ['retracted'] }), [item.text]);
        const more = await other.remember('A dolphin is no fish');
        assert.deepEqual((await texts('dolphin fish'))[0], more.text);
        await database.query('DELETE FROM vectors.items WHERE id = $1', [more.id]);
        assert.ok(!(await texts('dolphin fish', { limit: 1 })).includes(more.text));
        assert.equal((await texts('dolphin fish', { limit: 1 })).length, 1);
      },
    );

    await t.test('what a transaction did not commit is not there', async () => {
      const failing = database.transaction(async (transaction) => {
        await memory.remember('never said', { transaction });
        throw new Error('no');
      });
      await assert.rejects(failing, { message: 'no' });
      assert.ok(!(await texts('never said')).includes('never said'));
    });

    await t.test('embeddings of another embedder are not compared, and made anew', async () => {
      const changed = createTestEmbedder({ version: '2', dimensions: 100 });
      const after = await createMemory(database, { embedder: changed, verbatim, index });
      const { items } = await memory.facts();
      await assert.rejects(after.recall('lunch'), (error: Error & { code: string }) => {
        assert.equal(error.code, 'MEMORY_EMBEDDER_CHANGED');
        assert.match(error.message, new RegExp(`^${items} items .* 1 \\(384\\)`));
        return true;
      });
      assert.deepEqual(await after.recall('lunch', { otherEmbedders: 'leave out' }), []);
      assert.equal((await after.facts()).otherItems, items);
      assert.equal(await after.reembed(), items);
      assert.equal(await after.reembed(), 0);
      const [best] = await after.recall('Lunch is at noon');
      assert.ok(best?.from === 'memory' && best.item.text === 'Lunch is at noon');
      await assert.rejects(memory.recall('lunch'), { code: 'MEMORY_EMBEDDER_CHANGED' });
      assert.deepEqual(await texts('lunch', { otherEmbedders: 'leave out' }), []);
      assert.equal(await memory.reembed(), items);
    });

    await t.test('text that no database holds is refused, not changed', async () => {
      const refused = { code: 'MEMORY_TEXT_REFUSED' };
      for (const text of ['a\0b', 'half a \uD800 pair']) {
        await assert.rejects(memory.remember(text), refused);
        await assert.rejects(memory.remember('x', { source: text }), refused);
        await assert.rejects(memory.rememberMany([{ text: 'never' }, { text }]), refused);
      }
      assert.ok(!(await texts('never')).includes('never'));
      assert.equal(await memory.item('no id'), undefined);
      const nobody = memory.transition('no id', 'retracted');
      await assert.rejects(nobody, { code: 'MEMORY_ITEM_UNKNOWN' });
    });

    await t.test('a score is from -1 to 1', async () => {
      await memory.remember('zebra stripes');
      const [first] = await memory.recall('zebra stripes', { limit: 1 });
      assert.equal(first?.from === 'memory' && first.score <= 1 && first.score > 0.99, true);
    });

    await t.test('what is no embedding is refused', async () => {
      for (const vector of [[1], Array(384).fill(0), [Number.NaN, ...Array(383).fill(1)]]) {
        const bad = { ...embedder, embed: async () => [vector] };
        const broken = await createMemory(database, { embedder: bad, verbatim, index });
        await assert.rejects(broken.remember('x'), { code: 'MEMORY_EMBEDDING_INVALID' });
        await assert.rejects(broken.recall('x'), { code: 'MEMORY_EMBEDDING_INVALID' });
      }
    });
  });
}

for (const [place, index] of cases) {
  test(
    `${place}, ${index}: the nearest are those of an exact comparison`,
    { skip: whyNotAt(place) },
    async (t) => {
      const clusters = createClusterEmbedder(32);
      const { memory } = await openTestMemory(t, place, { embedder: clusters, index });
      const texts = Array.from({ length: 600 }, (_, at) => `vector ${at}`);
      assert.equal(await memory.rememberMany(texts.map((text) => ({ text }))), texts.length);
      const unit = (vector: ArrayLike<number>): number[] => {
        const length = Math.hypot(...Array.from(vector));
        return Array.from(vector, (value) => value / length);
      };
      const vectors = (await clusters.embed(texts)).map(unit);
      for (const query of ['vector 9000', 'vector 9001', 'vector 9002']) {
        const [wanted = []] = (await clusters.embed([query])).map(unit);
        const exact = vectors
          .map((vector, at) => ({
            at,
            score: vector.reduce((sum, value, i) => sum + value * wanted[i]!, 0),
          }))
          .toSorted((a, b) => b.score - a.score)
          .slice(0, 10);
        const found = await memory.recall(query);
        assert.deepEqual(
          found.map((one) => one.from === 'memory' && one.item.text),
          exact.map(({ at }) => `vector ${at}`),
        );
        for (const [at, one] of found.entries())
          assert.ok(one.from === 'memory' && Math.abs(one.score - exact[at]!.score) < 1e-4);
      }
    },
  );
}

test('types: what can become what is known where it is written', async () => {
  const check = async (memory: Awaited<ReturnType<typeof createMemory>>): Promise<void> => {
    const guess = await memory.remember('a');
    const sure = await memory.remember('a', { status: 'consecrated' });
    await memory.transition(guess, 'consecrated');
    await memory.transition(sure, 'retracted');
    await memory.transition('id', 'consecrated');
    // @ts-expect-error Nothing becomes speculative.
    await memory.transition('id', 'speculative');
    // @ts-expect-error It is consecrated already.
    await memory.transition(sure, 'consecrated');
    // @ts-expect-error Nothing comes after it.
    await memory.transition({} as MemoryItem<'retracted'>, 'consecrated');
    // @ts-expect-error Nothing begins so.
    await memory.remember('a', { status: 'retracted' });
  };
  assert.equal(typeof check, 'function');
});
