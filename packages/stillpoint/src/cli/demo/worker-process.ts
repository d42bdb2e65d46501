// One program of the demonstration, a process of its own. Everything it writes, in tables, files and commits, it writes
// under the shared advisory lock: that one line is all that an application owes Stillpoint.
//   'counts': the same number into two tables, a tracked file and a commit (now and then in an extension too)
//   'inserts': plain rows, as fast as they go
// It reports each committed transaction and how long it took since the one before. It ends with its parent, or when
// the database refuses its work.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { createGit, type Git } from './git.ts';
import type { WorkerReport, WorkerTask } from './workers.ts';

const task = JSON.parse(process.argv[2] ?? '') as WorkerTask;
const git = createGit(process.env);

process.on('disconnect', () => process.exit(0));
const orders = { stop: false };
process.on('message', () => {
  orders.stop = true;
});

const client = new Client({
  connectionString: process.env['DATABASE_URL'],
  application_name: `demo ${task.kind}`,
});
client.on('error', () => process.exit(1));

async function run(): Promise<void> {
  await client.connect();
  let seq = await lastSeq();
  let before = performance.now();
  while (!orders.stop) {
    await client.query('begin');
    await client.query('select pg_advisory_xact_lock_shared($1)', [
      process.env['STILLPOINT_LOCK_KEY'],
    ]);
    if (task.kind === 'counts') seq = await count(client, git, task.directory);
    else await insert(client, ++seq);
    await client.query('commit');
    const now = performance.now();
    process.send?.({ gapMs: now - before, number: seq } satisfies WorkerReport);
    // A breath, so that a machine with two processors shows a demonstration and not a load test.
    await wait(task.kind === 'counts' ? 15 : 5);
    before = performance.now();
  }
  await client.end();
}

async function lastSeq(): Promise<number> {
  const result = await client.query<{ seq: string | null }>(
    'select max(seq) as seq from event where worker = $1',
    [task.worker],
  );
  return Number(result.rows[0]?.seq ?? 0);
}

async function insert(db: Client, seq: number): Promise<void> {
  const payload = `event ${seq} of worker ${task.worker}`;
  await db.query('insert into event (worker, seq, payload) values ($1, $2, $3)', [
    task.worker,
    seq,
    payload,
  ]);
}

/** One transaction, two tables, a file and a commit: what must never come apart. */
async function count(db: Client, git: Git, directory: string): Promise<number> {
  const result = await db.query<{ n: string }>('update counter set n = n + 1 returning n');
  const n = Number(result.rows[0]?.n);
  await db.query('insert into ledger (n, note) values ($1, $2)', [
    n,
    `tick ${n} by worker ${task.worker}`,
  ]);
  await commitTick(git, path.join(directory, 'core'), 'counter.txt', n);
  if (n % 5 === 0) {
    const extension = n % 10 === 0 ? 'extensions/billing' : 'extensions/search';
    await commitTick(git, path.join(directory, extension), 'last-tick.txt', n);
  }
  return n;
}

async function commitTick(git: Git, repository: string, file: string, n: number): Promise<void> {
  await writeFile(path.join(repository, file), `${n}\n`);
  await git(repository, 'commit', '-q', '-m', `tick ${n}`, '--only', file);
}

try {
  await run();
  process.exit(0);
} catch (error) {
  // A table is gone, or the server closed the door: the program is down, as a real one would be.
  process.stderr.write(process.env['STILLPOINT_DEBUG'] === undefined ? '' : `${String(error)}\n`);
  process.exit(1);
}
