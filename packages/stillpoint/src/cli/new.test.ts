// A new daemon: what is written, what is refused, and that its own tests and types pass.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findBuilt } from '../../bin/find-built.js';
import { packageName } from './new/write-daemon.ts';
import { inProcess } from './testing/run.ts';

const modules = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

async function place(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-new-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** With the Node that comes along, and packages from their sources, unless they are built. */
function run(cwd: string, program: string, ...args: string[]): string {
  const env = {
    ...process.env,
    PATH: `${path.join(modules, '.bin')}${path.delimiter}${process.env['PATH']}`,
    NODE_OPTIONS: findBuilt() === undefined ? '--conditions=@stillpoint/source' : '',
    NODE_TEST_CONTEXT: undefined,
  };
  const ran = spawnSync(program, args, { cwd, env, encoding: 'utf8', timeout: 240_000 });
  assert.equal(ran.status, 0, `${ran.stdout}\n${ran.stderr}`);
  return ran.stdout;
}

test('a new daemon is written, and what comes next is said', async (t) => {
  const cwd = await place(t);
  const ran = await inProcess(['new', 'daemon', 'My Daemon'], {
    cwd,
    columns: 100,
    environment: { NO_COLOR: '1' },
  });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^Wrote the daemon my-daemon into /);
  assert.match(ran.stderr, /cd 'My Daemon'[^]*npm install[^]*npm run setup[^]*npm start/);
  const directory = path.join(cwd, 'My Daemon');
  const manifest = await readFile(path.join(directory, 'package.json'), 'utf8');
  assert.equal((JSON.parse(manifest) as { readonly name: string }).name, 'my-daemon');
  assert.deepEqual(await readdir(path.join(directory, 'extensions')), ['notes']);
});

test('a directory that is not empty is refused, and stays as it is', async (t) => {
  const cwd = await place(t);
  await writeFile(path.join(cwd, 'mine'), '');
  const ran = await inProcess(['new', 'daemon', '.', '--json'], { cwd });
  assert.match(ran.stderr, /TARGET_NOT_EMPTY/);
  assert.deepEqual(await readdir(cwd), ['mine']);
});

test('a directory gives a name that npm takes', () => {
  assert.deepEqual(['My Daemon', '.x_Y', 'Ä', 'a.b-', 'node_modules'].map(packageName), [
    'my-daemon',
    'x_y',
    'daemon',
    'a.b',
    'daemon',
  ]);
});

test('the tests and the types of a new daemon pass', async (t) => {
  const cwd = await place(t);
  const ran = await inProcess(['new', 'daemon', 'fresh', '--json'], { cwd });
  const { directory } = JSON.parse(ran.stdout) as { readonly directory: string };
  await symlink(modules, path.join(directory, 'node_modules'));
  assert.match(run(directory, 'npm', 'test'), /pass 1\n[^]*fail 0/);
  run(directory, 'tsc', '--noEmit', '--customConditions', '@stillpoint/source');
});
