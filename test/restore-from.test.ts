// A restore on a machine that has nothing but the vault's place and its key: the configuration comes out of the snapshot.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createDirectoryStore } from '../packages/engine/src/vault/index.ts';
import { runCommand } from './fixture/command.ts';
import { createProject, openProject, type Project } from './fixture/project.ts';
import { beginWithSmallKey } from './fixture/small-key.ts';

const passphrase = 'nobody guesses this one';

interface Place {
  readonly vault: string;
  readonly key: string;
  /** Not there yet. */
  readonly into: string;
  /** Where no project is, with a home of its own. Leaves nothing behind. */
  run(args: readonly string[], exit?: number): Promise<string>;
}

async function createPlace(t: TestContext): Promise<Place> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-nothing-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const key = path.join(directory, 'key');
  await writeFile(key, `${passphrase}\n`, { mode: 0o600 });
  const home = path.join(directory, 'home');
  const scratch = path.join(directory, 'tmp');
  for (const made of [home, scratch]) await mkdir(made);
  return {
    vault: path.join(directory, 'vault'),
    key,
    into: path.join(directory, 'into'),
    async run(args, exit = 0) {
      const env = { HOME: home, TMPDIR: scratch };
      const { code, stdout, stderr } = await runCommand(args, { cwd: directory, env });
      assert.equal(code, exit, stdout + stderr);
      assert.deepEqual(await readdir(scratch), []);
      return stdout + stderr;
    },
  };
}

/** A project without a database, whose vault is at the place. */
const plain = ({ vault }: Place): Promise<Project> =>
  createProject({ database: false, extensions: [], config: { vault } });

test('code, database and configuration are there again in one restore, and go on with the vault', async (t) => {
  const place = await createPlace(t);
  const { into, key } = place;
  const vault = { url: place.vault, encryption: { passphrase: { file: key } } };
  await beginWithSmallKey(createDirectoryStore(place.vault), passphrase);
  await using project = await createProject({
    extensions: ['extensions/alpha'],
    config: { vault },
  });
  await project.stillpoint(['db', 'start']);
  const client = await project.connect();
  await client.query("CREATE TABLE words AS SELECT 'first' AS word");
  const { id } = await project.json<{ id: string }>(['snapshot']);
  await client.query("UPDATE words SET word = 'second'");
  await client.end();
  await project.stillpoint(['snapshot']);

  const from = ['--from', place.vault, '--into', into];
  assert.match(await place.run(['restore', id, ...from], 1), /VAULT_KEY_NEEDED/);
  const said = await place.run(['restore', id, ...from, '--passphrase-file', key]);
  assert.match(said, /Restored/);
  await using again = openProject(into);
  await again.stillpoint(['db', 'start']);
  const other = await again.connect();
  const { rows } = await other.query('SELECT word FROM words');
  await other.end();
  assert.deepEqual(rows, [{ word: 'first' }]);
  const main = path.join(into, 'extensions', 'alpha', 'main.txt');
  assert.equal(await readFile(main, 'utf8'), 'extensions/alpha\n');
  assert.equal((await again.json<unknown[]>(['list'])).length, 2);
});

test('a configuration that imports code of the project is read with that code', async (t) => {
  const place = await createPlace(t);
  await using project = await plain(place);
  const { directory } = project;
  await rm(path.join(directory, 'stillpoint.config.json'));
  const settings = `export const vault: string = ${JSON.stringify(place.vault)};\n`;
  await writeFile(path.join(directory, 'settings.ts'), settings);
  await writeFile(
    path.join(directory, 'stillpoint.config.ts'),
    `import { defineConfig } from 'stillpoint';\nimport { vault } from './settings.ts';\nexport default defineConfig({ members: ['.'], vault });\n`,
  );
  await project.stillpoint(['snapshot']);
  await place.run(['restore', 'latest', '--from', place.vault, '--into', place.into]);
  assert.equal(await readFile(path.join(place.into, 'settings.ts'), 'utf8'), settings);
  await using again = openProject(place.into);
  assert.equal((await again.json<unknown[]>(['list'])).length, 1);
});

test('latest is refused where the vault holds several projects; an id is not', async (t) => {
  const place = await createPlace(t);
  await using first = await plain(place);
  await using second = await plain(place);
  const { id } = await first.json<{ id: string }>(['snapshot']);
  await writeFile(path.join(second.directory, 'counter.txt'), '2\n');
  await second.stillpoint(['snapshot']);
  const from = ['--from', place.vault, '--into', place.into];
  const refused = await place.run(['restore', 'latest', ...from], 10);
  assert.match(refused, /LATEST_OF_WHICH/);
  assert.match(refused, new RegExp(`${id} \\(the newest of ${first.directory}\\)`));
  await place.run(['restore', id, ...from]);
  assert.equal(await readFile(path.join(place.into, 'counter.txt'), 'utf8'), '0\n');
});

test('what is there is not touched, and half of the words are refused', async (t) => {
  const place = await createPlace(t);
  await using project = await plain(place);
  await project.stillpoint(['snapshot']);
  const from = ['restore', 'latest', '--from', place.vault];
  await mkdir(place.into);
  await writeFile(path.join(place.into, 'mine'), '');
  assert.match(await place.run([...from, '--into', place.into], 2), /TARGET_NOT_EMPTY/);
  assert.deepEqual(await readdir(place.into), ['mine']);
  for (const words of [[], ['--into', 'x', '--only', '.'], ['--into', 'x', '--dry-run']]) {
    assert.match(await place.run([...from, ...words], 2), /USAGE_INVALID/);
  }
  const elsewhere = ['restore', 'latest', '--from', `${place.vault}-not`, '--into', 'x'];
  assert.match(await place.run(elsewhere, 10), /VAULT_MISSING/);
});

test('of two restores into one empty directory at the same time one happens, and the other touches nothing', async (t) => {
  const place = await createPlace(t);
  await using project = await createProject({ database: false, extensions: [] });
  const { id } = await project.json<{ id: string }>(['snapshot']);
  const args = ['--project', project.directory, 'restore', id, '--into', place.into, '--yes'];
  const ran = await Promise.all(
    [1, 2].map(() => runCommand(args, { cwd: project.directory, env: {} })),
  );
  const [done, refused] = ran.toSorted((a, b) => a.code - b.code);
  assert.equal(done?.code, 0, done?.stderr);
  assert.match(refused?.stderr ?? '', /TARGET_NOT_EMPTY|LEASE_HELD/);
  assert.deepEqual(
    (await readdir(place.into)).toSorted(),
    (await readdir(project.directory)).toSorted(),
  );
});
