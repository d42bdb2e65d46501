// Restoring a part with the real command: refused unless the broken seal is wanted, known as a mix from then on, ended after a
// crash in the middle, and taken back as a whole. `npm run test:soak`: dead at more moments.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createProject, openProject, type Project } from './fixture/project.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;

interface Seal {
  readonly snapshot: string;
  readonly sources: readonly string[];
}

interface Result {
  readonly undo: string | null;
  readonly brokenSeal: Seal | null;
}

const fileOf = (project: Project, ...name: string[]): string =>
  path.join(project.directory, ...name);

async function sealOf(project: Project): Promise<Seal | undefined> {
  const text = await readFile(fileOf(project, '.stillpoint', 'broken-seal.json'), 'utf8').catch(
    () => undefined,
  );
  return text === undefined ? undefined : (JSON.parse(text) as Seal);
}

async function dirtyMembers(project: Project): Promise<readonly (readonly [string, string])[]> {
  const text = await readFile(fileOf(project, '.stillpoint', 'stillpoint.lock'), 'utf8');
  const { members } = JSON.parse(text) as { members: { path: string; commit: string }[] };
  return members.map((member) => [member.path, member.commit]);
}

async function words(project: Project): Promise<string> {
  const client = await project.connect();
  const { rows } = await client.query<{ word: string }>('SELECT word FROM words');
  await client.end();
  return rows.map(({ word }) => word).join(' ');
}

test('the database alone: the code stays, the mix is told, and undo brings back the whole', async () => {
  await using project = await createProject({ extensions: [] });
  await project.stillpoint(['db', 'start']);
  const change = async (word: string): Promise<void> => {
    const client = await project.connect();
    await client.query('CREATE TABLE IF NOT EXISTS words (word text)');
    await client.query('INSERT INTO words VALUES ($1)', [word]);
    await client.end();
    await writeFile(fileOf(project, 'counter.txt'), word);
  };
  const counter = (): Promise<string> => readFile(fileOf(project, 'counter.txt'), 'utf8');
  await change('one');
  const { id } = await project.json<{ id: string }>(['snapshot', '--name', 'first']);
  await change('two');

  const part = ['restore', 'first', '--only', 'db'];
  const refused = await project.stillpoint([...part, '--yes'], { exit: 2 });
  assert.match(refused.stderr, /SEAL_WOULD_BREAK.*"db".*"\."/s);
  await project.stillpoint(['restore', 'first', '--only', 'nothing', '--yes'], { exit: 10 });
  const plan = await project.json<{ breaksSeal: string[]; changes: { source: string }[] }>([
    ...part,
    '--dry-run',
  ]);
  assert.deepEqual(plan.breaksSeal, ['.']);
  assert.deepEqual(
    plan.changes.map(({ source }) => source),
    ['db'],
  );

  const done = await project.stillpoint([...part, '--break-seal', '--yes']);
  assert.match(done.stderr, /The seal is broken: db came from/);
  assert.deepEqual([await words(project), await counter()], ['one', 'two']);
  const seal = await sealOf(project);
  assert.deepEqual([seal?.snapshot, seal?.sources], [id, ['db']]);
  const mixed = await project.json<{ brokenSeal: Seal }>(['snapshot', '--name', 'mixed']);
  assert.deepEqual(mixed.brokenSeal, seal);

  await change('three');
  const undone = await project.json<Result>(['undo', '--yes']);
  assert.equal(undone.brokenSeal, null);
  assert.deepEqual([await words(project), await counter()], ['one two', 'two']);
  assert.equal(await sealOf(project), undefined);
});

test('a part that dies in the middle is ended as the part it was', async () => {
  await using project = await createProject({ extensions: ['alpha', 'beta'], database: false });
  const file = (member: string): string => fileOf(project, member, 'main.txt');
  const read = (): Promise<string[]> =>
    Promise.all(['alpha', 'beta'].map((member) => readFile(file(member), 'utf8')));
  const commits = async (): Promise<string[]> =>
    Promise.all(
      ['.', 'alpha', 'beta'].map(async (one) =>
        (await project.git(one, 'rev-parse', 'HEAD')).trim(),
      ),
    );
  await project.json(['snapshot', '--name', 'first']);
  for (const member of ['alpha', 'beta']) {
    await writeFile(file(member), `changed ${member}`);
    await project.git(member, 'commit', '-qam', 'changed');
  }
  const part = ['restore', 'first', '--only', 'alpha', '--break-seal', '--yes'];
  const points = [
    ['after ready', false],
    ['after forward switch alpha begun', true],
    ['after forward switch alpha done', true],
    ['before end', true],
  ] as const;
  for (const [point, finished] of soak ? points : points.slice(0, 2)) {
    await project.stillpoint(part, { exit: 137, env: { STILLPOINT_CRASH_AT: point } });
    await project.stillpoint(['verify']);
    // Only a command that works on the project ends what died.
    await project.json(['snapshot']);
    const expected = finished ? ['alpha\n', 'changed beta'] : ['changed alpha', 'changed beta'];
    assert.deepEqual(await read(), expected, point);
    assert.deepEqual((await sealOf(project))?.sources, finished ? ['alpha'] : undefined, point);
    assert.deepEqual(
      (await dirtyMembers(project)).map(([, commit]) => commit),
      await commits(),
    );
    if (finished) await project.json(['undo', '--yes']);
    assert.deepEqual(await read(), ['changed alpha', 'changed beta'], point);
    assert.equal(await sealOf(project), undefined, point);
  }
});

test('a part beside the project needs no broken seal', async () => {
  await using project = await createProject({ extensions: ['alpha'], database: false });
  await project.json(['snapshot', '--name', 'first']);
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-part-'));
  await using copy = openProject(directory);
  const args = ['restore', 'first', '--only', 'alpha', '--into', directory, '--yes'];
  const { brokenSeal } = await project.json<Result>(args);
  assert.equal(brokenSeal, null);
  assert.equal(await readFile(fileOf(copy, 'alpha', 'main.txt'), 'utf8'), 'alpha\n');
  await assert.rejects(readFile(fileOf(copy, 'counter.txt')));
  assert.equal(await sealOf(copy), undefined);
});
