// The gate with real databases, real repositories and real migration tools: data that is newer than the code stays closed, a
// restore opens it again, and ordinary work never meets it.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { GateVerdict, RestoreResult } from '@stillpoint/engine';
import {
  findServerPrograms,
  OWNER,
  startTestServer,
} from '../packages/engine/src/sources/postgres/by-url/testing.ts';
import { applyDrizzleMigrations, createDrizzleMigration } from './fixture/migrators.ts';
import { createProject, type Project } from './fixture/project.ts';
import { openPublished, paperclip, sabcon, type PublishedProject } from './fixture/published.ts';

const member = 'app';

// Both in `npm run test:soak`; each takes as long as ten other files.
const soak = process.env['STILLPOINT_SOAK'] !== undefined;

async function commit(project: Project, message: string): Promise<string> {
  await project.git(member, 'add', '-A');
  await project.git(member, 'commit', '-qm', message, '--allow-empty');
  return (await project.git(member, 'rev-parse', 'HEAD')).trim();
}

async function gate(project: Project, exit = 0): Promise<GateVerdict> {
  return project.json<GateVerdict>(['gate'], { exit });
}

const rules = ({ findings }: GateVerdict): string[] =>
  findings.map(({ level, rule, subject }) => `${level} ${rule} ${subject}`);

test('applications of others: a checkout before a migration that was applied is closed; a restore opens it', async (t) => {
  const programs = await findServerPrograms();
  if (programs === undefined) return t.skip('no server programs of Debian');
  await using server = await startTestServer(programs);
  // Sabcon's tables force row security on their owner as well; doctor asks for this then.
  await (await server.admin()).query(`ALTER ROLE ${OWNER} BYPASSRLS`);
  for (const [at, application] of (soak ? [sabcon, paperclip] : [sabcon]).entries()) {
    await t.test(application.title, async (t) => {
      await server.createDatabase(`app${at}`);
      await using person = await openPublished(t, application, server.url(`app${at}`));
      if (person !== undefined) await goBackAndForth(person);
    });
  }
});

/** As somebody does it who has read the README, and knows nothing of stamps. */
async function goBackAndForth(person: PublishedProject): Promise<void> {
  const later = person.migrations.slice(-2);
  await person.commit(person.migrations.length - 2);
  await person.migrate();
  assert.match(await person.stillpoint('init --yes'), /DATABASE_URL, \.env/);
  await person.shell('git add -A && git commit -qm "Stillpoint"');
  assert.match(await person.stillpoint('doctor'), /^0 problems/m);
  await person.stillpoint('snapshot --name before');

  const young = await person.commit(person.migrations.length);
  const pending = await person.stillpoint('gate');
  assert.match(pending, /^warn /m);
  for (const name of later) assert.ok(pending.includes(`${name}, in `), pending);
  await person.migrate();

  await person.shell('git checkout -q HEAD~1');
  const blocked = await person.stillpoint('gate', 12);
  for (const name of later) {
    assert.ok(blocked.includes(`${name}, which ${young.slice(0, 12)} has in `), blocked);
  }
  const refused = await person.stillpoint('exec -- touch started', 12);
  assert.match(refused, /GATE_BLOCKED/);
  assert.match(refused, /git checkout \w+ .*stillpoint restore .*gate --accept/);
  await assert.rejects(readFile(path.join(person.directory, 'started')));

  await person.stillpoint('restore before --yes');
  assert.match(await person.stillpoint('gate'), /^pass {2}1 database, 0 stamped; 1 member$/m);
  for (const check of ['exec -- true', 'gate']) {
    await person.shell('echo more >> work.txt && git add -A && git commit -qm "More"');
    assert.doesNotMatch(await person.stillpoint(check), /warn|block/, check);
  }
}

test('what is accepted stays accepted, and comes back with the data', async () => {
  await using project = await createProject({ extensions: [member] });
  await project.stillpoint(['db', 'start']);
  const url = (await project.stillpoint(['db', 'url'])).stdout.trim();
  const directory = path.join(project.directory, member, 'drizzle');
  const create = (at: number, table: string): Promise<void> =>
    createDrizzleMigration(directory, {
      tag: `000${at}_${table}`,
      when: 1_760_000_000_000 + at,
      sql: `CREATE TABLE "${table}" (\n\t"id" serial PRIMARY KEY NOT NULL\n);\n`,
    });
  await create(0, 'users');
  const first = await commit(project, 'users');
  await create(1, 'orders');
  await commit(project, 'orders');
  await applyDrizzleMigrations(directory, url);
  await project.stillpoint(['snapshot', '--name', 'with-orders']);

  await project.git(member, 'checkout', '-q', first);
  const blocked = await gate(project, 12);
  assert.deepEqual(rules(blocked), ['block unknown-migrations db', `warn code-older ${member}`]);
  const unasked = await project.stillpoint(['gate', '--accept'], { exit: 2 });
  assert.match(unasked.stderr, /ACCEPT_NEEDS_YES/);
  assert.equal((await project.json<GateVerdict>(['gate', '--accept', '--yes'])).level, 'pass');

  // The stamp is part of the data: it comes back with it, and says what it said then.
  const restored = await project.json<RestoreResult>(['restore', 'with-orders', '--yes']);
  assert.deepEqual([restored.gate.level, restored.gate.findings], ['pass', []]);
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

  await project.git(member, 'checkout', '-q', first);
  assert.deepEqual(rules(await gate(project, 12)), [`block data-newer ${member}`]);
  await project.stillpoint(['snapshot', '--name', 'bad']);
  await project.git(member, 'checkout', '-q', second);
  const { stdout, stderr } = await project.stillpoint(['restore', 'bad', '--yes'], { exit: 12 });
  assert.match(stdout, /^Restored /m);
  assert.match(stderr, /block app: Newer code than the checkout/);
  assert.match(stderr, /GATE_BLOCKED: The gate is closed, and the restore is done and stays/);
  assert.equal((await project.git(member, 'rev-parse', 'HEAD')).trim(), first);
  await project.stillpoint(['undo', '--yes']);
  assert.equal((await gate(project)).level, 'pass');
});
