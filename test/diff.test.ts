// diff through the real command: a project with a managed Postgres and repositories, changed in every way between two
// snapshots, and again after the second.
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { identifyProcess } from '@stillpoint/core';
import type { Lockfile, SourceDiff, StateDiff } from '@stillpoint/engine';
import { startCommand } from './fixture/command.ts';
import { createProject, type Project } from './fixture/project.ts';

let project: Project;

before(async () => {
  project = await createProject({ extensions: ['extensions/alpha'] });
  await project.stillpoint(['db', 'start']);
  await query(`
    CREATE TABLE orders (id int PRIMARY KEY, status text, note text);
    INSERT INTO orders SELECT g, 'open', 'n' || g FROM generate_series(1, 100) g;
    CREATE TABLE "Odd name" (v text);
    CREATE TABLE old (id int);
    CREATE INDEX orders_status ON orders (status)`);
  await write('kept.txt', 'dirty\n');
  await write('package-lock.json', '{"v":1}\n');
  await project.stillpoint(['snapshot', '--name', 'first']);

  await query(`
    ALTER TABLE orders ADD COLUMN total int;
    ALTER TABLE orders ALTER COLUMN note TYPE varchar(100);
    DROP INDEX orders_status; CREATE INDEX orders_note ON orders (note);
    UPDATE orders SET status = 'done' WHERE id = 7; DELETE FROM orders WHERE id > 98; INSERT INTO orders VALUES (200, 'new', NULL, 5);
    DROP TABLE old; CREATE TABLE fresh (id int PRIMARY KEY); INSERT INTO fresh VALUES (1), (2);
    INSERT INTO "Odd name" VALUES (E'\\x1b[31m red')`);
  await write('counter.txt', '1\n');
  await project.git('.', 'commit', '-qm', 'Count to one', '--', 'counter.txt');
  await write('untracked.txt', 'new\n');
  await write('package-lock.json', '{"v":2}\n');
  await rm(path.join(project.directory, 'README.md'));
  await project.stillpoint(['snapshot', '--name', 'second']);
});

after(async () => {
  await project[Symbol.asyncDispose]();
});

async function query(sql: string): Promise<void> {
  const client = await project.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

const write = (name: string, content: string): Promise<void> =>
  writeFile(path.join(project.directory, name), content);

function source({ sources }: StateDiff, name: string): SourceDiff {
  return sources.find((one) => one.name === name)!;
}

async function leavesNothing(work: () => Promise<void>): Promise<void> {
  const places = async (): Promise<unknown> => [
    await readdir(path.join(project.directory, '.stillpoint', 'work')),
    (await project.json(['db', 'status']))['incarnation'],
    await project.git('.', 'status', '--porcelain'),
  ];
  const found = await places();
  await work();
  assert.deepEqual(await places(), found);
}

test('two snapshots: commits, files, schema and rows that differ are named', async () => {
  await leavesNothing(async () => {
    const diff = await project.json<StateDiff>(['diff', 'first', 'second']);
    assert.equal(diff.different, true);
    assert.deepEqual([diff.from.name, diff.to.name], ['first', 'second']);
    assert.notEqual(diff.lockfile.signature.from, diff.lockfile.signature.to);
    assert.deepEqual(diff.lockfile.dependencyLocks, [
      { source: '.', path: 'package-lock.json', state: 'changed' },
    ]);
    assert.equal(source(diff, 'extensions/alpha').state, 'same');

    const core = source(diff, '.');
    assert.deepEqual([core.commits!.ahead, core.commits!.behind], [1, 0]);
    assert.equal(core.commits!.added[0]!.subject, 'Count to one');
    assert.deepEqual(
      core.files!.changes.map(({ state, path: name }) => `${state} ${name}`),
      [
        'removed README.md',
        'changed counter.txt',
        'changed package-lock.json',
        'added untracked.txt',
      ],
    );

    const shop = source(diff, 'db').databases!.find(({ name }) => name === 'app')!;
    assert.deepEqual(
      shop.tables.map(({ name, state }) => `${state} ${name}`),
      ['changed Odd name', 'added fresh', 'removed old', 'changed orders'],
    );
    const orders = shop.tables.at(-1)!;
    assert.deepEqual(orders.columns.added, [{ name: 'total', definition: 'integer' }]);
    assert.deepEqual(orders.columns.changed, [
      { name: 'note', from: 'text', to: 'character varying(100)' },
    ]);
    assert.deepEqual(
      [orders.indexes.added[0]!.name, orders.indexes.removed[0]!.name],
      ['orders_note', 'orders_status'],
    );
    const { samples, ...counts } = orders.rows!;
    assert.deepEqual(counts, {
      count: { from: 100, to: 99 },
      oneIn: 1,
      added: 1,
      removed: 2,
      changed: 1,
    });
    assert.ok(
      samples.some(({ key, columns }) => key['id'] === '7' && columns['status']?.to === 'done'),
    );
    assert.equal(shop.otherSchemaChange, false);
  });
});

test('a snapshot and what is there now: only what happened since', async () => {
  await query("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
  await write('untracked.txt', 'new, and changed\n');
  await leavesNothing(async () => {
    const diff = await project.json<StateDiff>(['diff', 'second']);
    assert.equal(diff.to.snapshot, null);
    assert.deepEqual(
      source(diff, '.').files!.changes.map(({ state, path: name }) => `${state} ${name}`),
      ['changed untracked.txt'],
    );
    assert.equal(source(diff, '.').commits!.ahead, 0);
    const shop = source(diff, 'db').databases!.find(({ name }) => name === 'app')!;
    assert.deepEqual([shop.tables, shop.otherSchemaChange], [[], true]);
  });
});

test('as text, on lines that fit, with nothing in them that a terminal obeys', async () => {
  const { stdout } = await project.stillpoint(['diff', 'first']);
  for (const expected of [
    /main [0-9a-f]{8} → [0-9a-f]{8}: 1 commit more/,
    /\+ [0-9a-f]{8} Count to one/,
    /4 files: 1 added, 1 removed, 2 changed/,
    /M counter\.txt/,
    /~ public\.orders: 100 → 99 rows, 1 added, 2 removed, 1 changed/,
    /\+ column total integer/,
    /~ column note text → character varying\(100\)/,
    /~ row id=7 {2}status: 'open' → 'done'/,
    /\+ row id=200 {2}status='new' note=NULL total='5'/,
    /database app: 4 tables differ/,
    /\\u001b\[31m red/,
    /~ dependencies package-lock\.json/,
    /same: extensions\/alpha/,
  ]) {
    assert.match(stdout, expected);
  }
  // eslint-disable-next-line no-control-regex -- what must not be there
  assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f]/);
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
});

test('what is equal is said to be', async () => {
  const { stdout } = await project.stillpoint(['diff', 'second', 'second', '--schema-only']);
  assert.match(stdout, /Nothing that was compared differs\./);
});

test('a diff that is killed leaves what it found; the next one clears away what it made, and with --schema-only looks at no rows', async () => {
  const { dataDirectory } = await project.json<{ dataDirectory: string }>(['db', 'status']);
  const incarnations = path.dirname(path.dirname(dataDirectory));
  const child = startCommand(['diff', 'first'], { cwd: project.directory });
  for await (const line of createInterface({ input: child.stderr! })) {
    // Both databases are open now.
    if (line.includes('database app')) child.kill('SIGKILL');
  }
  const live = path.basename(path.dirname(dataDirectory));
  const [left] = (await readdir(incarnations)).filter((name) => name !== live);
  const pidFile = path.join(incarnations, left!, 'data', 'postmaster.pid');
  const pid = Number.parseInt(await readFile(pidFile, 'utf8'), 10);
  const diff = await project.json<StateDiff>(['diff', 'first', '--schema-only']);
  const shop = source(diff, 'db').databases!.find(({ name }) => name === 'app')!;
  assert.deepEqual(
    shop.tables.map(({ name, rows }) => `${name} ${rows === null}`),
    ['fresh true', 'old true', 'orders true'],
  );
  assert.deepEqual(await readdir(incarnations), [live]);
  // A zombie counts as ended: whether somebody reaps it is up to the machine.
  assert.equal(identifyProcess(pid), undefined);
});

test('a source that the configuration does not name any more is told, and the rest is compared', async () => {
  const config = path.join(project.directory, 'stillpoint.config.json');
  await writeFile(config, JSON.stringify({ members: ['.', 'extensions/alpha'] }));
  const diff = await project.json<StateDiff>(['diff', 'first', 'second']);
  const { state, problem } = source(diff, 'db');
  assert.equal(state, 'unknown');
  assert.match(problem!, /configuration/);
  assert.equal(source(diff, '.').state, 'changed');
  await writeFile(
    config,
    JSON.stringify({ members: ['.', 'extensions/alpha'], sources: { db: { driver: 'postgres' } } }),
  );
});

test('show --lock prints the lockfile', async () => {
  const lockfile = await project.json<Lockfile>(['show', 'second', '--lock']);
  assert.match(lockfile.signature, /^blake3:/);
  const { stdout } = await project.stillpoint(['show', 'second', '--lock']);
  assert.deepEqual(JSON.parse(stdout), lockfile);
  assert.match(stdout, /^\{\n {2}"format": 1,/);
});

test('SQLite files and directories are compared too, live and captured, without a server', async () => {
  await using small = await createProject({
    extensions: [],
    database: false,
    config: {
      sources: {
        notes: { driver: 'sqlite', file: 'notes.db' },
        uploads: { driver: 'files', path: 'uploads' },
      },
    },
  });
  const at = (name: string): string => path.join(small.directory, name);
  const change = (sql: string): void => {
    using database = new DatabaseSync(at('notes.db'));
    database.exec(sql);
  };
  change("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT); INSERT INTO note VALUES (1, 'a')");
  await mkdir(at('uploads'));
  await writeFile(at('uploads/one.png'), 'one');
  await small.stillpoint(['snapshot', '--name', 'first']);
  change("UPDATE note SET body = 'b'; ALTER TABLE note ADD COLUMN kind TEXT");
  await writeFile(at('uploads/two.png'), 'two');
  await small.stillpoint(['snapshot', '--name', 'second']);
  for (const args of [['first'], ['first', 'second']]) {
    const diff = await small.json<StateDiff>(['diff', ...args]);
    const [notes] = source(diff, 'notes').databases!;
    assert.deepEqual(notes!.problem, null);
    const [table] = notes!.tables;
    assert.deepEqual(table!.columns.added, [{ name: 'kind', definition: 'TEXT' }]);
    assert.deepEqual(table!.rows!.samples, [
      { state: 'changed', key: { id: '1' }, columns: { body: { from: 'a', to: 'b' } } },
    ]);
    assert.deepEqual(
      source(diff, 'uploads').files!.changes.map(({ state, path: name }) => `${state} ${name}`),
      ['added two.png'],
    );
  }
  assert.deepEqual(await readdir(at('.stillpoint/work')), []);
});
