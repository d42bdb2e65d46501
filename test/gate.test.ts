// The gate with real databases, real repositories and real migration tools: data that is newer than the code stays closed, a
// restore opens it again, and ordinary work never meets it.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { GateVerdict, RestoreResult } from '@stillpoint/engine';
import {
  applyDrizzleMigrations,
  applyPrismaMigrations,
  createDrizzleMigration,
  createPrismaMigration,
} from './fixture/migrators.ts';
import { createProject, type Project } from './fixture/project.ts';

const member = 'app';

async function commit(project: Project, message: string): Promise<string> {
  await project.git(member, 'add', '-A');
  await project.git(member, 'commit', '-qm', message, '--allow-empty');
  return (await project.git(member, 'rev-parse', 'HEAD')).trim();
}

const urlOf = async (project: Project): Promise<string> =>
  (await project.stillpoint(['db', 'url'])).stdout.trim();

async function gate(project: Project, exit = 0): Promise<GateVerdict> {
  return project.json<GateVerdict>(['gate'], { exit });
}

const rules = ({ findings }: GateVerdict): string[] =>
  findings.map(({ level, rule, subject }) => `${level} ${rule} ${subject}`);

const withApp = (): Promise<Project> => createProject({ extensions: [member] });

test('Prisma: a checkout before a migration that was applied is closed; a restore opens it; new commits always pass', async () => {
  await using project = await withApp();
  await project.stillpoint(['db', 'start']);
  const url = await urlOf(project);
  const directory = path.join(project.directory, member);
  const user = 'model User {\n  id Int @id\n  name String\n}\n';
  await createPrismaMigration(directory, { url, name: '20260101000000_init', models: user });
  const first = await commit(project, 'init');
  assert.deepEqual(rules(await gate(project)), [], 'nothing was ever applied here');
  await applyPrismaMigrations(directory, url);
  await project.stillpoint(['exec', '--', 'true']);
  await project.stillpoint(['snapshot', '--name', 'before-orders']);

  const order = `${user}\nmodel Order {\n  id Int @id\n}\n`;
  await createPrismaMigration(directory, { url, name: '20260202000000_orders', models: order });
  await commit(project, 'orders');
  assert.deepEqual(rules(await gate(project)), ['warn pending-migrations db']);
  await applyPrismaMigrations(directory, url);
  assert.deepEqual(rules(await gate(project)), []);
  const { stderr: quiet } = await project.stillpoint(['exec', '--', 'true']);
  assert.doesNotMatch(quiet, /warning/);

  await project.git(member, 'checkout', '-q', first);
  const blocked = await gate(project, 12);
  assert.deepEqual(rules(blocked), [`block data-newer ${member}`, 'block unknown-migrations db']);
  assert.match(
    blocked.findings[1]?.evidence[0] ?? '',
    /^20260202000000_orders, which \w+ has in app\/prisma\/migrations$/,
  );
  const refused = await project.stillpoint(['exec', '--', 'touch', 'started'], { exit: 12 });
  assert.match(refused.stderr, /GATE_BLOCKED/);
  assert.match(refused.stderr, /20260202000000_orders/);
  assert.match(refused.stderr, /git -C app checkout \w+ .*stillpoint restore .*gate --accept/);
  await assert.rejects(readFile(path.join(project.directory, 'started')));
  const skipped = await project.stillpoint(['exec', '--no-gate', '--', 'true']);
  assert.match(skipped.stderr, /The gate was not asked/);

  const restored = await project.json<RestoreResult>(['restore', 'before-orders', '--yes']);
  assert.deepEqual([restored.gate.level, restored.gate.findings], ['pass', []]);
  await project.stillpoint(['exec', '--', 'true']);
  for (const n of [1, 2]) {
    await writeFile(path.join(directory, 'main.txt'), `${n}`);
    await commit(project, `work ${n}`);
    await project.stillpoint(['exec', '--', 'true']);
  }
  const { stdout } = await project.stillpoint(['gate']);
  assert.match(stdout, /^pass {2}1 database, 1 stamped; 2 members$/m);
});

test('Drizzle: the same by its own migrator, and what is accepted stays accepted', async () => {
  await using project = await withApp();
  await project.stillpoint(['db', 'start']);
  const url = await urlOf(project);
  const directory = path.join(project.directory, member);
  const users = 'CREATE TABLE "users" (\n\t"id" serial PRIMARY KEY NOT NULL\n);\n';
  await createDrizzleMigration(directory, {
    tag: '0000_init',
    when: 1_760_000_000_000,
    sql: users,
  });
  const first = await commit(project, 'init');
  await applyDrizzleMigrations(directory, url);
  await createDrizzleMigration(directory, {
    tag: '0001_orders',
    when: 1_760_000_100_000,
    sql: 'CREATE TABLE "orders" (\n\t"id" serial PRIMARY KEY NOT NULL\n);\n',
  });
  const second = await commit(project, 'orders');
  const pending = await gate(project);
  assert.deepEqual(pending.findings[0]?.evidence, ['0001_orders, in app/drizzle']);
  await applyDrizzleMigrations(directory, url);
  assert.deepEqual(rules(await gate(project)), []);
  await project.stillpoint(['snapshot', '--name', 'with-orders']);

  // Never started by exec: there is no stamp, and the ledger alone tells.
  await project.git(member, 'checkout', '-q', first);
  const blocked = await gate(project, 12);
  assert.deepEqual(rules(blocked), ['block unknown-migrations db', `warn code-older ${member}`]);
  assert.deepEqual(blocked.findings[0]?.evidence, [
    `0001_orders, which ${second.slice(0, 12)} has in app/drizzle`,
  ]);
  const unasked = await project.stillpoint(['gate', '--accept'], { exit: 2 });
  assert.match(unasked.stderr, /ACCEPT_NEEDS_YES/);
  assert.equal((await project.json<GateVerdict>(['gate', '--accept', '--yes'])).level, 'pass');
  await project.stillpoint(['exec', '--', 'true']);

  // The stamp is part of the data: it comes back with it, and says what it said then.
  await project.stillpoint(['restore', 'with-orders', '--yes']);
  assert.deepEqual(rules(await gate(project)), []);
  await project.git(member, 'checkout', '-q', first);
  assert.equal((await gate(project, 12)).level, 'block');
  await project.stillpoint(['undo', '--yes']);
  assert.equal((await gate(project)).level, 'pass', 'accepted then');
});

test('SQLite, with stamps alone: a restore that brings a blocked state back says so, and stays', async () => {
  const sources = { data: { driver: 'sqlite', file: 'data.db' } };
  await using project = await createProject({
    database: false,
    extensions: [member],
    config: { sources },
  });
  const file = path.join(project.directory, 'data.db');
  const change = (sql: string): void => {
    using database = new DatabaseSync(file);
    database.exec(sql);
  };
  change('CREATE TABLE knex_migrations (name text, batch integer, migration_time text)');
  const first = await commit(project, 'the same');
  const none = await project.stillpoint(['exec', '--', 'true']);
  assert.doesNotMatch(none.stderr, /warning/);
  await writeFile(path.join(project.directory, member, 'main.txt'), 'newer');
  const second = await commit(project, 'newer');
  await project.stillpoint(['exec', '--', 'true']);
  await project.stillpoint(['snapshot', '--name', 'good']);

  await project.git(member, 'checkout', '-q', first);
  assert.deepEqual(rules(await gate(project, 12)), [`block data-newer ${member}`]);
  await project.stillpoint(['snapshot', '--name', 'bad']);
  await project.stillpoint(['restore', 'good', '--yes']);
  assert.equal((await project.git(member, 'rev-parse', 'HEAD')).trim(), second);
  const { stdout, stderr } = await project.stillpoint(['restore', 'bad', '--yes'], { exit: 12 });
  assert.match(stdout, /^Restored /m);
  assert.match(stderr, /block app: Newer code than the checkout/);
  assert.match(stderr, /GATE_BLOCKED: The gate is closed, and the restore is done and stays/);
  assert.equal((await project.git(member, 'rev-parse', 'HEAD')).trim(), first);
  await project.stillpoint(['undo', '--yes']);
  assert.equal((await gate(project)).level, 'pass');
});
