// A snapshot made from a damaged vault: it never names what is lost. Whatever pack or index is gone, the next snapshot stores anew what it
// needs of it, says so where that takes long, and can be restored; the damaged ones stay damaged, and are told.
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createProject, type Project } from './fixture/project.ts';

interface Taken {
  readonly id: string;
}

async function objectsIn(project: Project, folder: string): Promise<readonly string[]> {
  const vault = path.join(project.directory, '.stillpoint', 'vault', folder);
  const found = await readdir(vault, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
}

async function remove(files: readonly string[]): Promise<void> {
  assert.ok(files.length > 0);
  for (const file of files) await rm(file);
}

async function isWhole(project: Project, id: string): Promise<void> {
  const { stdout } = await project.stillpoint(['verify', id, '--deep']);
  assert.doesNotMatch(stdout, /lost/);
}

test('packs that are gone, then indexes: each next snapshot is whole, with a new base of the database that is said', async () => {
  await using project = await createProject({ extensions: ['extensions/alpha'] });
  await project.stillpoint(['db', 'start']);
  const client = await project.connect();
  await client.query('CREATE TABLE words (word text)');
  const counter = path.join(project.directory, 'counter.txt');
  const add = async (word: string): Promise<void> => {
    await writeFile(counter, `${word}\n`);
    await client.query('INSERT INTO words VALUES ($1)', [word]);
  };
  const first = await project.json<Taken>(['snapshot']);

  const rounds = { packs: 'second', index: 'third' };
  let last = first;
  for (const [folder, word] of Object.entries(rounds)) {
    await add(word);
    await remove(await objectsIn(project, folder));
    const { stdout, stderr } = await project.stillpoint(['snapshot', '--json']);
    assert.match(stderr, /captured whole: the vault has lost a part/, folder);
    last = JSON.parse(stdout) as Taken;
    await isWhole(project, last.id);
  }
  const { stdout } = await project.stillpoint(['verify', first.id], { exit: 13 });
  assert.match(stdout, /lost/);

  await add('after the last snapshot');
  await client.end();
  await project.stillpoint(['restore', last.id, '--yes']);
  const again = await project.connect();
  const { rows } = await again.query<{ word: string }>('SELECT word FROM words');
  await again.end();
  assert.deepEqual(
    rows.map(({ word }) => word),
    Object.values(rounds),
  );
  assert.equal(await readFile(counter, 'utf8'), 'third\n');
});
