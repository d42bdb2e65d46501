// Lives of one cluster: snapshots, restores and undos in turn, on real servers, with everything a database can hold that a
// row count would not show. Each restore must be exact, and none may cost a new base. STILLPOINT_SOAK: each once more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from './cluster/contract.ts';
import {
  beginLife,
  never,
  holdThrowawayCluster,
  withDatabase,
  type Life,
  type Taken,
} from './testing.ts';
import { withControl } from './session.ts';

const cluster = await holdThrowawayCluster();

const SECOND = 'Zweite "Datenbank" / ü';

async function makeContent(cluster: Cluster): Promise<void> {
  await withControl(cluster, never, async (client) => {
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(SECOND)} OWNER app`);
  });
  await withDatabase(cluster, async (client) => {
    await client.query(
      `CREATE TABLE "Sonder ""Zeichen"" %s" ("Spalte 1" serial PRIMARY KEY, text text)`,
    );
    await client.query('CREATE SEQUENCE counter');
    await client.query('CREATE TABLE blobs (object oid)');
    await client.query('CREATE UNLOGGED TABLE scratch (n int)');
    await client.query('CREATE VIEW shown AS SELECT text FROM "Sonder ""Zeichen"" %s"');
  });
  await withDatabase(
    cluster,
    async (client) => void (await client.query('CREATE TABLE other (n int)')),
    SECOND,
  );
}

async function change(cluster: Cluster, word: string): Promise<void> {
  await withDatabase(cluster, async (client) => {
    await client.query(
      `INSERT INTO "Sonder ""Zeichen"" %s" (text) SELECT $1 || n FROM generate_series(1, 200) n`,
      [word],
    );
    await client.query(`SELECT nextval('counter')`);
    await client.query(`INSERT INTO blobs SELECT lo_from_bytea(0, convert_to($1, 'UTF8'))`, [word]);
    await client.query('INSERT INTO scratch VALUES (1)');
    await client.query(`CREATE TABLE ${client.escapeIdentifier(`made ${word}`)} (n int)`);
  });
  await withDatabase(
    cluster,
    async (client) => void (await client.query('INSERT INTO other VALUES (1)')),
    SECOND,
  );
}

/** Everything a snapshot must bring back; unlogged content apart. */
async function contentOf(cluster: Cluster): Promise<string> {
  const first = await withDatabase(cluster, async (client) => {
    const { rows } = await client.query(
      `SELECT (SELECT count(*) || md5(string_agg("Spalte 1" || text, ',' ORDER BY "Spalte 1")) FROM "Sonder ""Zeichen"" %s") AS rows,
              (SELECT last_value || ':' || is_called FROM counter) AS sequence,
              (SELECT string_agg(convert_from(lo_get(object), 'UTF8'), ',' ORDER BY object::int8) FROM blobs) AS blobs,
              (SELECT string_agg(tablename, ',' ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public') AS tables`,
    );
    return rows[0] as object;
  });
  const second = await withDatabase(
    cluster,
    async (client) =>
      (await client.query('SELECT count(*)::int AS n FROM other')).rows[0] as object,
    SECOND,
  );
  return JSON.stringify({ ...first, ...second });
}

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const basesOf = (life: Life): number => life.said.filter((text) => text === 'phase:base').length;

test('snapshot A, restore A, snapshot B, undo, snapshot C, restore each: exact, and one base', async () => {
  const life = beginLife(cluster);
  await makeContent(cluster);
  const states = new Map<string, { readonly taken: Taken; readonly content: string }>();
  const take = async (name: string): Promise<void> => {
    await change(cluster, name);
    const content = await contentOf(cluster);
    states.set(name, {
      taken: await life.capture({ afterMark: () => change(cluster, `after ${name}`) }),
      content,
    });
  };
  await take('A');
  const beforeRestore = await contentOf(cluster);
  const undo = await life.restore(states.get('A')!.taken);
  assert.equal(await contentOf(cluster), states.get('A')!.content);
  await take('B');
  await life.restore(undo);
  assert.equal(await contentOf(cluster), beforeRestore, 'undone');
  assert.equal(
    await withDatabase(cluster, async (c) => (await c.query('SELECT 1 FROM scratch')).rowCount),
    2,
    'undo is exact for unlogged tables too',
  );
  await take('C');
  // A was restored above; the whole command brings C back too (test/history.test.ts).
  for (const name of soak ? ['A', 'B', 'C'] : ['B']) {
    const { taken, content } = states.get(name)!;
    await life.restore(taken);
    assert.equal(await contentOf(cluster), content, `restored ${name}`);
  }
  assert.equal(basesOf(life), 1, life.said.join('\n'));
  assert.deepEqual(
    life.said.filter((text) => text.startsWith('warn')),
    [],
  );
});

test('two lives restored from one base keep their own histories', async () => {
  const life = beginLife(cluster);
  await change(cluster, 'root');
  const root = await life.capture();
  const branches: { taken: Taken; content: string }[] = [];
  for (const name of ['left', 'right']) {
    await life.restore(root);
    await change(cluster, name);
    // More than one segment, so that both lives have a segment of the same name and other content.
    await withControl(cluster, never, (client) => client.query('SELECT pg_switch_wal()'));
    await change(cluster, `${name} again`);
    branches.push({ content: await contentOf(cluster), taken: await life.capture() });
  }
  assert.equal(branches[0]!.taken.record.mark.timeline, branches[1]!.taken.record.mark.timeline);
  for (const { taken, content } of branches) {
    await life.restore(taken);
    assert.equal(await contentOf(cluster), content);
  }
  assert.equal(basesOf(life), 1);
});
