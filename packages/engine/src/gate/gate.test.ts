// The gate's rules: real repositories, databases in memory. With real databases: test/gate.test.ts.
import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { digestOf, isFailure, newSnapshotId } from '@stillpoint/core';
import { signLockfile } from '../snapshot/lockfile.ts';
import { acceptState, evaluateGate } from './index.ts';
import { createGateStage, createMemoryDatabase, type GateStage } from './testing/gate-stage.ts';

const { signal } = new AbortController();

const look = ({ engine }: GateStage) => evaluateGate(engine, { stamp: false, signal });
const start = ({ engine }: GateStage) => evaluateGate(engine, { stamp: true, signal });
const rules = ({ findings }: Awaited<ReturnType<typeof look>>) =>
  findings.map(({ level, rule, subject }) => `${level} ${rule} ${subject}`);

/** As a snapshot leaves it. */
async function writeLock(
  stage: GateStage,
  members: Readonly<Record<string, string>>,
  locks: Readonly<Record<string, string>> = {},
): Promise<void> {
  const lock = signLockfile({
    members: Object.entries(members).map(([member, commit]) => ({
      path: member,
      commit,
      branch: 'main',
      dirty: false,
      remotes: [],
      dependencyLocks: Object.entries(locks).map(([name, content]) => ({
        path: name,
        digest: digestOf(Buffer.from(content)),
      })),
    })),
    sources: [],
  });
  await writeFile(stage.state.lockfile, JSON.stringify(lock));
}

test('new commits pass, also with another schema, and the stamp follows the code', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['.', 'extension'], [db]);
  await stage.commit('.', { 'a.txt': '1', '.gitignore': '.stillpoint/\nextension/\n' });
  await stage.commit('extension', { 'b.txt': '1' });
  assert.equal((await look(stage)).level, 'pass');
  assert.deepEqual([db.stamp], [undefined], 'looking writes nothing');
  const first = await start(stage);
  assert.deepEqual(first.databases, [
    { source: 'db', name: 'app', stampedAt: null, stamped: true },
  ]);
  assert.equal((await start(stage)).databases[0]?.stamped, false, 'written only when it differs');

  const commit = await stage.commit('.', { 'a.txt': '2' });
  db.schema = digestOf(Buffer.from('migrated'));
  const second = await start(stage);
  assert.deepEqual([second.level, second.findings], ['pass', []]);
  assert.ok(db.stamp?.includes(commit));
  await stage.write('.', { 'a.txt': 'edited' });
  assert.equal((await look(stage)).level, 'pass', 'an edited work tree');
});

test('a checkout of an older commit is blocked, until it is accepted', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['core'], [db]);
  const old = await stage.commit('core', { 'a.txt': '1' });
  const young = await stage.commit('core', { 'a.txt': '2' });
  await start(stage);
  stage.git('core', 'checkout', '-q', old);
  const { stamp } = db;
  const blocked = await start(stage);
  assert.deepEqual(rules(blocked), ['block data-newer core']);
  assert.ok(blocked.findings[0]?.evidence.some((line) => line.includes(young.slice(0, 12))));
  assert.match(
    blocked.findings[0]?.hint ?? '',
    new RegExp(`git -C core checkout ${young.slice(0, 12)}`),
  );
  assert.equal(db.stamp, stamp, 'what blocks is not stamped over');
  const accepted = await acceptState(stage.engine, signal);
  assert.equal(accepted.level, 'pass');
  assert.equal((await start(stage)).level, 'pass');
});

test('histories that parted block, unless the files are the same', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['.'], [db]);
  await stage.commit('.', { 'a.txt': '1', '.gitignore': '.stillpoint/\n' });
  await stage.commit('.', { 'a.txt': '2' });
  await start(stage);
  stage.git('.', 'commit', '-q', '--amend', '-m', 'another message');
  assert.equal((await look(stage)).level, 'pass', 'other words, the same files');
  await stage.write('.', { 'a.txt': '3' });
  stage.git('.', 'commit', '-qa', '--amend', '-m', 'other files');
  assert.deepEqual(rules(await look(stage)), ['block diverged .']);
  stage.git('.', 'reflog', 'expire', '--expire=now', '--all');
  stage.git('.', 'gc', '-q', '--prune=now');
  const unknown = await look(stage);
  assert.deepEqual(rules(unknown), ['block diverged .']);
  assert.match(unknown.findings[0]?.what ?? '', /not in this repository/);
});

test('migrations of Prisma that the checkout does not have block and are named; those it has in addition warn', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  const migration = (name: string) => ({ [`prisma/migrations/${name}/migration.sql`]: 'x' });
  const rows = (...names: string[]) =>
    names.map((name) => ({ migration_name: name, finished_at: 'now', rolled_back_at: null }));
  const old = await stage.commit('app', { ...migration('1_init'), 'schema.prisma': '' });
  const young = await stage.commit('app', {
    ...migration('2_orders'),
    'migrations/elsewhere.sql': 'x',
  });
  db.tables.set('public._prisma_migrations', rows('1_init', '2_orders'));
  assert.deepEqual((await look(stage)).findings, []);
  await stage.write('app', migration('3_new'));
  const pending = await look(stage);
  assert.deepEqual(rules(pending), ['warn pending-migrations db']);
  assert.deepEqual(pending.findings[0]?.evidence, ['3_new, in app/prisma/migrations']);
  db.tables.set('public._prisma_migrations', rows('1_init', '2_orders', '3_new'));
  assert.deepEqual((await look(stage)).findings, [], 'applied before it was committed');

  await rm(path.join(stage.directory, 'app/prisma/migrations/3_new'), { recursive: true });
  stage.git('app', 'checkout', '-q', old);
  const blocked = await look(stage);
  assert.deepEqual(rules(blocked), ['block unknown-migrations db']);
  assert.deepEqual(blocked.findings[0]?.evidence, [
    `2_orders, which ${young.slice(0, 12)} has in app/prisma/migrations`,
    '3_new',
  ]);
  assert.equal((await acceptState(stage.engine, signal)).level, 'pass');
  assert.equal((await start(stage)).level, 'pass', 'accepted for good');
  db.tables.set('public._prisma_migrations', rows('1_init', '2_orders', '3_new', '4_more'));
  assert.deepEqual((await look(stage)).findings[0]?.evidence, ['4_more'], 'new evidence');
});

test('a migration whose file was deleted, or lies only where git ignores it, is not in the checkout', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  const files = ['1_init', '2_orders'].map((name) => `migrations/${name}/migration.sql`);
  await stage.commit('app', {
    '.gitignore': 'dist/\n',
    ...Object.fromEntries(files.map((f) => [f, 'x'])),
  });
  await stage.write('app', { [`dist/${files[1]}`]: 'x' });
  db.tables.set('public._prisma_migrations', [
    { migration_name: '1_init', finished_at: 'now', rolled_back_at: null },
    { migration_name: '2_orders', finished_at: 'now', rolled_back_at: null },
  ]);
  assert.equal((await look(stage)).level, 'pass');
  await rm(path.join(stage.directory, 'app', files[1]!));
  assert.deepEqual((await look(stage)).findings[0]?.evidence, ['2_orders']);
});

test('a ledger without any directory blocks only if an earlier commit had one', async () => {
  const db = createMemoryDatabase('db', 'sqlite');
  await using stage = await createGateStage(['app'], [db]);
  db.tables.set('_prisma_migrations', [
    { migration_name: '1_init', finished_at: 'now', rolled_back_at: null },
  ]);
  const before = await stage.commit('app', { 'a.txt': '1' });
  assert.equal((await look(stage)).level, 'pass', 'the code may not be in the project');
  const after = await stage.commit('app', { 'prisma/migrations/1_init/migration.sql': 'x' });
  await writeLock(stage, { app: after });
  stage.git('app', 'checkout', '-q', before);
  const blocked = await look(stage);
  assert.deepEqual(rules(blocked), ['block unknown-migrations db', 'warn code-older app']);
  assert.deepEqual(blocked.findings[0]?.evidence, [
    `1_init, which ${after.slice(0, 12)} has in app/prisma/migrations`,
  ]);
});

test('without a stamp and a snapshot git tells what was there: it names, and it blocks only where HEAD is older', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  const journal = (...tags: string[]) =>
    JSON.stringify({ entries: tags.map((tag, at) => ({ idx: at, when: 1000 + at, tag })) });
  const drizzle = (...tags: string[]) => ({ 'drizzle/meta/_journal.json': journal(...tags) });
  const none = await stage.commit('app', { 'a.txt': '1' });
  const old = await stage.commit('app', drizzle('0000_init'));
  const young = await stage.commit('app', drizzle('0000_init', '0001_orders'));
  db.tables.set('drizzle.__drizzle_migrations', [
    { hash: 'a', created_at: '1000' },
    { hash: 'b', created_at: '1001' },
  ]);
  const orders = `0001_orders, which ${young.slice(0, 12)} has in app/drizzle`;
  stage.git('app', 'checkout', '-q', old);
  assert.deepEqual((await look(stage)).findings[0]?.evidence, [orders]);
  stage.git('app', 'checkout', '-q', '-B', 'main', none);
  const reset = await look(stage);
  assert.deepEqual(rules(reset), ['block unknown-migrations db'], 'HEAD has no directory yet');
  assert.equal(reset.findings[0]?.evidence[1], orders, 'only the reflog knows it');
  await stage.commit('app', { 'b.txt': 'moved elsewhere' });
  stage.git('app', 'branch', 'parted', young);
  assert.equal((await look(stage)).level, 'pass', 'a branch that parted long ago');
});

test('migrations that failed or were rolled back warn, those that were applied again do not', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  const names = ['1_again', '2_failed', '3_undone'];
  await stage.commit(
    'app',
    Object.fromEntries(names.map((name) => [`prisma/migrations/${name}/migration.sql`, 'x'])),
  );
  db.tables.set('public._prisma_migrations', [
    { migration_name: '1_again', finished_at: null, rolled_back_at: 'then' },
    { migration_name: '1_again', finished_at: 'now', rolled_back_at: null },
    { migration_name: '2_failed', finished_at: null, rolled_back_at: null },
    { migration_name: '3_undone', finished_at: null, rolled_back_at: 'then' },
  ]);
  const verdict = await look(stage);
  assert.deepEqual(rules(verdict), ['warn failed-migrations db']);
  assert.deepEqual(verdict.findings[0]?.evidence, ['2_failed: failed', '3_undone: rolled back']);
});

test('Knex: the directory may have any name and the ending may be another', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  const old = await stage.commit('app', {
    'src/db/steps/20260101_init.ts': '',
    'src/db/steps/index.ts': '',
    'src/main.ts': '',
  });
  const young = await stage.commit('app', { 'src/db/steps/20260202_orders.ts': '' });
  const row = (name: string) => ({ name, batch: '1', migration_time: 'now' });
  db.tables.set('public.knex_migrations', [row('20260101_init.js')]);
  const pending = await look(stage);
  assert.deepEqual(pending.findings[0]?.evidence, ['20260202_orders.ts, in app/src/db/steps']);
  db.tables.set('public.knex_migrations', [row('20260101_init.js'), row('20260202_orders.js')]);
  assert.equal((await look(stage)).level, 'pass');
  stage.git('app', 'checkout', '-q', old);
  assert.deepEqual((await look(stage)).findings[0]?.evidence, [
    `20260202_orders.ts, which ${young.slice(0, 12)} has in app/src/db/steps`,
  ]);
});

test("Stillpoint's own ledger, in both databases", async () => {
  const databases = [createMemoryDatabase('pg'), createMemoryDatabase('lite', 'sqlite')];
  await using stage = await createGateStage(['app'], databases);
  const old = await stage.commit('app', { 'stillpoint/migrations/1-init.sql': '' });
  const young = await stage.commit('app', { 'stillpoint/migrations/2-orders/up.sql': '' });
  databases[0]!.tables.set('stillpoint.migrations', [{ name: '1-init.sql' }, { name: '2-orders' }]);
  databases[1]!.tables.set('stillpoint_migrations', [{ name: '1-init' }, { name: '2-orders' }]);
  assert.equal((await look(stage)).level, 'pass');
  stage.git('app', 'checkout', '-q', old);
  const verdict = await look(stage);
  assert.deepEqual(rules(verdict), [
    'block unknown-migrations pg',
    'block unknown-migrations lite',
  ]);
  assert.deepEqual(verdict.findings[0]?.evidence, [
    `2-orders, which ${young.slice(0, 12)} has in app/stillpoint/migrations`,
  ]);
});

test('Drizzle: a migration is known by its content, its time or its name, and named by an earlier commit', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  const journal = (...tags: string[]) =>
    JSON.stringify({ entries: tags.map((tag, at) => ({ idx: at, when: 1000 + at, tag })) });
  const old = await stage.commit('app', {
    'drizzle/meta/_journal.json': journal('0000_init'),
    'drizzle/0000_init.sql': 'a',
    'other/meta/_journal.json': 'not of Drizzle',
  });
  const young = await stage.commit('app', {
    'drizzle/meta/_journal.json': journal('0000_init', '0001_orders'),
    'drizzle/0001_orders.sql': 'b',
  });
  db.tables.set('drizzle.__drizzle_migrations', [
    { hash: 'of the file with other line ends', created_at: '1000' },
    { hash: '3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d', created_at: '77' },
  ]);
  assert.equal((await look(stage)).level, 'pass');
  await writeLock(stage, { app: young });
  stage.git('app', 'checkout', '-q', old);
  const [blocked] = (await look(stage)).findings;
  assert.deepEqual(blocked?.evidence, [
    `0001_orders, which ${young.slice(0, 12)} has in app/drizzle`,
  ]);
});

test('Drizzle 1.0: folders instead of a journal, which are not those of Prisma', async () => {
  const db = createMemoryDatabase('db', 'sqlite');
  await using stage = await createGateStage(['app'], [db]);
  const files = (name: string) => ({
    [`drizzle/${name}/migration.sql`]: name,
    [`drizzle/${name}/snapshot.json`]: '{}',
  });
  const old = await stage.commit('app', files('20260101000000_init'));
  const young = await stage.commit('app', files('20260202000000_orders'));
  db.tables.set('__drizzle_migrations', [
    { hash: 'x', created_at: '1', name: '20260101000000_init' },
    { hash: 'y', created_at: '2', name: '20260202000000_orders' },
  ]);
  db.tables.set('_prisma_migrations', []);
  assert.equal((await look(stage)).level, 'pass');
  stage.git('app', 'checkout', '-q', old);
  assert.deepEqual((await look(stage)).findings[0]?.evidence, [
    `20260202000000_orders, which ${young.slice(0, 12)} has in app/drizzle`,
  ]);
});

test('dependency lockfiles that changed at the captured commit warn, not those of another commit', async () => {
  await using stage = await createGateStage(['app'], []);
  const commit = await stage.commit('app', { 'package-lock.json': 'one', 'uv.lock': 'one' });
  await writeLock(stage, { app: commit }, { 'package-lock.json': 'one', 'uv.lock': 'one' });
  assert.equal((await look(stage)).level, 'pass');
  await stage.write('app', { 'package-lock.json': 'two' });
  const verdict = await look(stage);
  assert.deepEqual(rules(verdict), ['warn stale-dependencies app']);
  assert.match(verdict.findings[0]?.evidence[0] ?? '', /^package-lock.json /);
  await stage.commit('app', { 'package-lock.json': 'three' });
  assert.equal((await look(stage)).level, 'pass');
});

test('a broken seal warns until it is accepted', async () => {
  await using stage = await createGateStage(['app'], [createMemoryDatabase('db')]);
  await stage.commit('app', { 'a.txt': '1' });
  const seal = { snapshot: newSnapshotId(), sources: ['db'], at: '2026-11-21T16:04:05.678Z' };
  await stage.state.writeBrokenSeal(seal);
  assert.deepEqual(rules(await start(stage)), ['warn broken-seal db']);
  assert.equal((await acceptState(stage.engine, signal)).level, 'pass');
  assert.equal(await stage.state.readBrokenSeal(), undefined);
});

test('every part of a broken seal is named, with what stayed', async () => {
  await using stage = await createGateStage(['app'], [createMemoryDatabase('db')]);
  await stage.commit('app', { 'a.txt': '1' });
  const at = '2026-11-21T16:04:05.678Z';
  const earlier = [{ snapshot: newSnapshotId(), sources: ['app'], at }];
  const last = { snapshot: newSnapshotId(), sources: ['db'], at, stayed: ['app', 'uploads'] };
  await stage.state.writeBrokenSeal({ ...last, earlier });
  const [finding] = (await look(stage)).findings;
  assert.equal(finding?.subject, 'app, db');
  assert.match(finding?.evidence[0] ?? '', /^app restored alone/);
  assert.match(finding?.evidence[1] ?? '', /^db restored alone.*; app, uploads stayed as it was$/);
});

test('a stamp that cannot be written warns; accepting then fails', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  await stage.commit('app', { 'a.txt': '1' });
  db.readOnly = true;
  assert.deepEqual(rules(await start(stage)), ['warn stamp-not-written db']);
  await assert.rejects(acceptState(stage.engine, signal), (error) =>
    isFailure(error, 'STAMP_NOT_WRITABLE'),
  );
});

test('a member that is gone warns, and what its stamp said is kept', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app', 'empty'], [db]);
  const commit = await stage.commit('app', { 'a.txt': '1' });
  await start(stage);
  await rm(path.join(stage.directory, 'app'), { recursive: true });
  await stage.commit('empty', { 'a.txt': '1' });
  assert.deepEqual(rules(await start(stage)), ['warn member-missing app']);
  assert.ok(db.stamp?.includes(commit));
});

test('a stamp that says something else is none, and never an argument of git', async () => {
  const db = createMemoryDatabase('db');
  await using stage = await createGateStage(['app'], [db]);
  await stage.commit('app', { 'a.txt': '1' });
  for (const stamp of ['', '{', '[]', '{"format":1}', '{"format":9}']) {
    db.stamp = stamp;
    assert.equal((await look(stage)).level, 'pass');
  }
  await start(stage);
  db.stamp = db.stamp?.replace(/"commit":"\w+"/, '"commit":"--output=/tmp/x"');
  const verdict = await look(stage);
  assert.deepEqual([verdict.level, verdict.databases[0]?.stampedAt], ['pass', null]);
});
