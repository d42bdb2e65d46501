// The command that migrates, in a project with a managed Postgres: what a person does, from the first migration to a checkout that is too old
// and a migration that fails.
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { SnapshotSummary } from '@stillpoint/engine';
import type { DriftReport, MigrateOutcome, RollbackOutcome } from '@stillpoint/persistence';
import { createProject, type Project } from './fixture/project.ts';

const member = 'extensions/notes';

async function write(project: Project, columns: string): Promise<void> {
  const source = `import { defineExtension, uuidBase } from '@stillpoint/persistence';
    import { pgTable, text } from 'drizzle-orm/pg-core';
    const notes = pgTable('notes', { ...uuidBase, ${columns} });
    export default defineExtension({ name: 'notes', models: [notes] });`;
  await writeFile(path.join(project.directory, member, 'stillpoint.extension.ts'), source);
  await project.git(member, 'add', '-A');
  await project.git(member, 'commit', '-qm', columns);
}

async function commitFiles(project: Project): Promise<void> {
  await project.git('.', 'add', '-A');
  await project.git('.', 'commit', '-qm', 'migration', '--allow-empty');
}

async function query(project: Project, text: string): Promise<readonly object[]> {
  const client = await project.connect();
  try {
    return (await client.query<object>(text)).rows;
  } finally {
    await client.end();
  }
}

test('a daemon is migrated, looked at, taken back, and kept from code that is too old', async () => {
  await using project = await createProject({ extensions: [member] });
  await write(project, 'title: text()');
  const files = async () =>
    await readdir(path.join(project.directory, 'stillpoint', 'migrations')).catch(() => []);

  const { stdout: sql } = await project.stillpoint(['migrate', '--dry-run']);
  assert.match(sql, /^CREATE TABLE "notes" \(\n {2}"id" uuid/m);
  assert.deepEqual(await files(), []);
  const refused = await project.stillpoint(['migrate'], { exit: 2 });
  assert.match(refused.stderr, /MIGRATE_NEEDS_YES/);

  const first = await project.json<MigrateOutcome & { file: string }>(['migrate', '--yes']);
  assert.deepEqual(await files(), [path.basename(first.file)]);
  const [guard] = await project.json<readonly SnapshotSummary[]>(['list']);
  assert.equal(guard?.id, first.guard);
  assert.match(guard?.name ?? '', /^before-migration-\d{8}T\d{6}$/);
  await commitFiles(project);
  const again = await project.stillpoint(['migrate', '--yes', '--frozen']);
  assert.match(again.stdout, /Nothing to do/);
  const commits = await query(project, 'SELECT name, length(commit) AS commit FROM extensions');
  assert.deepEqual(commits, [{ name: 'notes', commit: 40 }]);

  await write(project, 'title: text(), body: text()');
  await project.stillpoint(['migrate', '--yes', '--no-guard']);
  await commitFiles(project);
  await project.git('.', 'checkout', '-q', 'HEAD~1');
  const blocked = await project.stillpoint(['gate'], { exit: 12 });
  assert.match(blocked.stdout, /migration of Stillpoint that the checkout does not have/);
  const ahead = await project.stillpoint(['migrate', '--yes'], { exit: 12 });
  assert.match(ahead.stderr, /MIGRATION_AHEAD/);

  // Options that the command above has too are not lost.
  const loss = ['--accept', 'drop public.notes.body'];
  const shown = await project.json<RollbackOutcome>(['migrate', 'rollback', '--dry-run', ...loss]);
  assert.deepEqual(
    [shown.done, shown.steps[0]?.losses.map(({ accepted }) => accepted)],
    [false, [true]],
  );
  await project.stillpoint(['migrate', 'rollback', '--yes', '--no-guard'], { exit: 1 });
  await project.stillpoint(['migrate', 'rollback', '--yes', '--no-guard', ...loss]);
  await project.stillpoint(['gate']);
  await project.git('.', 'checkout', '-q', 'main');
  const { stdout: status } = await project.stillpoint(['migrate', 'status']);
  assert.match(status, /alter_notes +pending/);
  await project.stillpoint(['migrate', '--yes', '--no-guard', '--frozen']);

  await project.stillpoint(['migrate', 'drift']);
  await query(project, 'ALTER TABLE notes ADD COLUMN rogue int');
  const drift = await project.json<DriftReport>(['migrate', 'drift'], { exit: 1 });
  assert.deepEqual(
    drift.findings.map(({ entity }) => entity),
    ['column public.notes.rogue'],
  );
});

test('a migration that fails leaves the guard, and a restore of it brings back what was', async () => {
  await using project = await createProject({ extensions: [member] });
  await write(project, 'title: text()');
  await project.stillpoint(['migrate', '--yes', '--no-guard']);
  await commitFiles(project);
  await query(project, 'INSERT INTO notes (title) VALUES (null)');
  await write(project, 'title: text().notNull()');
  const accept = ['--accept', 'not-null public.notes.title'];
  const failed = await project.stillpoint(['migrate', '--yes', ...accept], { exit: 1 });
  assert.match(failed.stderr, /MIGRATION_STATEMENT_FAILED: .*extension notes/);
  const name = /The snapshot (before-migration-\S+) was taken before/.exec(failed.stderr)?.[1];
  assert.deepEqual(await query(project, 'SELECT title FROM notes'), [{ title: null }]);
  await query(project, 'DELETE FROM notes');
  await project.stillpoint(['restore', name ?? '', '--yes']);
  assert.deepEqual(await query(project, 'SELECT title FROM notes'), [{ title: null }]);
});
