// The command as a person meets it: real processes, a real repository, a real Postgres. One project for all tests of this
// file, which therefore run in order; each leaves it as the next expects it.
import assert from 'node:assert/strict';
import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { identifyProcess, isAlive } from '@stillpoint/core';
import { Client } from 'pg';
import { inProcess, stillpoint, type Ran, type RunOptions } from './testing/run.ts';
import { VERSION } from './version.ts';

let directory = '';
const outside: string[] = [];

interface Snapshot {
  readonly id: string;
  readonly name: string | null;
  readonly createdAt: string;
  readonly freezeMs: number;
  readonly durationMs: number;
  readonly digest: string;
  readonly members: readonly {
    readonly path: string;
    readonly commit: string;
    readonly dirty: boolean;
  }[];
  readonly sources: readonly Record<string, unknown>[];
}

interface Result {
  readonly snapshot: string;
  readonly undo: string | null;
  readonly durationMs: number;
}

interface Status {
  readonly name: string;
  readonly state: string;
  readonly pid?: number;
  readonly dataDirectory?: string;
  readonly socketDirectory?: string;
}

const git = (...args: readonly string[]): string =>
  execFileSync(
    'git',
    [
      '-C',
      path.join(directory, 'app'),
      '-c',
      'user.name=T',
      '-c',
      'user.email=t@example.org',
      ...args,
    ],
    {
      encoding: 'utf8',
    },
  );

const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ran> =>
  stillpoint(args, { cwd: directory, ...options });

async function json<T>(...args: readonly string[]): Promise<T> {
  const ran = await run(['--json', ...args]);
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(ran.stderr, '', 'nothing is said beside the document');
  assert.equal(ran.stdout.trimEnd().split('\n').length, 1, 'one line');
  return JSON.parse(ran.stdout) as T;
}

/** In this process: that it is said alike by one of its own is seen from what is not refused. */
async function refused(code: string, status: number, ...args: readonly string[]): Promise<void> {
  const ran = await inProcess(['--json', ...args], { cwd: directory });
  assert.equal(ran.stdout, '');
  assert.equal((JSON.parse(ran.stderr) as { error: { code: string } }).error.code, code);
  assert.equal(ran.status, status);
}

/** Runs a statement as the application would: a program that finds everything in its environment. */
async function queryByProgram(sql: string): Promise<unknown> {
  const script = `
    import { Client } from 'pg';
    const client = new Client({ connectionString: process.env.DATABASE_URL });
    await client.connect();
    const { rows } = await client.query(process.argv[1]);
    await client.end();
    process.stdout.write(JSON.stringify(rows ?? []));`;
  // Run where this file is, so that the driver is found.
  const program = [process.execPath, '--input-type=module', '-e', script, sql];
  const ran = await run(['--project', directory, 'exec', '--', ...program], {
    cwd: import.meta.dirname,
  });
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

/** The same, in this process. */
async function query(sql: string): Promise<unknown> {
  const { stdout } = await inProcess(['db', 'url'], { cwd: directory });
  const client = new Client({ connectionString: stdout.trim() });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

const node = (script: string): readonly string[] => ['exec', '--', process.execPath, '-e', script];

/** Resolves to what the program has printed when it prints for the first time. */
async function firstWords(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const [text] = (await once(child.stdout, 'data')) as [string];
  return text.trim();
}

before(async () => {
  directory = await realpath(await mkdtemp(path.join(tmpdir(), 'stillpoint-command-')));
  await mkdir(path.join(directory, 'app'));
  git('init', '-q', '-b', 'main');
  await writeFile(path.join(directory, 'app/price.txt'), '10\n');
  git('add', '.');
  git('commit', '-qm', 'one');
  await writeFile(
    path.join(directory, 'stillpoint.config.ts'),
    `import { defineConfig } from 'stillpoint';
     export default defineConfig({ members: ['app'], sources: { db: { driver: 'postgres' } } });`,
  );
});

after(async () => {
  await run(['db', 'stop']);
  for (const found of outside) await rm(found, { recursive: true, force: true });
  await rm(directory, { recursive: true, force: true });
});

test('nothing is there yet: an empty list, and clear words', async () => {
  assert.deepEqual(await json('list'), []);
  assert.match((await run(['list'])).stderr, /There is no snapshot yet/);
  await refused('VAULT_EMPTY', 10, 'show');
  await refused('NOTHING_TO_UNDO', 10, 'undo', '--yes');
});

test('the database starts, says where it is, and takes a program', async () => {
  const started = await json<Status>('db', 'start');
  assert.deepEqual([started.name, started.state], ['db', 'running']);
  // ROOT/incarnations/UUID/data lies outside the project when root runs this.
  for (const found of [
    path.resolve(started.dataDirectory ?? '', '../../..'),
    started.socketDirectory ?? '',
  ]) {
    if (path.basename(path.dirname(found)).startsWith('stillpoint') && !found.startsWith(directory))
      outside.push(found);
  }
  const status = await run(['db', 'status']);
  assert.match(status.stdout, /^db: running \(Postgres 18\.\d+, port \d+, process \d+\)\n$/);
  const url = await run(['db', 'url']);
  assert.match(url.stdout, /^postgresql:\/\/[^:]+:[^@]+@127\.0\.0\.1:\d+\/app\n$/);
  await refused('DATABASE_UNKNOWN', 10, 'db', 'url', '--source', 'other');
  assert.deepEqual(
    await queryByProgram('create table price as select 10 as now'),
    [],
    'two statements, no rows',
  );
});

test('a snapshot, as a person and as a program see it', async () => {
  await writeFile(path.join(directory, 'app/draft.txt'), 'an idea\n');
  const snapshot = await json<Snapshot>('snapshot', '--name', 'good', '-m', 'before the price');
  assert.match(snapshot.id, /^[0-9a-f]{12}$/);
  assert.equal(snapshot.name, 'good');
  assert.deepEqual(
    snapshot.members.map(({ path: at, dirty }) => [at, dirty]),
    [['app', true]],
  );
  assert.equal(snapshot.members[0]?.commit, git('rev-parse', 'HEAD').trim());
  const db = snapshot.sources.find((source) => source['name'] === 'db');
  for (const key of ['bytesStored', 'bytesTotal', 'driver', 'name', 'quiesced', 'strategy']) {
    assert.ok(Object.hasOwn(db ?? {}, key), key);
  }
  assert.equal(db?.['quiesced'], true);
  assert.ok(snapshot.freezeMs >= 0 && snapshot.durationMs >= snapshot.freezeMs);
  assert.match(snapshot.digest, /^blake3:/);
  await refused('NAME_TAKEN', 2, 'snapshot', '--name', 'good');

  const listed = await json<Snapshot[]>('list');
  assert.deepEqual(
    listed.map(({ id }) => id),
    [snapshot.id],
  );
  assert.deepEqual(await json('show', 'latest'), listed[0]);
  const table = await run(['list']);
  assert.match(
    table.stdout,
    /^ID +NAME +TAKEN +FROZEN +CODE +STORED +MESSAGE\n[0-9a-f]{12} +good .* 1 repository, 1 dirty .* before the price\n$/,
  );
  assert.match(
    (await run(['show', 'good'])).stdout,
    /app +main +[0-9a-f]{12} +uncommitted work, captured/,
  );
  await refused('REF_UNKNOWN', 10, 'show', 'bad');
  const [verified] = await json<{ snapshot: string; ok: boolean; damages: unknown[] }[]>(
    'verify',
    'good',
    '--deep',
  );
  assert.deepEqual([verified?.snapshot, verified?.ok, verified?.damages], [snapshot.id, true, []]);
});

test('a restore asks first, shows what it would do, does it, and is undone', async () => {
  await writeFile(path.join(directory, 'app/price.txt'), '-1\n');
  await rm(path.join(directory, 'app/draft.txt'));
  await query('drop table price');

  await refused('CONFIRMATION_NEEDED', 2, 'restore', 'good');
  await refused('NOTHING_TO_UNDO', 10, 'undo');
  const no = await inProcess(['restore', 'good'], { cwd: directory, answer: 'n' });
  assert.match(no.stderr, /Go on with the restore\? \[y\/N\] .*NOT_CONFIRMED/s);
  assert.equal(no.status, 1);
  const plan = await run(['restore', 'good', '--dry-run']);
  assert.equal(plan.status, 0);
  assert.match(plan.stdout, /^Restoring good \(/);
  assert.equal(
    await readFile(path.join(directory, 'app/price.txt'), 'utf8'),
    '-1\n',
    'nothing was changed',
  );

  const result = await json<Result>('restore', 'good', '--yes');
  assert.match(result.undo ?? '', /^[0-9a-f]{12}$/);
  assert.equal(await readFile(path.join(directory, 'app/price.txt'), 'utf8'), '10\n');
  assert.equal(await readFile(path.join(directory, 'app/draft.txt'), 'utf8'), 'an idea\n');
  assert.deepEqual(await query('select now from price'), [{ now: 10 }]);

  await refused('CONFIRMATION_NEEDED', 2, 'undo');
  const unsure = await inProcess(['undo'], { cwd: directory, answer: 'n' });
  assert.match(unsure.stderr, /Restoring .* changes:.*Go on with the undo\? .*NOT_CONFIRMED/s);
  const undone = await run(['undo', '--yes']);
  assert.match(
    undone.stdout,
    new RegExp(`^Restored ${result.undo}.* closed for .* Undo point: [0-9a-f]{12}\\.\\n$`),
  );
  assert.equal(await readFile(path.join(directory, 'app/price.txt'), 'utf8'), '-1\n');
});

test('a deleted repository comes back: only a snapshot needs it to be there', async () => {
  await rm(path.join(directory, 'app'), { recursive: true });
  await refused('MEMBER_MISSING', 2, 'snapshot');
  await json<Result>('restore', 'good', '--yes');
  assert.equal(git('log', '-1', '--format=%s'), 'one\n');
});

test('into an empty directory it needs no confirmation', async () => {
  const into = path.join(directory, 'look');
  const result = await json<Result>('restore', 'good', '--into', into);
  assert.equal(result.undo, null);
  assert.equal(await readFile(path.join(into, 'app/price.txt'), 'utf8'), '10\n');
  const status = await json<Status>('--project', into, 'db', 'stop');
  const root = path.resolve(status.dataDirectory ?? '', '../../..');
  if (path.basename(path.dirname(root)) === 'stillpoint') outside.push(root);
  await refused('TARGET_NOT_EMPTY', 2, 'restore', 'good', '--into', into);
  await rm(into, { recursive: true });
});

test("exec hands on the program's own end", async () => {
  const seven = await run(node('process.exit(7)'));
  assert.deepEqual([seven.status, seven.signal, seven.stdout, seven.stderr], [7, null, '', '']);
  assert.equal((await run(node("process.kill(process.pid, 'SIGTERM')"))).signal, 'SIGTERM');
  await refused('PROGRAM_NOT_STARTED', 1, 'exec', '--', './no-such-program');
  const names = await run(
    node(
      'process.stdout.write(Object.keys(process.env).filter(name => /^(PG|DATABASE_URL|STILLPOINT)/.test(name)).sort().join())',
    ),
    {
      env: Object.fromEntries(
        Object.keys(process.env)
          .filter((name) => /^(PG|STILLPOINT)/.test(name))
          .map((name) => [name, undefined]),
      ),
    },
  );
  assert.equal(
    names.stdout,
    'DATABASE_URL,PGDATABASE,PGHOST,PGPASSWORD,PGPORT,PGUSER,STILLPOINT_DATABASE_URL_DB,STILLPOINT_LOCK_KEY',
  );
});

test('exec passes signals on and does not end before the program', async () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const script = `process.on('${signal}', () => process.exit(42)); console.log('up'); setInterval(() => {}, 1000)`;
    const ran = await run(node(script), {
      meanwhile: async (child) => {
        await firstWords(child);
        child.kill(signal);
      },
    });
    assert.equal(ran.status, 42, signal);
  }
});

const oldNode = findOldNode();

test(
  'an older Node starts the command, and takes it along when it dies',
  { skip: oldNode === undefined ? 'no older Node on the PATH' : false },
  async () => {
    assert.ok(oldNode !== undefined);
    const version = await run(['--version'], { node: oldNode });
    assert.deepEqual([version.status, version.stdout], [0, `${VERSION}\n`]);
    assert.equal((await run(node('process.exit(7)'), { node: oldNode })).status, 7);
    let command = 0;
    let program = 0;
    const ran = await run(
      node('console.log(process.ppid, process.pid); setInterval(() => {}, 1000)'),
      {
        node: oldNode,
        meanwhile: async (child) => {
          [command = 0, program = 0] = (await firstWords(child)).split(' ').map(Number);
          assert.notEqual(command, child.pid, 'the command is a process beside the launcher');
          child.kill('SIGKILL');
          await endOf(command);
          // The program was never ours to kill; a test leaves nothing behind.
          process.kill(program, 'SIGKILL');
        },
      },
    );
    assert.equal(ran.signal, 'SIGKILL');
  },
);

/** The first `node` on the PATH that is too old to run the command itself. */
function findOldNode(): string | undefined {
  for (const place of (process.env['PATH'] ?? '').split(':')) {
    try {
      const file = path.join(place, 'node');
      const version = execFileSync(file, ['--version'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      if (Number(/^v(\d+)/.exec(version)?.[1] ?? 99) < 24) return file;
    } catch {
      // Not there, or no Node.
    }
  }
  return undefined;
}

async function endOf(pid: number): Promise<void> {
  const identity = identifyProcess(pid);
  if (identity === undefined) return;
  const deadline = performance.now() + 20_000;
  while (isAlive(identity)) {
    assert.ok(performance.now() < deadline, `process ${pid} is still there`);
    await delay(5);
  }
}
