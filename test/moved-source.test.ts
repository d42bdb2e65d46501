// A configuration that is another one when a snapshot is restored: its files moved, exchanged their names, or came later. Nothing is
// mixed, and an undo leaves what it found.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createProject, openProject, type Project } from './fixture/project.ts';

type Places = Readonly<Record<string, string>>;

interface Snapshot {
  readonly sources: readonly { readonly place?: string }[];
}

const at = (project: Project, ...parts: string[]): string => path.join(project.directory, ...parts);

/** Commits a configuration with these directories as sources. */
async function configure(project: Project, places: Places): Promise<void> {
  const sources = Object.entries(places).map(([name, place]) => [
    name,
    { driver: 'files', path: place },
  ]);
  const config = { members: ['.'], sources: Object.fromEntries(sources) as unknown };
  await writeFile(at(project, 'stillpoint.config.json'), JSON.stringify(config));
  await project.git('.', 'commit', '-qam', 'other places');
}

async function write(project: Project, place: string, text: string): Promise<void> {
  await mkdir(at(project, place), { recursive: true });
  await writeFile(at(project, place, 'file.txt'), text);
}

const read = (project: Project, place: string): Promise<string> =>
  readFile(at(project, place, 'file.txt'), 'utf8');

test('a directory that moved is not restored to its new place, but with its old one and into a copy', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await writeFile(at(project, '.gitignore'), 'uploads/\nfiles/\n');
  await write(project, 'uploads', 'old');
  await configure(project, { uploads: 'uploads' });
  const { sources } = await project.json<Snapshot>(['snapshot', '--name', 'before']);
  assert.deepEqual(
    sources.map(({ place }) => place),
    ['uploads', undefined],
  );
  await rename(at(project, 'uploads'), at(project, 'files'));
  await write(project, 'files', 'new');
  await configure(project, { uploads: 'files' });
  for (const how of [[], ['--dry-run'], ['--only', 'uploads', '--break-seal']]) {
    const refused = await project.stillpoint(['restore', 'before', '--yes', ...how], { exit: 2 });
    assert.match(refused.stderr, /SOURCE_MOVED.*"uploads" lay in uploads.*now says files/s);
  }
  assert.equal(await read(project, 'files'), 'new');

  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-moved-'));
  await using copy = openProject(directory);
  await project.stillpoint(['restore', 'before', '--into', directory, '--yes']);
  assert.equal(await read(copy, 'uploads'), 'old');
  await copy.stillpoint(['snapshot']);

  await configure(project, { uploads: 'uploads' });
  await project.stillpoint(['restore', 'before', '--yes']);
  assert.deepEqual([await read(project, 'uploads'), await read(project, 'files')], ['old', 'new']);
});

test('two directories that exchanged their names are not mixed', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await write(project, 'a', 'a old');
  await write(project, 'b', 'b old');
  await configure(project, { one: 'a', two: 'b' });
  await project.stillpoint(['snapshot', '--name', 'before']);
  await configure(project, { one: 'b', two: 'a' });
  const refused = await project.stillpoint(['restore', 'before', '--yes'], { exit: 2 });
  assert.match(refused.stderr, /SOURCE_MOVED/);
  await configure(project, { one: './a/', two: 'b' });
  await write(project, 'a', 'a new');
  await project.stillpoint(['restore', 'before', '--yes']);
  assert.deepEqual([await read(project, 'a'), await read(project, 'b')], ['a old', 'b old']);
});

test('a directory that became a source later stays through a restore, its undo and the undo of that', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await write(project, 'uploads', 'old');
  await project.stillpoint(['snapshot', '--name', 'before']);
  await configure(project, { uploads: 'uploads' });
  await write(project, 'uploads', 'new');
  for (const back of [['restore', 'before'], ['undo'], ['undo'], ['undo']]) {
    await project.stillpoint([...back, '--yes']);
    assert.equal(await read(project, 'uploads'), 'new', back.join(' '));
  }
});

test('after a part whose configuration lacks a source: how to go back is told, and is exact', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await writeFile(at(project, '.gitignore'), 'other/\nuploads/\n');
  await write(project, 'other', 'stays');
  await configure(project, { other: 'other' });
  await project.stillpoint(['snapshot', '--name', 'before']);
  await write(project, 'uploads', 'new');
  await configure(project, { other: 'other', uploads: 'uploads' });
  const part = ['restore', 'before', '--only', '.', '--break-seal', '--yes'];
  const { undo } = await project.json<{ undo: string }>(part);
  const { stderr } = await project.stillpoint(['undo', '--yes'], { exit: 2 });
  assert.match(stderr, /SOURCE_NOT_CONFIGURED/);
  assert.ok(stderr.includes(`stillpoint restore ${undo} --only . --break-seal`), stderr);
  await project.stillpoint(['restore', undo, '--only', '.', '--break-seal', '--yes']);
  await write(project, 'uploads', 'newer');
  await project.stillpoint(['restore', undo, '--yes']);
  assert.equal(await read(project, 'uploads'), 'new');
});

test('a restored configuration that names the vault where it no longer is: its place is told, and undo works', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await project.stillpoint(['snapshot', '--name', 'before']);
  const place = await mkdtemp(path.join(tmpdir(), 'stillpoint-vault-'));
  try {
    const vault = path.join(place, 'vault');
    await rename(at(project, '.stillpoint', 'vault'), vault);
    const config = JSON.stringify({ members: ['.'], vault });
    await writeFile(at(project, 'stillpoint.config.json'), config);
    await project.git('.', 'commit', '-qam', 'the vault moved');
    await project.stillpoint(['restore', 'before', '--yes']);
    const { stderr } = await project.stillpoint(['undo', '--yes'], { exit: 10 });
    assert.match(stderr, /VAULT_ELSEWHERE/);
    assert.ok(stderr.includes(`Name ${vault} as "vault"`), stderr);
    await writeFile(at(project, 'stillpoint.config.json'), config);
    await project.stillpoint(['undo', '--yes']);
    assert.equal((await project.git('.', 'log', '-1', '--format=%s')).trim(), 'the vault moved');
  } finally {
    await rm(place, { recursive: true });
  }
});
