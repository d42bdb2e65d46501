// The examples run, and hold still: while the freeze lasts nothing that they write changes. docs/guide/holding-still.md quotes
// them, and this test holds the quotes equal.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newSnapshotId, silent } from '@stillpoint/core';
import type { Client } from 'pg';
import {
  createHttpParticipant,
  freeze,
  type Participant,
} from '../packages/engine/src/freeze/index.ts';
import { eventually } from '../packages/engine/src/freeze/testing/eventually.ts';
import { createAdvisoryLockParticipant } from '../packages/engine/src/sources/postgres/advisory-lock.ts';
import {
  connectApplication,
  removePlace,
  startThrowawayCluster,
  type ThrowawayCluster,
} from '../packages/engine/src/sources/postgres/testing.ts';

const here = import.meta.dirname;
const lockKey = 357896375372n;
const patienceMs = 20_000;
const at = (name: string): string => path.join(here, name);

it('the guide quotes the examples as they are', () => {
  const guide = readFileSync(at('../docs/guide/holding-still.md'), 'utf8');
  const quotes = [...guide.matchAll(/\(\.\.\/\.\.\/(examples\/[^)]+)\)\n\n```\w+\n([^]*?)```/g)];
  assert.equal(quotes.length, 6);
  for (const [, name = '', text] of quotes)
    assert.equal(text, readFileSync(at(`../${name}`), 'utf8'), name);
});

let throwaway: ThrowawayCluster;
let client: Client;
let directory: string;
let environment: NodeJS.ProcessEnv;
let database: Participant;

before(async () => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'examples-'));
  throwaway = await startThrowawayCluster();
  const { cluster } = throwaway;
  client = await connectApplication(cluster);
  const url = await cluster.url();
  environment = { ...process.env, DATABASE_URL: url, STILLPOINT_LOCK_KEY: String(lockKey) };
  database = createAdvisoryLockParticipant({
    name: 'database',
    guards: '*',
    key: lockKey,
    databases: async () => ['shop'],
    connect: (name, applicationName) => cluster.connect({ database: name, applicationName }),
  });
});
after(async () => {
  await client.end();
  await throwaway[Symbol.asyncDispose]();
  await removePlace();
  await rm(directory, { recursive: true, force: true });
});

/** Runs an example beside the test; SIGTERM must end it well unless it says that it does not mind. */
async function running(
  command: readonly string[],
  more: NodeJS.ProcessEnv,
  act: (child: ChildProcess) => Promise<void>,
): Promise<void> {
  const [program = '', ...args] = command;
  const env = { ...environment, ...more };
  const child = spawn(program, args, { cwd: directory, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    await act(child);
    child.kill('SIGTERM');
    const [status, signal] = (await exited) as [number | null, string | null];
    assert.ok(status === 0 || signal === 'SIGTERM', `${program} ended with ${status ?? signal}`);
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

/** Grows before the freeze, not in it, and again after it. */
async function holdsStill(participant: Participant, count: () => Promise<number>): Promise<void> {
  const growsBeyond = (first: number): Promise<void> =>
    eventually(async () => (await count().catch(() => 0)) > first, patienceMs, 'it writes');
  await growsBeyond(2);
  const options = {
    participants: [participant],
    budgetMs: 10_000,
    resumesDirectory: path.join(directory, 'resumes'),
    snapshot: newSnapshotId(),
    signal: new AbortController().signal,
    progress: silent,
  };
  const { value: during } = await freeze(options, async (held) => {
    const first = await count();
    for (let look = 0; look < 10; look += 1) {
      await delay(10);
      assert.equal(await count(), first, 'it wrote in the freeze');
    }
    await held.check();
    return first;
  });
  await growsBeyond(during);
}

const rowsOf = (table: string) => async (): Promise<number> => {
  const { rows } = await client.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
  return Number(rows[0]?.count);
};

const node = [process.execPath, '--no-warnings'];
/** Debian's own, which has Debian's psycopg2, or any other that has one. */
const python = ['/usr/bin/python3', 'python3'].find(
  (one) => spawnSync(one, ['-c', 'import psycopg2']).status === 0,
);
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
const skipUnless = (there: boolean, what: string): { skip: string | false } => ({
  skip: there ? false : `${what} is not installed`,
});

describe('the examples', () => {
  it('typescript/database-writer.ts', async () => {
    await running([...node, at('typescript/database-writer.ts')], {}, () =>
      holdsStill(database, rowsOf('typescript_entry')),
    );
  });

  it('typescript/everything-writer.ts writes the same everywhere', async () => {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: directory, encoding: 'utf8' }).trim();
    git('init', '--quiet');
    git('config', 'user.name', 'example');
    git('config', 'user.email', 'example@example.org');
    const count = async (): Promise<number> => {
      const inDatabase = await rowsOf('counter')();
      const inFile = Number(readFileSync(path.join(directory, 'counter.txt'), 'utf8'));
      const inCommit = Number(git('log', '-1', '--format=%s').replace('counter ', ''));
      return inDatabase === inFile && inFile === inCommit ? inFile : Number.NaN;
    };
    await running([...node, at('typescript/everything-writer.ts')], {}, () =>
      holdsStill(database, count),
    );
  });

  it('typescript/http-application.ts', async () => {
    const count = async (): Promise<number> => {
      const lines = readFileSync(path.join(directory, 'jobs.txt'), 'utf8').trim().split('\n');
      return lines.length;
    };
    await running([...node, at('typescript/http-application.ts')], { PORT: '0' }, async (child) => {
      const [line] = (await once(child.stdout!, 'data')) as [Buffer];
      const base = `http://127.0.0.1:${(JSON.parse(line.toString()) as { port: number }).port}`;
      const [suspend, resume] = [`${base}/suspend`, `${base}/resume`];
      const participant = createHttpParticipant({ name: 'worker', guards: '*', suspend, resume });
      await holdsStill(participant, count);
      await goesOnByItself(suspend, resume, count);
    });
  });

  it(
    'python/database_writer.py',
    skipUnless(python !== undefined, 'psycopg2 for Python'),
    async () => {
      await running([python ?? '', at('python/database_writer.py')], {}, () =>
        holdsStill(database, rowsOf('python_entry')),
      );
    },
  );

  it('psql/write.sql', skipUnless(has('psql'), 'psql'), async () => {
    const script = `while psql "$DATABASE_URL" -q -v lock_key="$STILLPOINT_LOCK_KEY" -v ON_ERROR_STOP=1 -o psql.out -f "$0" 2>psql.err; do :; done`;
    await running(['sh', '-c', script, at('psql/write.sql')], {}, () =>
      holdsStill(database, rowsOf('psql_entry')),
    );
  });

  it('psql/pgbench.sql', skipUnless(has('pgbench'), 'pgbench'), async () => {
    const url = environment['DATABASE_URL'] ?? '';
    execFileSync('pgbench', [url, '-i', '-q'], { stdio: 'ignore' });
    const args = ['-n', '-f', at('psql/pgbench.sql'), '-s', '1', '-D', `lock_key=${lockKey}`];
    await running(['pgbench', url, ...args, '-c', '4', '-T', '600'], {}, () =>
      holdsStill(database, rowsOf('pgbench_history')),
    );
    await eventually(async () => (await writersLeft()) === 0, patienceMs, 'pgbench is gone');
    const { rows } = await client.query<{ equal: boolean }>(
      `SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history) AS equal`,
    );
    assert.equal(rows[0]?.equal, true);
  });
});

async function writersLeft(): Promise<number> {
  const { rows } = await client.query(
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'pgbench'",
  );
  return rows.length;
}

/** Nobody resumes it: it must go on when its time is over, and be honest when the resume comes. */
async function goesOnByItself(
  suspend: string,
  resume: string,
  count: () => Promise<number>,
): Promise<void> {
  const post = async (url: string, body: object): Promise<Response> =>
    fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const snapshot = newSnapshotId();
  assert.equal((await post(suspend, { snapshot, ttlMs: 100 })).status, 200);
  const first = await count();
  await eventually(async () => (await count()) > first, patienceMs, 'it goes on by itself');
  assert.deepEqual(await (await post(resume, { snapshot })).json(), { held: false });
  assert.equal((await post(suspend, { snapshot, ttlMs: 60_000 })).status, 409);
}
