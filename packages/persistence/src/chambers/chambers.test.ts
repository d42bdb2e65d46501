// The chambers on each server: set up, read back from the catalog, broken by hand in each way, found, and mended.
import assert from 'node:assert/strict';
import { after, test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { Database } from '../database/contract.ts';
import { openDatabase } from '../database/index.ts';
import {
  endLite,
  liteOfTests,
  openTestDatabase,
  serverKinds,
  serverOfTests,
  whyNot,
} from '../database/testing/index.ts';
import type { ChamberPart } from './contract.ts';
import { appRoleName, checkChambers, installChambers, settleChambers } from './index.ts';
import { facts, jobs, notes, parts } from './testing/parts.ts';

after(endLite);

/** A database of its own each time; PGlite is one for all, emptied. */
async function open(t: TestContext, where: (typeof places)[number]): Promise<Database> {
  if (where !== 'pglite') return (await openTestDatabase(t, { kind: where })).database;
  const lite = await liteOfTests();
  await lite.exec(
    `DROP SCHEMA public, stillpoint, vectors, traces, queue, verbatim CASCADE`.replace(
      /^/,
      'CREATE SCHEMA IF NOT EXISTS stillpoint; CREATE SCHEMA IF NOT EXISTS vectors; CREATE SCHEMA IF NOT EXISTS traces; CREATE SCHEMA IF NOT EXISTS queue; CREATE SCHEMA IF NOT EXISTS verbatim; ',
    ) + '; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC',
  );
  return await openDatabase({ at: lite });
}

const places = [...serverKinds, 'pglite'] as const;

for (const where of places) {
  const skip = where === 'pglite' ? false : whyNot(where);
  const install = (database: Database, which = parts): Promise<void> =>
    database.transaction((transaction) => installChambers(transaction, which, database.facts));
  const abouts = async (database: Database): Promise<readonly string[]> =>
    (await checkChambers(database, parts)).map(({ about }) => about);

  test(
    `${where}: what is set up is read back as the parts say, and again after a second time`,
    { skip },
    async (t) => {
      const database = await open(t, where);
      await install(database);
      assert.deepEqual(await checkChambers(database, parts), []);
      await install(database);
      assert.deepEqual(await checkChambers(database, parts), []);
      const { rows } = await database.query(
        `SELECT reloptions FROM pg_class WHERE oid = 'queue.job_common'::regclass`,
      );
      const options = rows[0]!['reloptions'] as string[];
      assert.ok(
        options.includes('fillfactor=60') && options.includes('autovacuum_vacuum_threshold=200'),
        String(options),
      );
    },
  );

  test(
    `${where}: each thing that is broken by hand is found, and mended by settling`,
    { skip },
    async (t) => {
      const database = await open(t, where);
      await install(database);
      const role = `"${appRoleName(database.facts.database)}"`;
      const breaks: readonly (readonly [sql: string, about: string])[] = [
        [`REVOKE USAGE ON SCHEMA vectors FROM ${role}`, 'chamber vectors'],
        [`GRANT CREATE ON SCHEMA verbatim TO ${role}`, 'chamber verbatim'],
        [`GRANT CREATE ON SCHEMA public TO PUBLIC`, 'chamber public'],
        [
          `ALTER DEFAULT PRIVILEGES IN SCHEMA traces REVOKE INSERT ON TABLES FROM ${role}`,
          'chamber traces',
        ],
        [
          `ALTER DEFAULT PRIVILEGES IN SCHEMA verbatim GRANT DELETE ON TABLES TO ${role}`,
          'chamber verbatim',
        ],
        [
          `ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE USAGE ON SEQUENCES FROM ${role}`,
          'chamber public',
        ],
        [`REVOKE UPDATE ON public.notes FROM ${role}`, 'chamber public: grants of public.notes'],
        [
          `REVOKE ALL ON SEQUENCE public.counted_n_seq FROM ${role}`,
          'grants of public.counted_n_seq',
        ],
        [`GRANT UPDATE ON verbatim.facts TO ${role}`, 'facts: grants of verbatim.facts'],
        [`GRANT UPDATE (key) ON verbatim.facts TO ${role}`, 'facts: grants of verbatim.facts'],
        [`GRANT TRUNCATE ON verbatim.facts TO PUBLIC`, 'facts: grants of verbatim.facts'],
        [`GRANT DELETE ON queue.job_common TO ${role}`, 'jobs: grants of queue.job_common'],
        [`GRANT INSERT ON stillpoint.parts TO ${role}`, 'grants of stillpoint.parts'],
        [
          'ALTER TABLE queue.job_common SET (fillfactor = 100)',
          'jobs: storage parameters of queue.job_common',
        ],
        [
          'ALTER TABLE queue.job_common RESET (autovacuum_vacuum_threshold)',
          'chamber queue: storage parameters of queue.job_common',
        ],
        [
          'ALTER TABLE queue.job_common SET (toast.autovacuum_vacuum_cost_delay = 5)',
          'chamber queue: storage parameters of queue.job_common',
        ],
        [
          'ALTER TABLE queue.job_common ALTER COLUMN data SET STORAGE main',
          'jobs: storage of queue.job_common.data',
        ],
        [
          'ALTER TABLE public.notes ALTER COLUMN body SET STORAGE plain',
          'notes: storage of public.notes.body',
        ],
        [
          'ALTER TABLE public.notes ALTER COLUMN text SET STORAGE extended',
          'notes: storage of public.notes.text',
        ],
        [
          'DROP TRIGGER stillpoint_touch ON public.notes',
          'notes: trigger "stillpoint_touch" of public.notes',
        ],
        [
          'ALTER TABLE verbatim.facts ENABLE TRIGGER "Facts stay"',
          'facts: trigger "Facts stay" of verbatim.facts',
        ],
        [
          'ALTER TABLE verbatim.facts DISABLE TRIGGER ALL',
          'facts: trigger "Facts stay" of verbatim.facts',
        ],
        [
          `CREATE OR REPLACE TRIGGER "Facts stay" BEFORE UPDATE ON verbatim.facts FOR EACH STATEMENT EXECUTE FUNCTION verbatim.refuse()`,
          'facts: trigger "Facts stay" of verbatim.facts',
        ],
        // Made by a queue, not by a migration: settings do not come from the parent.
        [
          `CREATE TABLE queue.job_mail PARTITION OF queue.job FOR VALUES IN ('mail')`,
          'chamber queue: storage parameters of queue.job_mail',
        ],
        ...(database.facts.lz4
          ? [
              [
                'ALTER TABLE public.notes ALTER COLUMN body SET COMPRESSION pglz',
                'notes: storage of public.notes.body',
              ] as const,
            ]
          : []),
      ];
      for (const [sql, about] of breaks) {
        await database.query(sql);
        const found = await checkChambers(database, parts);
        assert.ok(
          found.some((finding) =>
            finding.about.includes(about.replace(/^(jobs|chamber queue): storage p/, 'storage p')),
          ),
          `${sql}: ${JSON.stringify(found)}`,
        );
        assert.ok(
          found.every(({ mend }) => mend !== undefined),
          sql,
        );
        await database.transaction((transaction) =>
          settleChambers(transaction, parts, database.facts),
        );
        assert.deepEqual(await checkChambers(database, parts), [], sql);
      }
    },
  );

  test(
    `${where}: the application writes public, only adds to verbatim, and sees what comes later`,
    { skip },
    async (t) => {
      const database = await open(t, where);
      await install(database);
      await database.query('CREATE TABLE public.later (n serial)');
      await database.query('CREATE TABLE verbatim.later (n int)');
      const role = appRoleName(database.facts.database);
      const at = where === 'pglite' ? await liteOfTests() : await urlOf(database, where);
      await using application = await openDatabase({ at, role });
      await application.query(`INSERT INTO public.notes (text) VALUES ('a')`);
      await application.query(`UPDATE public.notes SET text = 'b'`);
      const { rows } = await application.query('SELECT text, version, id::text FROM public.notes');
      assert.equal(rows[0]!['text'], 'b');
      assert.equal(rows[0]!['version'], 2);
      assert.match(String(rows[0]!['id']), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
      await application.query('INSERT INTO public.later DEFAULT VALUES');
      await application.query('INSERT INTO verbatim.later VALUES (1)');
      await application.query(`INSERT INTO verbatim.facts VALUES ('k')`);
      for (const sql of [
        `UPDATE verbatim.facts SET key = 'x'`,
        'DELETE FROM verbatim.facts',
        'TRUNCATE verbatim.facts',
        'DELETE FROM verbatim.later',
        'CREATE TABLE public.mine (n int)',
        'DELETE FROM stillpoint.parts',
        'DROP TABLE public.notes',
      ])
        await assert.rejects(application.query(sql), { code: '42501' }, sql);
    },
  );

  test(
    `${where}: what a step leaves half-done is not there, and newer data is refused`,
    { skip },
    async (t) => {
      const database = await open(t, where);
      const failing: ChamberPart = {
        name: 'failing',
        schema: 'traces',
        steps: [() => ['CREATE TABLE traces.half (n int)', 'CREATE TABLE traces.half (n int)']],
        expects: [],
      };
      await assert.rejects(install(database, [notes, failing]), (error) => {
        assert.ok(isFailure(error, 'CHAMBER_INSTALL_FAILED'), String(error));
        assert.equal(error.data['part'], 'failing');
        return true;
      });
      const { rows } = await database.query(`SELECT to_regclass('public.notes') AS there`);
      assert.equal(rows[0]!['there'], null);
      await install(database);
      await assert.rejects(install(database, [{ ...notes, steps: [] }]), {
        code: 'CHAMBER_TOO_NEW',
      });
      const grown = {
        ...notes,
        steps: [...notes.steps, () => ['ALTER TABLE public.notes ADD COLUMN more int']],
      };
      assert.deepEqual(
        (await checkChambers(database, [grown, jobs, facts])).map(({ about }) => about),
        ['notes: version'],
      );
      await install(database, [grown, jobs, facts]);
      assert.deepEqual(await checkChambers(database, [grown, jobs, facts]), []);
      await database.query('DROP TABLE public.notes');
      assert.deepEqual((await abouts(database)).slice(0, 2), [
        'notes: version',
        'notes: public.notes',
      ]);
    },
  );

  test(`${where}: UUIDs of version 7 rise with the time`, { skip }, async (t) => {
    const database = await open(t, where);
    await install(database);
    const before = Date.now();
    const ids: string[] = [];
    for (let round = 0; round < 50; round++) {
      const { rows } = await database.query<{ id: string }>('SELECT stillpoint.uuidv7() AS id');
      ids.push(rows[0]!.id);
    }
    const told = Number.parseInt(ids[0]!.replaceAll('-', '').slice(0, 12), 16);
    assert.ok(Math.abs(told - before) < 60_000, `${told} is far from ${before}`);
    assert.deepEqual(ids, ids.toSorted());
    assert.equal(new Set(ids).size, ids.length);
    const { rows } = await database.query(
      `SELECT count(DISTINCT id) AS n FROM (SELECT stillpoint.uuidv7() AS id FROM generate_series(1, 5000)) AS many`,
    );
    assert.equal(rows[0]!['n'], '5000');
  });
}

async function urlOf(database: Database, kind: (typeof serverKinds)[number]): Promise<string> {
  const server = await serverOfTests(kind);
  return server.url(database.facts.database, database.facts.role);
}
