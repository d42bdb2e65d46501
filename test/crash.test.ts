// Death in the switch: the real command is killed -9 before and after every line of the journal, in a restore and in an undo.
// The cases come from the journal's own table. The next command must end in all before or all after. Not all cases run in
// `npm test`; `npm run test:soak` runs every one.
import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { forwardSteps, stepName } from '@stillpoint/engine';
import { run } from './fixture/command.ts';
import { createProject, type Project } from './fixture/project.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;

/** Every moment at which a restore can die, from the table of steps. */
function crashPoints(project: Project): string[] {
  const sources = [
    { name: 'db', closes: true },
    ...['.', ...project.extensions].map((name) => ({ name, closes: false })),
  ];
  const steps = forwardSteps(sources).flatMap((step) => [
    `forward ${stepName(step)} begun`,
    `forward ${stepName(step)} done`,
  ]);
  return ['begun', 'ready', ...steps, 'end'].flatMap((line) => [`before ${line}`, `after ${line}`]);
}

/** One word that stands in every part of the project: a row, a tracked file, a commit, an untracked file. */
async function writeWord(project: Project, word: string): Promise<void> {
  const client = await project.connect();
  await client.query('CREATE TABLE IF NOT EXISTS word (word text)');
  await client.query('DELETE FROM word');
  await client.query('INSERT INTO word VALUES ($1)', [word]);
  await client.end();
  for (const member of ['.', ...project.extensions]) {
    await writeFile(path.join(project.directory, member, 'word.txt'), word);
    await project.git(member, 'add', 'word.txt');
    await project.git(member, 'commit', '-qm', word);
    await writeFile(path.join(project.directory, member, 'untracked.txt'), word);
  }
}

async function readWords(project: Project): Promise<string[]> {
  const client = await project.connect();
  const { rows } = await client.query('SELECT word FROM word');
  await client.end();
  const words: string[] = rows.map(({ word }) => word as string);
  for (const member of ['.', ...project.extensions]) {
    for (const file of ['word.txt', 'untracked.txt']) {
      words.push(await readFile(path.join(project.directory, member, file), 'utf8'));
    }
    words.push((await project.git(member, 'log', '-1', '--format=%s')).trim());
    assert.equal((await project.git(member, 'status', '--porcelain')).trim(), '?? untracked.txt');
  }
  return words;
}

/** Both tests begin with the new words, and end with them. */
let project: Project;

before(async () => {
  project = await createProject();
  await project.stillpoint(['db', 'start']);
  await writeWord(project, 'old');
  await project.stillpoint(['snapshot', '--name', 'old-state']);
  await writeWord(project, 'new');
});

after(() => project[Symbol.asyncDispose]());

/** Kills the command at the point, then lets the next command end the matter; returns the word that all agree on. */
async function dieAt(project: Project, args: readonly string[], point: string): Promise<string> {
  await project.stillpoint(args, { exit: 137, env: { STILLPOINT_CRASH_AT: point } });
  await project.stillpoint(['db', 'start']);
  const words = await readWords(project);
  assert.deepEqual(new Set(words).size, 1, `all before or all after, not ${words.join(' ')}`);
  return words[0]!;
}

const everyNth = soak ? 1 : 24;

test('killed -9 at each journal step of restore and of undo: all before or all after', async (t) => {
  const points = crashPoints(project).filter((_, index) => index % everyNth === 0 || soak);
  const outcomes = new Map<string, number>();
  let cases = 0;
  for (const point of points) {
    const word = await dieAt(project, ['restore', 'old-state', '--yes'], point);
    outcomes.set(word, (outcomes.get(word) ?? 0) + 1);
    cases += 1;
    if (word === 'new') continue;
    const back = await dieAt(project, ['undo', '--yes'], point);
    outcomes.set(back, (outcomes.get(back) ?? 0) + 1);
    cases += 1;
    if (back === 'old') await project.stillpoint(['undo', '--yes']);
    assert.deepEqual(new Set(await readWords(project)), new Set(['new']));
  }
  t.diagnostic(
    `${cases} deaths: ${[...outcomes].map(([word, n]) => `${n} ended ${word}`).join(', ')}`,
  );
  assert.ok(outcomes.has('new') && outcomes.has('old'), 'some were finished, some taken back');
});

/** Makes a member impossible to write, for root too; resolves to what ends it. undefined: not possible on this file system. */
async function block(member: string): Promise<(() => Promise<unknown>) | undefined> {
  if (process.getuid?.() !== 0) {
    await chmod(member, 0o555);
    return () => chmod(member, 0o755);
  }
  const file = path.join(member, 'word.txt');
  try {
    await run('chattr', ['+i', file], { cwd: '/' });
  } catch {
    return undefined;
  }
  return () => run('chattr', ['-i', file], { cwd: '/' });
}

test('a member that cannot be written after the database was switched: all is taken back', async (t) => {
  const unblock = await block(path.join(project.directory, project.extensions[1]!));
  if (unblock === undefined) {
    t.skip('this file system has no immutable files');
    return;
  }
  try {
    const { stderr } = await project.stillpoint(['restore', 'old-state', '--yes'], { exit: 1 });
    assert.match(stderr, /switch: db/, 'the database had been switched');
    assert.match(stderr, /RESTORE_FAILED|RESTORE_STUCK/);
  } finally {
    await unblock();
  }
  // If the way back was blocked too, the next command goes on with it.
  await project.stillpoint(['db', 'start']);
  assert.deepEqual(new Set(await readWords(project)), new Set(['new']));
});
