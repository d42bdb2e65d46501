// The mark: what is captured is what was acknowledged when everybody held still, and what would break that is refused or told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { newSnapshotId, silent, systemClock, type ProgressEvent } from '@stillpoint/core';
import type { Client } from 'pg';
import { freeze } from '../../../freeze/index.ts';
import { eventually } from '../../../freeze/testing/eventually.ts';
import { createUrlLockParticipant } from './lock.ts';
import { beginUrlLife, driverOptions, never, withUrl, openServerOfTests } from './testing.ts';

const { programs, server, skip } = await openServerOfTests();

interface Writer {
  readonly acknowledged: () => number;
  stop(): Promise<void>;
}

/** Writes as an application does: the shared lock first, then a row from a sequence. */
async function startWriter(url: string, key: bigint): Promise<Writer> {
  let acknowledged = 0;
  let stopped = false;
  let wrote!: () => void;
  const first = new Promise<void>((resolve) => (wrote = resolve));
  const work = withUrl(url, async (client: Client) => {
    // oxlint-disable-next-line no-unmodified-loop-condition -- stop() changes it
    while (!stopped) {
      await client.query(
        `BEGIN; SELECT pg_advisory_xact_lock_shared(${key}); INSERT INTO entry DEFAULT VALUES; COMMIT`,
      );
      acknowledged += 1;
      wrote();
    }
  });
  await first;
  return {
    acknowledged: () => acknowledged,
    async stop() {
      stopped = true;
      await work;
    },
  };
}

test(
  'under load: the rows acknowledged at the freeze, and the sequence as it stood',
  { skip },
  async () => {
    await server.createDatabase('load');
    const url = server.url('load');
    await withUrl(url, (client) =>
      client.query('CREATE TABLE entry (id bigserial PRIMARY KEY, at timestamptz DEFAULT now())'),
    );
    const key = 4711n;
    const writers = await Promise.all([1, 2, 3].map(() => startWriter(url, key)));
    const life = beginUrlLife(server, driverOptions(server, url));
    const participant = createUrlLockParticipant({
      name: 'lock:db',
      guards: '*',
      key,
      address: async () => ({ url }),
    });
    const id = newSnapshotId();
    const begin = {
      snapshot: id,
      history: (async function* () {})(),
      sink: life.objects,
      source: life.objects,
      signal: never,
      progress: silent,
    };
    await using session = await life.driver.begin(begin);
    const { value: atMark } = await freeze(
      {
        participants: [participant],
        budgetMs: 20_000,
        resumesDirectory: path.join(server.directory, 'resumes'),
        snapshot: id,
        clock: systemClock,
        signal: never,
        progress: silent,
      },
      async () => {
        await session.mark(never);
        return writers.reduce((sum, one) => sum + one.acknowledged(), 0);
      },
    );
    const captured = await session.capture();
    const moved = await startWriter(url, key);
    await Promise.all([...writers, moved].map((one) => one.stop()));
    await life.restore({ id, captured });
    await withUrl(url, async (client) => {
      const { rows } = await client.query<{ count: number; value: number; max: number }>(
        `SELECT (SELECT count(*)::int FROM entry) AS count, (SELECT last_value::int FROM entry_id_seq) AS value,
        (SELECT max(id)::int FROM entry) AS max`,
      );
      const { count, value, max } = rows[0]!;
      // Each writer may have one answer on its way when the freeze begins.
      assert.ok(count >= atMark && count <= atMark + writers.length, `${count} and ${atMark}`);
      assert.equal(value, max);
      assert.equal(value, count);
    });
  },
);

test(
  'TRUNCATE just after the mark is refused, never captured as an empty table',
  { skip },
  async () => {
    await server.createDatabase('moved');
    const url = server.url('moved');
    const query = (sql: string): Promise<unknown> => withUrl(url, (client) => client.query(sql));
    await query(
      'CREATE TABLE t AS SELECT 1 AS n; CREATE TABLE u AS SELECT 1 AS n; CREATE SEQUENCE s',
    );
    const life = beginUrlLife(server, driverOptions(server, url));
    for (const sql of ['TRUNCATE t', 'ALTER TABLE t ALTER n TYPE bigint', 'DROP TABLE u']) {
      await assert.rejects(life.capture({ afterMark: async () => void (await query(sql)) }), {
        code: 'POSTGRES_SCHEMA_MOVED',
      });
    }
    await assert.rejects(
      life.capture({ beforeMark: async () => void (await query('DROP SEQUENCE s')) }),
      {
        code: 'POSTGRES_SCHEMA_MOVED',
      },
    );
    const grown = await life.capture({
      beforeMark: async () => void (await query('CREATE TABLE new AS SELECT 2 AS n')),
    });
    assert.ok(grown.captured.schemaDigest !== undefined, 'a migration before the mark is in it');
    const { checks } = await life.restore(grown);
    assert.match(checks.join('\n'), /2 tables with 1 rows/);
  },
);

// STILLPOINT_SOAK: a thousand.
const tables = process.env['STILLPOINT_SOAK'] === undefined ? 250 : 1000;

test(`${tables} tables with sequences`, { skip }, async (t) => {
  await server.createDatabase('many');
  const url = server.url('many');
  await withUrl(url, (client) =>
    client.query(
      `DO $$ BEGIN FOR i IN 1..${tables} LOOP
         EXECUTE format('CREATE TABLE t%s (id serial, x text)', i); EXECUTE format('INSERT INTO t%s (x) VALUES (1)', i);
       END LOOP; END $$`,
    ),
  );
  const life = beginUrlLife(server, driverOptions(server, url));
  const startedMs = performance.now();
  let markMs = 0;
  const taken = await life.capture({
    beforeMark: async () => void (markMs = performance.now()),
    afterMark: async () => void (markMs = performance.now() - markMs),
  });
  const capturedMs = performance.now();
  const { checks } = await life.restore(taken);
  assert.match(
    checks.join('\n'),
    new RegExp(`${tables} tables with ${tables} rows.*\n${tables} sequences`),
  );
  const said = [markMs, capturedMs - startedMs, performance.now() - capturedMs].map(Math.round);
  t.diagnostic(
    `${tables} tables: mark ${said[0]} ms, capture ${said[1]} ms, restore ${said[2]} ms`,
  );
});

test(
  'a view that is replaced while it is dumped: the rows are kept, the schema is said to be unknown',
  { skip },
  async () => {
    await server.createDatabase('replaced');
    const url = server.url('replaced');
    await withUrl(url, (client) =>
      client.query('CREATE TABLE t AS SELECT 1 AS n; CREATE VIEW v AS SELECT n FROM t'),
    );
    const life = beginUrlLife(server, driverOptions(server, url));
    const taken = await life.capture({
      // Straight before pg_dump runs.
      onPhase(phase) {
        if (phase !== 'dump') return;
        const change = 'CREATE OR REPLACE VIEW v AS SELECT n + 0 AS n FROM t';
        execFileSync(path.join(programs!, 'psql'), ['-d', url, '-c', change], { stdio: 'ignore' });
      },
    });
    assert.equal(taken.captured.schemaDigest, undefined);
    assert.match(life.said.join('\n'), /schema of db was changed while it was dumped/);
    const { checks } = await life.restore(taken);
    assert.match(checks.join('\n'), /1 tables with 1 rows.*\n.*\nschema not known at the mark/);
  },
);

test(
  'an interrupted capture or restore leaves no session, no file and no database',
  { skip },
  async () => {
    await server.createDatabase('stopped');
    const url = server.url('stopped');
    await withUrl(url, (client) =>
      client.query('CREATE TABLE t AS SELECT n, md5(n::text) FROM generate_series(1, 50000) n'),
    );
    const cacheDirectory = path.join(server.directory, 'stopped');
    const life = beginUrlLife(server, driverOptions(server, url, { cacheDirectory }));
    const reason = new Error('the person has changed their mind');
    const dumping = new AbortController();
    const onPhase = (phase: string): void => {
      if (phase === 'dump') setImmediate(() => dumping.abort(reason));
    };
    await assert.rejects(life.capture({ signal: dumping.signal, onPhase }), reason);
    assert.equal(existsSync(cacheDirectory), false);

    const taken = await life.capture();
    const filling = new AbortController();
    const options = {
      ...life.prepareOptions(taken.id),
      signal: filling.signal,
      progress: (event: ProgressEvent): void => {
        if (event.type === 'phase:started' && event.phase === 'restore')
          setImmediate(() => filling.abort(reason));
      },
    };
    await assert.rejects(life.driver.prepare(taken.captured.record, options), reason);
    const admin = await server.admin();
    const databases = await admin.query(`SELECT FROM pg_database WHERE datname LIKE 'stopped\\_%'`);
    assert.equal(databases.rowCount, 0);
    await eventually(
      async () => {
        const sessions = await admin.query(
          `SELECT FROM pg_stat_activity WHERE datname = 'stopped' AND application_name LIKE 'stillpoint%'`,
        );
        return sessions.rowCount === 0;
      },
      20_000,
      'no session of ours is left',
    );
  },
);
