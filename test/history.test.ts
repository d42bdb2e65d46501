// Histories fork: snapshot A, restore A, snapshot B, undo, snapshot C. Each of the three comes back exactly, twice over, and no base
// backup is made in between. Also: the undo of an edited file, moved branch tips, two commands at once.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { finished, startCommand } from './fixture/command.ts';
import { createProject, type Project } from './fixture/project.ts';

interface SnapshotLine {
  readonly id: string;
  readonly sources: readonly { readonly name: string; readonly bytesStored: number }[];
}

async function write(project: Project, word: string): Promise<void> {
  const client = await project.connect();
  await client.query('CREATE TABLE IF NOT EXISTS words (n serial PRIMARY KEY, word text)');
  await client.query('INSERT INTO words (word) VALUES ($1)', [word]);
  await client.end();
  await writeFile(path.join(project.directory, 'counter.txt'), word);
  await project.git('.', 'commit', '-qam', word);
}

// `npm run test:soak`: each of the three twice over, and more commands at once.
const soak = process.env['STILLPOINT_SOAK'] !== undefined;

async function read(project: Project): Promise<string> {
  const client = await project.connect();
  const { rows } = await client.query('SELECT n, word FROM words ORDER BY n');
  await client.end();
  const file = await readFile(path.join(project.directory, 'counter.txt'), 'utf8');
  return JSON.stringify([rows, file, await project.git('.', 'log', '--format=%s')]);
}

async function vaultBytes(project: Project): Promise<number> {
  const root = path.join(project.directory, '.stillpoint', 'vault');
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => (await stat(path.join(entry.parentPath, entry.name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

test('snapshot A, restore A, snapshot B, undo, snapshot C: each exact, and one base', async () => {
  await using project = await createProject({ extensions: [] });
  await project.stillpoint(['db', 'start']);
  await write(project, 'a');
  const a = await project.json<SnapshotLine>(['snapshot', '--name', 'A']);
  const stateA = await read(project);
  const firstBytes = await vaultBytes(project);

  await write(project, 'lost');
  const stateLost = await read(project);
  await project.json(['restore', 'A', '--yes']);
  assert.equal(await read(project), stateA);
  await write(project, 'b');
  const b = await project.json<SnapshotLine>(['snapshot', '--name', 'B']);
  const stateB = await read(project);

  await project.json(['undo', '--yes']);
  assert.equal(await read(project), stateLost);
  await write(project, 'c');
  const c = await project.json<SnapshotLine>(['snapshot', '--name', 'C']);
  const stateC = await read(project);

  // A was restored above.
  const others = [
    ['B', stateB],
    ['C', stateC],
  ] as const;
  for (const round of soak ? [1, 2] : [1]) {
    for (const [name, state] of soak ? [['A', stateA] as const, ...others] : others) {
      await project.json(['restore', name, '--yes']);
      assert.equal(await read(project), state, `${name}, round ${round}`);
    }
  }
  const base = a.sources.find(({ name }) => name === 'db')!.bytesStored;
  for (const later of [b, c]) {
    const stored = later.sources.find(({ name }) => name === 'db')!.bytesStored;
    assert.ok(stored < base / 2, `no base: ${stored} of ${base} bytes`);
  }
  // Many restores and two snapshots later there is still only one base in the vault.
  assert.ok((await vaultBytes(project)) < firstBytes + base, 'no undo point made a base either');
  await project.json(['verify', '--deep']);
});

test('a file tracked in the snapshot, ignored and edited later: undo brings the edited one back', async () => {
  await using project = await createProject({ extensions: [], database: false });
  const file = path.join(project.directory, 'settings.local');
  await writeFile(file, 'as tracked');
  await project.git('.', 'add', 'settings.local');
  await project.git('.', 'commit', '-qm', 'tracked');
  await project.json(['snapshot', '--name', 'tracked']);
  await project.git('.', 'rm', '-q', '--cached', 'settings.local');
  await writeFile(
    path.join(project.directory, '.gitignore'),
    'extensions/\n.env\nsettings.local\n',
  );
  await project.git('.', 'commit', '-qam', 'ignored');
  await writeFile(file, 'edited while ignored');
  await project.json(['restore', 'tracked', '--yes']);
  assert.equal(await readFile(file, 'utf8'), 'as tracked');
  await project.json(['undo', '--yes']);
  assert.equal(await readFile(file, 'utf8'), 'edited while ignored');
});

test('a branch that moved comes back, and its tip is kept under a named ref and listed', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await project.json(['snapshot', '--name', 'before']);
  const before = (await project.git('.', 'rev-parse', 'main')).trim();
  await writeFile(path.join(project.directory, 'counter.txt'), 'moved');
  await project.git('.', 'commit', '-qam', 'moved');
  const moved = (await project.git('.', 'rev-parse', 'main')).trim();
  const { undo, kept } = await project.json<{ undo: string; kept: string[] }>([
    'restore',
    'before',
    '--yes',
  ]);
  assert.equal((await project.git('.', 'rev-parse', 'main')).trim(), before);
  const refs = await project.git(
    '.',
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    `refs/stillpoint/${undo}`,
  );
  assert.match(refs, new RegExp(`^${moved} refs/stillpoint/${undo}/heads/main$`, 'm'));
  assert.ok(
    kept.some((line) => line.includes('main')),
    kept.join('\n'),
  );
});

test('two commands at once: one runs, the other waits or says who holds the project', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await project.json(['snapshot', '--name', 'one']);
  const restore = ['restore', 'one', '--yes'];
  const pairs = [
    [['snapshot'], ['snapshot']],
    [restore, restore],
  ] as const;
  for (const [first, second] of [[restore, ['snapshot']] as const, ...(soak ? pairs : [])]) {
    const both = [first, second].map((args) =>
      finished(startCommand(args, { cwd: project.directory })),
    );
    for (const { code, stderr } of await Promise.all(both)) {
      assert.ok(code === 0 || code === 11, stderr);
      if (code === 11) assert.match(stderr, /LEASE_HELD.*process \d+/);
    }
    const waiting = [first, second].map((args) =>
      finished(startCommand([...args, '--wait', '60s'], { cwd: project.directory })),
    );
    for (const { code, stderr } of await Promise.all(waiting)) assert.equal(code, 0, stderr);
  }
});
