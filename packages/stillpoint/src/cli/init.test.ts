import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig, type Discovery } from '@stillpoint/engine';
import { inProcess, LAUNCHER, stillpoint } from './testing/run.ts';

/** Where uploads are found, and nobody asked for them. */
const NOT_CAPTURED = 'Not captured: uploads. stillpoint.config.ts says how to add what you miss.\n';

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-init-')));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function makeApplication(t: TestContext): Promise<string> {
  const directory = await makeDirectory(t);
  await writeFile(path.join(directory, '.gitignore'), '.env\nuploads/\n*.db\n');
  await writeFile(
    path.join(directory, '.env'),
    'DATABASE_URL=postgres://a:s3cret@127.0.0.1:1/shop\n',
  );
  await mkdir(path.join(directory, 'uploads'));
  await writeFile(path.join(directory, 'uploads/a.png'), 'x');
  const database = new DatabaseSync(path.join(directory, 'cache.db'));
  database.exec('CREATE TABLE t (x)');
  database.close();
  execFileSync('git', ['init', '-q', '-b', 'main'], { cwd: directory });
  return directory;
}

interface Document {
  readonly directory: string;
  readonly file: string;
  readonly written: boolean;
  readonly found: Discovery;
  readonly config: string;
}

function codeOf(stderr: string): string {
  return (JSON.parse(stderr) as { error: { code: string } }).error.code;
}

test('init --yes writes a configuration that loads, and says what comes next', async (t) => {
  const cwd = await makeApplication(t);
  const ran = await stillpoint(['init', '--yes'], { cwd });
  assert.deepEqual([ran.status, ran.stderr], [0, NOT_CAPTURED]);
  assert.match(ran.stdout, /^FOUND +WHAT/);
  assert.match(ran.stdout, /postgres +127\.0\.0\.1:1\/shop +DATABASE_URL, \.env/);
  assert.match(ran.stdout, /Wrote stillpoint\.config\.ts: 1 repository, 2 sources\./);
  const config = await loadConfig(path.join(cwd, 'stillpoint.config.ts'));
  assert.deepEqual(config.members, [{ path: '.', include: ['.env'] }]);
  assert.deepEqual(
    config.sources.map(({ name, driver }) => [name, driver]),
    [
      ['shop', 'postgres-url'],
      ['cache', 'sqlite'],
    ],
  );
  assert.equal((await stat(path.join(cwd, 'stillpoint.config.ts'))).mode & 0o777, 0o644);
  assert.deepEqual(
    (await readdir(cwd)).toSorted(),
    ['.env', '.git', '.gitignore', 'cache.db', 'stillpoint.config.ts', 'uploads'],
    'nothing else is left',
  );
});

test('--dry-run prints the configuration and writes nothing; --json tells what was found', async (t) => {
  const cwd = await makeApplication(t);
  const dry = await inProcess(['init', '--dry-run'], { cwd });
  assert.equal(dry.status, 0);
  assert.match(dry.stdout, /^\/\/ What Stillpoint captures/);
  const json = await inProcess(['init', '--dry-run', '--json'], { cwd });
  const document = JSON.parse(json.stdout) as Document;
  assert.deepEqual([document.directory, document.written], [cwd, false]);
  assert.equal(document.config.trimEnd(), dry.stdout.trimEnd());
  assert.equal(document.found.databases.length, 2);
  assert.ok(!(json.stdout + dry.stdout + dry.stderr).includes('s3cret'));
  assert.ok(!(await readdir(cwd)).includes('stillpoint.config.ts'));
});

test('a person is asked, and what was refused stays as a comment', async (t) => {
  const cwd = await makeApplication(t);
  const ran = await inProcess(['init'], { cwd, answer: 'n' });
  assert.equal(ran.status, 0);
  assert.match(ran.stderr, /Capture the repository of this directory\? \[Y\/n\]/);
  assert.match(ran.stderr, /Capture the Postgres 127\.0\.0\.1:1\/shop\? \[Y\/n\]/);
  assert.match(ran.stderr, /Capture the files in uploads\? \[y\/N\]/);
  assert.match(ran.stderr, /Not captured: 127\.0\.0\.1:1\/shop, cache\.db, uploads\. /);
  const text = await readFile(path.join(cwd, 'stillpoint.config.ts'), 'utf8');
  assert.match(text, /\/\/ shop: \{ driver: 'postgres'/);
  const config = await loadConfig(path.join(cwd, 'stillpoint.config.ts'));
  assert.deepEqual([config.members, config.sources], [[], []]);
  const other = await makeApplication(t);
  assert.equal((await inProcess(['init'], { cwd: other, answer: 'yes' })).status, 0);
  const all = await loadConfig(path.join(other, 'stillpoint.config.ts'));
  assert.equal(all.sources.length, 3);
});

test(
  'who leaves a question with Ctrl-D is not told of a defect, and nothing is written',
  { skip: spawnSync('script', ['--version']).status === 0 ? false : 'script is not installed' },
  async (t) => {
    const cwd = await makeApplication(t);
    const child = spawn(
      'script',
      ['-qec', `"${process.execPath}" "${LAUNCHER}" init`, '/dev/null'],
      {
        cwd,
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    let seen = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!seen.includes('[Y/n]') && `${seen}${text}`.includes('[Y/n]')) child.stdin.write('\x04');
      seen += text;
    });
    const [status] = (await once(child, 'close')) as [number | null];
    assert.equal(status, 130, seen);
    assert.match(seen, /INTERRUPTED/);
    assert.ok(!(await readdir(cwd)).includes('stillpoint.config.ts'));
  },
);

test('a configuration that is there is never replaced', async (t) => {
  const cwd = await makeApplication(t);
  const file = path.join(cwd, 'stillpoint.config.json');
  await writeFile(file, '{}');
  const ran = await inProcess(['init', '--yes', '--json'], { cwd });
  assert.deepEqual([ran.status, codeOf(ran.stderr)], [1, 'CONFIG_EXISTS']);
  assert.equal(await readFile(file, 'utf8'), '{}');
  assert.ok(!(await readdir(cwd)).includes('stillpoint.config.ts'));
});

test('a directory can be named, and one with nothing in it is told what to do', async (t) => {
  const cwd = await makeDirectory(t);
  await mkdir(path.join(cwd, 'app'));
  const nothing = await inProcess(['init', 'app'], { cwd });
  assert.equal(nothing.status, 1);
  assert.match(nothing.stderr, /NOTHING_FOUND/);
  assert.match(nothing.stderr, /git init/);
  execFileSync('git', ['init', '-q'], { cwd: path.join(cwd, 'app') });
  assert.equal((await inProcess(['init', 'app'], { cwd })).status, 0);
  assert.ok((await readdir(path.join(cwd, 'app'))).includes('stillpoint.config.ts'));
  const missing = await inProcess(['init', 'gone', '--json'], { cwd });
  assert.deepEqual([missing.status, codeOf(missing.stderr)], [2, 'INIT_DIRECTORY_MISSING']);
});

test('a project within a project is told, and git that is not there', async (t) => {
  const cwd = await makeApplication(t);
  await mkdir(path.join(cwd, 'inner'));
  execFileSync('git', ['init', '-q'], { cwd: path.join(cwd, 'inner') });
  assert.equal((await inProcess(['init', '--yes'], { cwd })).status, 0);
  const inner = await inProcess(['init', 'inner', '--yes'], { cwd });
  assert.equal(inner.status, 0);
  assert.match(
    inner.stderr,
    /warning: this directory lies in the project of .*stillpoint\.config\.ts/,
  );
  const other = await makeApplication(t);
  const blind = await inProcess(['init', '--json'], { cwd: other, environment: { PATH: other } });
  assert.equal(codeOf(blind.stderr), 'GIT_MISSING');
});

test('where it cannot be written, that is an error of the catalogue', async (t) => {
  const cwd = await makeApplication(t);
  // A directory in its place stops root too.
  await mkdir(path.join(cwd, 'stillpoint.config.ts'));
  const ran = await inProcess(['init', '--yes', '--json'], { cwd });
  assert.deepEqual([ran.status, codeOf(ran.stderr)], [1, 'CONFIG_EXISTS']);
});

test('what init writes can be captured at once', async (t) => {
  const cwd = await makeDirectory(t);
  await writeFile(path.join(cwd, 'file'), 'x');
  execFileSync('git', ['init', '-q'], { cwd });
  assert.equal((await inProcess(['init', '--yes'], { cwd })).status, 0);
  const taken = await inProcess(['snapshot', '--json'], { cwd });
  assert.equal(taken.status, 0, taken.stderr);
});

const skip = process.getuid?.() === 0 ? 'root may write everywhere' : false;

test('a directory that may not be written', { skip }, async (t) => {
  const cwd = await makeApplication(t);
  await chmod(cwd, 0o555);
  const ran = await inProcess(['init', '--json'], { cwd });
  await chmod(cwd, 0o755);
  assert.deepEqual([ran.status, codeOf(ran.stderr)], [1, 'CONFIG_NOT_WRITTEN']);
});

test('init finds what a simulation has written, and the snapshot has its run, and diff says how far it has come', async (t) => {
  const cwd = await makeDirectory(t);
  await writeFile(path.join(cwd, '.gitignore'), 'checkpoints/\n');
  execFileSync('git', ['init', '-q', '-b', 'main'], { cwd });
  const particles = fileURLToPath(new URL('../../../../examples/particles', import.meta.url));
  const store = ['--checkpoint-dir', 'checkpoints', '--run-id', 'p'];
  const run = await inProcess(['run', particles, '--steps', '20', ...store], { cwd });
  assert.equal(run.status, 0, run.stderr);
  const ran = await stillpoint(['init', '--yes'], { cwd });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^run +checkpoints +1 run of simulations$/m);
  assert.match(ran.stdout, /1 repository, 1 source\./);
  const taken = await stillpoint(['snapshot', '--json'], { cwd });
  assert.equal(taken.status, 0, taken.stderr);
  const shown = await stillpoint(['show', 'latest'], { cwd });
  assert.match(shown.stdout, /checkpoints/);

  const diff = () => stillpoint(['diff', 'latest'], { cwd });
  assert.match((await diff()).stdout, /Nothing that was compared differs\./);
  const more = ['run', particles, '--steps', '20', '--resume', '--checkpoint-dir', 'checkpoints'];
  assert.equal((await inProcess(more, { cwd })).status, 0);
  const { stdout } = await diff();
  assert.match(stdout, /D p\/checkpoint_0000000020\.ckpt/);
  assert.match(stdout, /A p\/checkpoint_0000000040\.ckpt/);
});
