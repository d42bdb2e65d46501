// SQLite files in a project, from end to end: an application that never stops writing to two of them in one transaction, and a
// file that somebody has committed to git.
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { Stillpoint } from 'stillpoint';
import { eventually } from '../packages/engine/src/freeze/testing/eventually.ts';
import { findChildren } from '../packages/engine/src/freeze/testing/processes.ts';
import { createStillpoint, isFailure } from './fixture/library.ts';
import { createProject, type Project } from './fixture/project.ts';

const patienceMs = 30_000;

/** Commits the same number to both files, one after another, until its input ends. */
const writerProgram = `
  const { DatabaseSync } = require('node:sqlite');
  const [, first, second] = process.argv;
  const database = new DatabaseSync(first, { timeout: 60000 });
  database.exec("ATTACH '" + second + "' AS second");
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
  const write = () => {
    database.exec('BEGIN IMMEDIATE; UPDATE main.count SET n = n + 1; UPDATE second.count SET n = n + 1; COMMIT');
    process.stdout.write('.');
    setTimeout(write, 2);
  };
  write();`;

interface Application extends AsyncDisposable {
  /** Resolves when it has committed once more. */
  writes(): Promise<void>;
}

function startApplication(first: string, second: string): Application {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--no-warnings', '-e', writerProgram, first, second],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  let commits = 0;
  child.stdout?.on('data', (said: Buffer) => (commits += said.length));
  return {
    async writes() {
      const before = commits;
      await eventually(() => commits > before + 1, patienceMs, 'the application commits');
    },
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      const [code] = (await exited) as [number | null];
      assert.equal(code, 0, 'the application met no error');
    },
  };
}

function makeCount(file: string, journal: string): void {
  using database = new DatabaseSync(file);
  database.exec(
    `PRAGMA journal_mode = ${journal}; CREATE TABLE count (n); INSERT INTO count VALUES (0)`,
  );
}

function readCount(file: string): number {
  using database = new DatabaseSync(file, { timeout: patienceMs });
  return Number(database.prepare('SELECT n FROM count').get()?.['n']);
}

/** What the snapshot holds, in a directory of its own. */
async function restoredCounts(
  project: Project,
  stillpoint: Stillpoint,
  ref: string,
): Promise<number[]> {
  const into = path.join(project.directory, '..', `${path.basename(project.directory)}-${ref}`);
  try {
    await stillpoint.restore(ref, { into });
    return ['one.db', 'two.db'].map((name) => readCount(path.join(into, 'data', name)));
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

async function openProject(options: {
  readonly sources: Readonly<Record<string, unknown>>;
}): Promise<{ project: Project; files: readonly string[] }> {
  const config = { ...options, freeze: { budget: '20s' } };
  const project = await createProject({ extensions: [], database: false, config });
  await mkdir(path.join(project.directory, 'data'));
  const files = ['one.db', 'two.db'].map((name) => path.join(project.directory, 'data', name));
  return { project, files };
}

// `npm run test:soak`: both journal modes.
const soak = process.env['STILLPOINT_SOAK'] !== undefined;

const both = {
  one: { driver: 'sqlite', file: 'data/one.db' },
  two: { driver: 'sqlite', file: 'data/two.db' },
};

for (const journal of soak ? ['wal', 'delete'] : ['wal']) {
  test(`${journal}: two files that are written in one transaction are captured, restored and undone as one`, async () => {
    const { project, files } = await openProject({ sources: both });
    await using _project = project;
    const [one, two] = files as [string, string];
    makeCount(one, journal);
    makeCount(two, journal);
    await using stillpoint = await createStillpoint(project.directory);
    {
      await using application = startApplication(one, two);
      await application.writes();
      await stillpoint.snapshot({ name: 'running' });
      await application.writes();
      const { undo } = await stillpoint.restore('running');
      await application.writes();
      assert.ok(undo);
      const captured = await restoredCounts(project, stillpoint, 'running');
      const replaced = await restoredCounts(project, stillpoint, undo);
      assert.equal(captured[0], captured[1]);
      assert.equal(replaced[0], replaced[1]);
      assert.ok(replaced[0]! > captured[0]!, 'the undo point holds what was written since');
      await stillpoint.undo();
      await application.writes();
    }
    assert.equal(readCount(one), readCount(two));
    assert.deepEqual(findChildren('keeper-process'), []);
  });
}

test('a SQLite file that is committed to git is captured and restored as a database, never as a file', async () => {
  const { project, files } = await openProject({ sources: { one: both.one } });
  await using _project = project;
  const [one] = files as [string];
  makeCount(one, 'delete');
  await project.git('.', 'add', 'data/one.db');
  await project.git('.', 'commit', '-qm', 'zero');
  const application = new DatabaseSync(one, { timeout: patienceMs });
  const write = (n: number): void => application.exec(`UPDATE count SET n = ${n}`);
  try {
    await using stillpoint = await createStillpoint(project.directory);
    write(1);
    const status = (): Promise<string> => project.git('.', 'status', '--porcelain');
    const then = await status();
    assert.match(then, /^ M data\/one.db/);
    const { ino } = await stat(one);
    await stillpoint.snapshot({ name: 'one' });
    write(2);
    await project.git('.', 'commit', '-qam', 'two');
    assert.equal(await status(), '');
    await stillpoint.restore('one');
    assert.equal((await project.git('.', 'log', '-1', '--format=%s')).trim(), 'zero');
    assert.equal(await status(), then);
    assert.deepEqual({ ...application.prepare('SELECT n FROM count').get() }, { n: 1 });
    assert.equal((await stat(one)).ino, ino, 'git did not replace it');
    await stillpoint.undo();
    assert.equal((await project.git('.', 'log', '-1', '--format=%s')).trim(), 'two');
    assert.deepEqual({ ...application.prepare('SELECT n FROM count').get() }, { n: 2 });
    assert.equal((await stat(one)).ino, ino);
  } finally {
    application.close();
  }
});

for (const [point, outcome] of [
  ['before forward switch one begun', 'now'],
  ['after forward switch one begun', 'then'],
  ['before forward switch two done', 'then'],
] as const) {
  test(`killed ${point}: the next command ends in all ${outcome}, and keeps what was written since`, async () => {
    const { project, files } = await openProject({ sources: both });
    await using _project = project;
    const [one, two] = files as [string, string];
    const write = (n: number): void => {
      for (const file of files) {
        using database = new DatabaseSync(file, { timeout: patienceMs });
        database.exec(`UPDATE count SET n = ${n}`);
      }
    };
    makeCount(one, 'wal');
    makeCount(two, 'delete');
    await project.stillpoint(['snapshot', '--name', 'zero']);
    write(1);
    const env = { STILLPOINT_CRASH_AT: point };
    await project.stillpoint(['restore', 'zero', '--yes'], { exit: 137, env });
    // Nobody is kept out after the death; on what is switched already they write on, and the next command leaves it to them.
    if (point !== 'before forward switch two done') write(2);
    await using stillpoint = await createStillpoint(project.directory);
    const { action } = await stillpoint.recover();
    assert.equal(action, outcome === 'then' ? 'finished' : 'reversed');
    assert.deepEqual(files.map(readCount), outcome === 'then' ? [0, 0] : [2, 2]);
    if (point !== 'after forward switch one begun') return;
    const kept: number[][] = [];
    for (const snapshot of await stillpoint.list()) {
      if ('id' in snapshot) kept.push(await restoredCounts(project, stillpoint, snapshot.id));
    }
    assert.ok(
      kept.some(([n]) => n === 2),
      `what was written after the death is in a snapshot: ${JSON.stringify(kept)}`,
    );
  });
}

test('a file that is not there, or is no database, is refused; a restore takes its place all the same', async () => {
  const { project, files } = await openProject({ sources: { one: both.one } });
  await using _project = project;
  const [one] = files as [string];
  await using stillpoint = await createStillpoint(project.directory);
  await assert.rejects(stillpoint.snapshot(), (error) => isFailure(error, 'SQLITE_MISSING'));
  makeCount(one, 'wal');
  await stillpoint.snapshot({ name: 'good' });
  await writeFile(one, 'no database at all');
  await assert.rejects(stillpoint.snapshot(), (error) => isFailure(error, 'SQLITE_NOT_A_DATABASE'));
  await stillpoint.restore('good');
  assert.equal(readCount(one), 0);
});
