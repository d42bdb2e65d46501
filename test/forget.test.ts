// Holding and forgetting with the real command: what remains comes back exactly, and so does the snapshot that is taken next.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createProject, type Project } from './fixture/project.ts';

interface Listed {
  readonly id: string;
  readonly name: string | null;
  readonly held: boolean;
}

interface Forgot {
  readonly done: boolean;
  readonly forgotten: readonly Listed[];
  readonly remaining: number;
}

async function write(project: Project, word: string): Promise<void> {
  const client = await project.connect();
  await client.query('CREATE TABLE IF NOT EXISTS words (n serial PRIMARY KEY, word text)');
  await client.query('INSERT INTO words (word) VALUES ($1)', [word]);
  await client.end();
  await writeFile(path.join(project.directory, 'counter.txt'), word);
  await writeFile(path.join(project.directory, 'big.bin'), word.repeat(100_000));
  await project.git('.', 'add', '-A');
  await project.git('.', 'commit', '-qm', word);
  await writeFile(path.join(project.directory, 'draft.txt'), `draft of ${word}`);
}

async function read(project: Project): Promise<string> {
  const client = await project.connect();
  const { rows } = await client.query('SELECT n, word FROM words ORDER BY n');
  await client.end();
  const files = ['counter.txt', 'big.bin', 'draft.txt'].map((name) =>
    readFile(path.join(project.directory, name), 'utf8'),
  );
  const log = await project.git('.', 'log', '--format=%H %s');
  return JSON.stringify([rows, await Promise.all(files), log]);
}

async function takeAs(project: Project, name: string): Promise<string> {
  await write(project, name);
  await project.json(['snapshot', '--name', name]);
  return read(project);
}

test('snapshots are held and forgotten, and everything that remains comes back exactly', async () => {
  await using project = await createProject({ extensions: [] });
  await project.stillpoint(['db', 'start']);
  const a = await takeAs(project, 'A');
  await takeAs(project, 'B');
  await takeAs(project, 'C');

  await project.stillpoint(['hold', 'A']);
  const refused = await project.stillpoint(['forget', 'A', 'B', '--yes'], { exit: 2 });
  assert.match(refused.stderr, /SNAPSHOT_HELD/);
  await project.stillpoint(['forget', 'B'], { exit: 2 });
  const planned = await project.json<Forgot>(['forget', 'B', 'C', '--dry-run']);
  assert.deepEqual([planned.done, planned.remaining], [false, 1]);
  assert.equal((await project.json<Listed[]>(['list'])).length, 3, 'nothing was forgotten yet');

  const forgot = await project.json<Forgot>(['forget', 'B', 'latest', '--yes']);
  assert.deepEqual(
    forgot.forgotten.map(({ name }) => name),
    ['B', 'C'],
  );
  const listed = await project.json<Listed[]>(['list']);
  assert.deepEqual(
    listed.map(({ name, held }) => [name, held]),
    [['A', true]],
  );

  const d = await takeAs(project, 'D');
  const restored = await project.json<{ undo: string }>(['restore', 'A', '--yes']);
  assert.equal(await read(project), a);
  const kept = await project.stillpoint(['forget', restored.undo, '--yes'], { exit: 2 });
  assert.match(kept.stderr, /UNDO_POINT_NEEDED/);
  await project.json(['undo', '--yes']);
  assert.equal(await read(project), d);

  await project.stillpoint(['hold', 'A', '--release']);
  const points = (await project.json<Listed[]>(['list'])).filter(({ name }) => name === null);
  const ids = points.map(({ id }) => id);
  await project.json(['forget', 'A', ...ids, '--undo-point', '--yes']);
  await project.stillpoint(['undo', '--yes'], { exit: 10 });
  await write(project, 'E');
  await project.json(['restore', 'D', '--yes']);
  assert.equal(await read(project), d);
  const last = await project.stillpoint(['forget', 'D', '--yes'], { exit: 2 });
  assert.match(last.stderr, /LAST_SNAPSHOT/);
  await project.json(['verify', '--deep']);
});

test('a damaged snapshot is forgotten by its whole id', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await project.json(['snapshot', '--name', 'good']);
  const { id } = await project.json<Listed>(['snapshot', '--name', 'bad']);
  const manifests = path.join(project.directory, '.stillpoint', 'vault', 'snapshots');
  const name = (await readdir(manifests)).find((one) => one.startsWith(id))!;
  await writeFile(path.join(manifests, name), 'damaged');
  await project.stillpoint(['forget', 'bad', '--yes'], { exit: 10 });
  await project.json(['forget', id, '--yes']);
  await assert.rejects(stat(path.join(manifests, name)));
  await project.json(['verify', '--deep']);
});
