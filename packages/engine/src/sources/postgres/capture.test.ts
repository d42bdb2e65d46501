// What a capture promises, on a real server with writers on it: exactly the marked moment, only what is new, and a way on
// when the log is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { Client } from 'pg';
import type { Cluster } from './cluster/contract.ts';
import { slotName } from './replication/slot.ts';
import { withControl } from './session.ts';
import {
  beginLife,
  connectApplication,
  never,
  holdThrowawayCluster,
  withDatabase,
  type Life,
  type Taken,
} from './testing.ts';
import { PIECE_BYTES, readWalList } from './wal-list.ts';

// Without wal_keep_size the slot alone keeps the log, so that a test can take it away.
const cluster = await holdThrowawayCluster({ wal_keep_size: '0' });
const LOCK = 4711;

const basesOf = (life: Life): number => life.said.filter((text) => text === 'phase:base').length;

async function sql(text: string): Promise<Record<string, unknown>[]> {
  return withDatabase(cluster, async (client) => {
    const { rows } = (await client.query(text)) as { rows: Record<string, unknown>[] };
    return rows;
  });
}

interface Writer {
  stop(): Promise<void>;
}

/** Inserts under the shared lock until stopped, each row in a transaction of its own, not waiting for the disk. */
async function startWriter(on: Cluster, table: string): Promise<Writer> {
  const client = await connectApplication(on);
  await client.query('SET synchronous_commit = off');
  const state = { stopped: false };
  const loop = (async () => {
    while (!state.stopped) {
      await client.query('BEGIN');
      await client.query('SELECT pg_advisory_xact_lock_shared($1)', [LOCK]);
      await client.query(`INSERT INTO ${table} DEFAULT VALUES`);
      await client.query('COMMIT');
    }
  })();
  return {
    async stop() {
      state.stopped = true;
      await loop;
      await client.end();
    },
  };
}

async function untilRows(client: Client, table: string, atLeast: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
    if (rows[0]!.n >= atLeast) return;
  }
}

test('rows committed before the mark are restored, and none after it, while writers with asynchronous commit go on', async () => {
  const life = beginLife(cluster);
  await sql('CREATE TABLE written (id bigserial PRIMARY KEY)');
  const writers = await Promise.all([1, 2, 3].map(() => startWriter(cluster, 'written')));
  const watcher = await connectApplication(cluster);
  await untilRows(watcher, 'written', 200);
  let truth = '';
  const fingerprint = `SELECT count(*) || ':' || sum(id) AS content FROM written`;
  const taken = await life.capture({
    async beforeMark() {
      await watcher.query('BEGIN');
      await watcher.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      const { rows } = await watcher.query<{ content: string }>(fingerprint);
      truth = rows[0]!.content;
    },
    async afterMark() {
      await watcher.query('COMMIT');
      await untilRows(watcher, 'written', Number(truth.split(':')[0]) + 50);
    },
  });
  await Promise.all(writers.map((writer) => writer.stop()));
  await watcher.end();
  await life.restore(taken);
  assert.deepEqual(await sql(fingerprint), [{ content: truth }]);
});

test('the next snapshot stores only what was written since, and says nothing of a base', async () => {
  const life = beginLife(cluster);
  await sql(
    `CREATE TABLE big AS SELECT n, md5(n::text) AS filler FROM generate_series(1, 20000) n`,
  );
  await life.capture();
  const first = life.objects.bytesStored();
  await sql('UPDATE big SET filler = filler WHERE n <= 100');
  const second = await life.capture();
  assert.ok(life.objects.bytesStored() - first < first * 0.2);
  assert.equal(basesOf(life), 1);
  await life.restore(second);
  assert.deepEqual(await sql('SELECT count(*)::int AS n FROM big'), [{ n: 20000 }]);
});

test('much was written: the next snapshot has a new base and none of that log; an undo point waits for no base', async () => {
  const life = beginLife(cluster);
  const pages = { paged: 0, previous: 0 };
  await life.capture();
  const write = life.objects.writeStream.bind(life.objects);
  life.objects.writeStream = (content, hints) => {
    if (hints?.pageBytes !== undefined) pages.paged += 1;
    if (hints?.previous !== undefined) pages.previous += 1;
    return write(content, hints);
  };
  await sql('CREATE TABLE much AS SELECT 1 AS n');
  await withControl(cluster, never, async (client) => {
    for (let segments = 0; segments < 17; segments += 1) {
      await client.query('SELECT pg_create_restore_point($1)', [`segment ${segments}`]);
      await client.query('SELECT pg_switch_wal()');
    }
  });
  const log = async ({ record }: Taken) => {
    const { spans } = await readWalList(life.objects, record.wal);
    const pieces = spans.flatMap((span) => span.pieces);
    return { pieces, bytes: pieces.reduce((sum, { ref }) => sum + ref.bytes, 0) };
  };
  const undo = await log(await life.capture({ forUndo: true }));
  assert.equal(basesOf(life), 1, 'the undo point');
  assert.ok(undo.bytes > 256 * 1024 ** 2);
  const taken = await life.capture();
  const based = await log(taken);
  assert.equal(basesOf(life), 2);
  assert.ok(based.bytes < 32 * 1024 ** 2);
  assert.ok(pages.paged > 100 && pages.previous > pages.paged * 0.9, JSON.stringify(pages));
  assert.ok(
    based.pieces[0]!.start >= undo.pieces.at(-1)!.start + BigInt(PIECE_BYTES),
    'nothing twice',
  );
  await sql('DROP TABLE much');
  await life.restore(taken);
  assert.deepEqual(await sql('SELECT n FROM much'), [{ n: 1 }]);
});

test('a capture that is never sealed loses nothing for the next one', async () => {
  const life = beginLife(cluster);
  await life.capture();
  await sql('CREATE TABLE unsealed (n int)');
  await life.capture({ seal: false });
  await sql('INSERT INTO unsealed VALUES (1)');
  const taken = await life.capture();
  await sql('DROP TABLE unsealed');
  await life.restore(taken);
  assert.deepEqual(await sql('SELECT n FROM unsealed'), [{ n: 1 }]);
  assert.equal(basesOf(life), 1);
});

test('a lost slot with its log gone costs a new base, and that is said', async () => {
  const life = beginLife(cluster);
  await life.capture();
  const incarnation = await cluster.currentIncarnation();
  await withControl(cluster, never, async (client) => {
    await client.query('SELECT pg_drop_replication_slot($1)', [slotName(incarnation)]);
    // Two segments and checkpoints further on nothing keeps the old ones.
    for (let round = 0; round < 3; round += 1) {
      await client.query('SELECT pg_create_restore_point($1)', [`round ${round}`]);
      await client.query('SELECT pg_switch_wal()');
      await client.query('CHECKPOINT');
    }
  });
  await sql('CREATE TABLE after_gap AS SELECT 7 AS n');
  const taken = await life.capture();
  assert.equal(basesOf(life), 2);
  assert.equal(life.said.filter((text) => text.startsWith('warn')).length, 1, life.said.join('\n'));
  await sql('DROP TABLE after_gap');
  await life.restore(taken);
  assert.deepEqual(await sql('SELECT n FROM after_gap'), [{ n: 7 }]);
});

test('a server that was killed between two snapshots goes on without a new base', async () => {
  const life = beginLife(cluster);
  await sql('CREATE TABLE survived (n int)');
  await life.capture();
  await sql('INSERT INTO survived VALUES (1)');
  const { pid } = await cluster.status();
  process.kill(pid!, 'SIGKILL');
  await cluster.stop();
  await cluster.start(never);
  await sql('INSERT INTO survived VALUES (2)');
  const taken = await life.capture();
  await sql('DELETE FROM survived');
  await life.restore(taken);
  assert.deepEqual(await sql('SELECT n FROM survived ORDER BY n'), [{ n: 1 }, { n: 2 }]);
  assert.equal(basesOf(life), 1);
});

test('schema changes just before and just after the mark do not make the proof fail or lie', async () => {
  const life = beginLife(cluster);
  await sql('CREATE TABLE shape (a int)');
  const before = await life.capture({
    beforeMark: async () => void (await sql('ALTER TABLE shape ADD b int')),
  });
  const shopOf = ({ record }: typeof before) =>
    record.databases.find(({ name }) => name === 'shop')!;
  assert.notEqual(shopOf(before).schemaDigest, null, 'read again after the mark');
  const after = await life.capture({ afterMark: async () => void (await sql('DROP TABLE shape')) });
  assert.equal(
    shopOf(after).schemaDigest,
    shopOf(before).schemaDigest,
    'the schema at the mark, not after it',
  );
  const both = await life.capture({
    beforeMark: async () => void (await sql('CREATE TABLE shape (c int)')),
    afterMark: async () => void (await sql('DROP TABLE shape')),
  });
  assert.equal(shopOf(both).schemaDigest, null, 'nobody read it while it was so');
  for (const taken of [after, both])
    await life.driver.prove(await life.prepare(taken.record), never);
  await life.driver.abandon();
});

test('tablespaces are refused by name, before anything is paused', async () => {
  const life = beginLife(cluster);
  await withControl(cluster, never, async (client) => {
    await client.query('SET allow_in_place_tablespaces = on');
    await client.query(`CREATE TABLESPACE "far away" LOCATION ''`);
    try {
      for (const refused of [() => life.driver.probe(never), () => life.capture()]) {
        await assert.rejects(
          refused(),
          (error) => isFailure(error, 'POSTGRES_TABLESPACES') && error.message.includes('far away'),
        );
      }
    } finally {
      await client.query('DROP TABLESPACE "far away"');
    }
  });
});

test('unlogged tables are told of', async () => {
  await sql('CREATE UNLOGGED TABLE scratch (n int)');
  const { notes } = await beginLife(cluster).driver.probe(never);
  assert.ok(notes.some((note) => note.includes('public.scratch')));
});

test('a capture can be given up while its base is made, and leaves no session behind', async () => {
  const life = beginLife(cluster);
  const controller = new AbortController();
  const write: typeof life.objects.writeStream = life.objects.writeStream.bind(life.objects);
  let writes = 0;
  life.objects.writeStream = (content) => {
    writes += 1;
    if (writes === 1) controller.abort(new Error('given up'));
    return write(content);
  };
  await sql(
    `CREATE TABLE wide AS SELECT n, repeat(md5(n::text), 20) AS filler FROM generate_series(1, 5000) n`,
  );
  await assert.rejects(life.capture({ signal: controller.signal }), /given up/);
  await withControl(cluster, never, async (client) => {
    for (;;) {
      const { rows } = await client.query(
        `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'stillpoint%' AND pid <> pg_backend_pid()`,
      );
      if (rows.length === 0) return;
    }
  });
});
