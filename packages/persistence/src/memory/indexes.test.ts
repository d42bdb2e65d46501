// What is particular to an index: the HNSW index of pgvector, and the bounds and the life of a scan.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkChambers, settleChambers } from '../chambers/index.ts';
import { openDatabase } from '../database/index.ts';
import { serverOfTests, OWNER } from '../database/testing/index.ts';
import { appRoleName } from '../chambers/index.ts';
import { createVerbatim, verbatimPart } from '../verbatim/index.ts';
import { openAt, whyNotAt } from '../verbatim/testing/places.ts';
import { buildVectorIndex, createMemory, createTestEmbedder, memoryPart } from './index.ts';
import { createClusterEmbedder } from './testing/cluster-embedder.ts';
import { openTestMemory } from './testing/open-memory.ts';

const parts = [verbatimPart, memoryPart];
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => ({ text: `vector ${from + at}` }));

test('pglite: an HNSW index is built when there are enough items, by whole or half numbers, and is used', async (t) => {
  const embedder = createClusterEmbedder(16);
  const { owner, database, memory } = await openTestMemory(t, 'pglite', { embedder });
  await memory.rememberMany(many(300));
  const texts = async (): Promise<readonly string[]> =>
    (await memory.recall('vector 7', { limit: 5 })).map((one) =>
      one.from === 'memory' ? one.item.text : '',
    );
  const exact = await texts();
  assert.equal((await memory.facts()).index, 'pgvector');
  assert.equal(await buildVectorIndex(owner, { embedder }), false);
  for (const halfvec of [false, true]) {
    const build = { embedder, halfvec, fromItems: 100 };
    assert.equal(await buildVectorIndex(owner, build), true);
    assert.equal(await buildVectorIndex(owner, build), false);
    const { rows } = await owner.query<{ name: string }>(
      `SELECT indexrelname AS name FROM pg_stat_all_indexes WHERE relname = 'nearest' AND indexrelname LIKE 'nearest_%vec%'`,
    );
    assert.equal(rows.length, 1, 'the index of the other precision is gone');
    assert.equal((await memory.facts()).approximate, true);
    assert.deepEqual(await texts(), exact);
    const type = halfvec ? 'halfvec' : 'vector';
    const plan = await database.transaction(async (transaction) => {
      await transaction.query('SET LOCAL enable_seqscan = off');
      return await transaction.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT item FROM vectors.nearest WHERE embedder = $2 AND embedder_version = $3 AND dimensions = 16 AND status = ANY ($4)
         ORDER BY embedding::vectors.${type}(16) OPERATOR(vectors.<#>) $1::vectors.vector::vectors.${type}(16) LIMIT 5`,
        [`[${Array(16).fill(0.25).join(',')}]`, embedder.name, '1', ['speculative']],
      );
    });
    assert.match(plan.rows.map((row) => row['QUERY PLAN']).join('\n'), /Index Scan using nearest_/);
  }
  assert.deepEqual(await checkChambers(owner, parts), []);
});

test('pglite: a trigger that was lost is put back by settling, with what it missed', async (t) => {
  const embedder = createTestEmbedder();
  const { owner, database, verbatim } = await openTestMemory(t, 'pglite', { embedder });
  await owner.query('ALTER TABLE vectors.items DISABLE TRIGGER stillpoint_nearest');
  const without = await createMemory(database, { embedder, verbatim });
  assert.deepEqual(
    [(await without.facts()).index, (await without.facts()).why],
    ['scan', 'pgvector came after the last migration'],
  );
  const asked = createMemory(database, { embedder, verbatim, index: 'pgvector' });
  await assert.rejects(asked, { code: 'MEMORY_INDEX_UNAVAILABLE' });
  await without.remember('missed by the index');
  await owner.transaction((transaction) => settleChambers(transaction, parts, owner.facts));
  const again = await createMemory(database, { embedder, verbatim, index: 'pgvector' });
  const [found] = await again.recall('missed by the index');
  assert.ok(found?.from === 'memory' && found.item.text === 'missed by the index');
});

test(
  'without pgvector there is no index to build, and it says why',
  { skip: whyNotAt('debian-15') },
  async (t) => {
    const { owner } = await openAt(t, 'debian-15', parts);
    if (owner.facts.extensions.has('vector')) return t.skip('this server offers pgvector');
    await assert.rejects(buildVectorIndex(owner, { embedder: createTestEmbedder() }), {
      code: 'MEMORY_INDEX_UNAVAILABLE',
      message: /does not offer pgvector/,
    });
  },
);

test(
  'a scan refuses more memory than it may take, and goes on when it fits',
  { skip: whyNotAt('embedded-18') },
  async (t) => {
    const embedder = createClusterEmbedder(256);
    const { database, memory } = await openTestMemory(t, 'embedded-18', {
      embedder,
      index: 'scan',
      scanMemoryBytes: 400_000,
    });
    await memory.rememberMany(many(200));
    assert.equal((await memory.recall('vector 3')).length, 10);
    await memory.rememberMany(many(200, 200));
    await assert.rejects(memory.recall('vector 3'), { code: 'MEMORY_SCAN_TOO_LARGE' });
    assert.equal((await memory.facts()).processBytes, 0);
    await database.query(`DELETE FROM vectors.items WHERE text > 'vector 2'`);
    assert.equal((await memory.recall('vector 3')).length, 10);
  },
);

test(
  'a scan finds what a transaction that began earlier commits later',
  { skip: whyNotAt('embedded-18') },
  async (t) => {
    const embedder = createTestEmbedder();
    const { database, memory } = await openTestMemory(t, 'embedded-18', {
      embedder,
      index: 'scan',
    });
    const texts = async (): Promise<readonly string[]> =>
      (await memory.recall('slow')).map((one) => (one.from === 'memory' ? one.item.text : ''));
    await database.transaction(async (transaction) => {
      await memory.remember('slow one', { transaction });
      await memory.remember('quick one');
      assert.deepEqual(await texts(), ['quick one']);
      await memory.remember('quick two');
      assert.equal((await texts()).length, 2);
    });
    assert.equal((await texts())[0], 'slow one');
  },
);

test(
  'a scan forgets everything when another database took the name of this one',
  { skip: whyNotAt('embedded-18') },
  async (t) => {
    // As a restore of a database by URL does: the rows are others, and the numbers of transactions may be the same.
    const embedder = createTestEmbedder();
    const server = await serverOfTests('embedded-18');
    const { owner, database, memory } = await openTestMemory(t, 'embedded-18', {
      embedder,
      index: 'scan',
    });
    await memory.remember('before the snapshot');
    const name = owner.facts.database;
    await using administrator = await openDatabase({ at: server.url('postgres', 'admin') });
    const elsewhere = async (sql: string): Promise<void> => {
      await administrator.query(
        `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()`,
        [name],
      );
      await administrator.query(sql);
    };
    await elsewhere(`CREATE DATABASE ${name}_copy TEMPLATE ${name} OWNER ${OWNER}`);
    const texts = async (): Promise<readonly string[]> => {
      // The connections that were ended: the pool tells once for each.
      for (;;) {
        try {
          return (await memory.recall('the snapshot'))
            .map((one) => (one.from === 'memory' ? one.item.text : ''))
            .toSorted();
        } catch (error) {
          const { code } = error as { code?: string };
          if (code !== '57P01' && code !== 'DATABASE_CONNECTION_LOST') throw error;
        }
      }
    };
    assert.deepEqual(await texts(), ['before the snapshot']);
    await memory.remember('after the snapshot');
    assert.equal((await texts()).length, 2);
    await elsewhere(`ALTER DATABASE ${name} RENAME TO ${name}_old`);
    await administrator.query(`ALTER DATABASE ${name}_copy RENAME TO ${name}`);
    assert.deepEqual(await texts(), ['before the snapshot']);
    assert.equal(database.facts.database, name);
    assert.ok(appRoleName(name).startsWith(name));
  },
);

test('without the tables it says what to do', { skip: whyNotAt('embedded-18') }, async (t) => {
  const { database } = await openAt(t, 'embedded-18', [verbatimPart]);
  const verbatim = await createVerbatim(database);
  const embedder = createTestEmbedder();
  await assert.rejects(createMemory(database, { embedder, verbatim }), {
    code: 'MEMORY_NOT_INSTALLED',
  });
});
