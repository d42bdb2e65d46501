// One seal: code and database written in turn by one application come back as one moment, from every snapshot, into an
// empty directory and in place. `npm run test:soak` does it at full size; otherwise mixed-seal.test.ts does what is done in place.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { finished, run, startCommand } from './fixture/command.ts';
import {
  createCounterTables,
  findPgbench,
  initialisePgbench,
  pgbenchSums,
  startCounter,
  startPgbench,
  type Counter,
} from './fixture/load.ts';
import { createProject, lockKey, openProject, type Project } from './fixture/project.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const size = soak
  ? { snapshots: 20, inPlace: 5, scale: 20, transactionsPerSecond: 0 }
  : { snapshots: 1, inPlace: 0, scale: 1, transactionsPerSecond: 100 };

interface Taken {
  readonly id: string;
  readonly acknowledgedBefore: number;
  readonly acknowledgedAfter: number;
}

test(`one seal: ${size.snapshots} snapshots under load, each restored elsewhere, ${size.inPlace} in place and undone`, async (t) => {
  await using project = await createProject();
  await project.stillpoint(['db', 'start']);
  const url = (await project.stillpoint(['db', 'url'])).stdout.trim();
  const setUp = await project.connect();
  await createCounterTables(setUp);
  await setUp.end();
  const scratch = await mkdtemp(path.join(tmpdir(), 'stillpoint-seal-'));
  const pgbench = await findPgbench();
  if (pgbench === undefined)
    t.diagnostic('pgbench is not installed: the seal is tested without it');
  else await initialisePgbench(pgbench, url, size.scale);

  await using counter = await startCounter(project, url);
  await using _bench =
    pgbench === undefined ? undefined : await startPgbench(pgbench, url, scratch, size);
  const taken: Taken[] = [];
  await leaveWorkLyingAbout(project);
  for (let round = 0; round < size.snapshots; round += 1) {
    await counter.more(2);
    const looks = await gitLooks(project);
    taken.push(await takeSnapshot(project, counter));
    assert.deepEqual(await gitLooks(project), looks, 'nothing that a user sees of git has changed');
  }

  const counterOf = new Map<string, number>();
  for (const one of taken) {
    const directory = path.join(scratch, one.id);
    await project.json(['restore', one.id, '--into', directory, '--yes']);
    await using restored = openProject(directory, project.extensions);
    counterOf.set(one.id, await checkOneMoment(restored, one, pgbench !== undefined));
  }

  for (const { id } of taken.slice(taken.length - size.inPlace)) {
    await restoreAndUndoUnderLoad(project, counter, id, counterOf.get(id)!);
  }
  await rm(scratch, { recursive: true, force: true });
});

/** The command says when the freeze begins and when it is over: what was acknowledged then bounds what may be in it. */
async function takeSnapshot(project: Project, counter: Counter): Promise<Taken> {
  const child = startCommand(['snapshot'], { cwd: project.directory });
  const acknowledgedAt = new Map<string, number>();
  createInterface({ input: child.stderr! }).on('line', (line) => {
    acknowledgedAt.set(line, counter.acknowledged.at(-1)!);
  });
  const { code, stdout, stderr } = await finished(child);
  assert.equal(code, 0, stderr);
  return {
    id: /^Snapshot ([0-9a-f]{12})/.exec(stdout)![1]!,
    acknowledgedBefore: acknowledgedAt.get('freeze …')!,
    // One more was perhaps begun, and written, between the thaw and the line.
    acknowledgedAfter: acknowledgedAt.get('capture …')! + 1,
  };
}

/** Staged, changed, untracked and stashed work in the extensions, where the counter writer does not come. */
async function leaveWorkLyingAbout(project: Project): Promise<void> {
  for (const member of project.extensions) {
    const at = (name: string): string => path.join(project.directory, member, name);
    await writeFile(at('main.txt'), 'stashed\n');
    await project.git(member, 'stash', 'push', '-q');
    await writeFile(at('staged.txt'), 'staged\n');
    await project.git(member, 'add', 'staged.txt');
    await writeFile(at('staged.txt'), 'staged and changed\n');
    await writeFile(at('untracked.txt'), 'untracked\n');
    await project.git(member, 'branch', 'other');
  }
}

/**
 * What a snapshot must leave as it was: status, index, refs, stash, objects. In the core repository the counter writer commits
 * all the time, so it is looked at under the lock, between two of its commits: everything of it must be clean and reachable.
 */
async function gitLooks(project: Project): Promise<unknown[]> {
  const looks: unknown[] = [];
  for (const member of project.extensions) {
    looks.push(await project.git(member, 'status', '--porcelain=v2', '--branch', '--show-stash'));
    looks.push(await readFile(path.join(project.directory, member, '.git', 'index'), 'latin1'));
    looks.push(await project.git(member, 'for-each-ref'));
    looks.push(await project.git(member, 'stash', 'list'));
    looks.push(await project.git(member, 'count-objects', '-v'));
  }
  const client = await project.connect();
  try {
    await client.query(`SELECT pg_advisory_lock(${lockKey})`);
    looks.push(await project.git('.', 'status', '--porcelain'));
    looks.push(await project.git('.', 'diff', '--cached', '--name-status'));
    looks.push(await project.git('.', 'for-each-ref', '--format=%(refname)'));
    looks.push(await project.git('.', 'stash', 'list'));
    looks.push(await project.git('.', 'fsck', '--unreachable', '--no-reflogs', '--no-progress'));
  } finally {
    await client.end();
  }
  const coreLooks = ['', '', 'refs/heads/main\n', '', ''];
  assert.deepEqual(looks.slice(-coreLooks.length), coreLooks);
  return looks;
}

/**
 * The writer stays connected and goes on from whatever number it finds, so its numbers tell the truth: with the restore they
 * jump back to the snapshot's successor, with the undo forward to the successor of the last one before the restore.
 */
async function restoreAndUndoUnderLoad(
  project: Project,
  counter: Counter,
  id: string,
  expected: number,
): Promise<void> {
  const start = counter.acknowledged.length;
  await counter.more(2);
  await project.json(['restore', id, '--yes']);
  await counter.more(2);
  await project.json(['undo', '--yes']);
  await counter.more(2);
  const seen = counter.acknowledged.slice(start);
  const jumps = seen.flatMap((n, index) =>
    index > 0 && n !== seen[index - 1]! + 1 ? [index] : [],
  );
  assert.equal(jumps.length, 2, `a jump for the restore and one for the undo: ${seen.join(' ')}`);
  const [restored, undone] = jumps as [number, number];
  assert.equal(seen[restored], expected + 1, 'the restore brought the counter of the snapshot');
  assert.equal(seen[undone], seen[restored - 1]! + 1, 'the undo brought the counter before it');
  const subjects = await project.git('.', 'log', '--format=%s');
  const counts = subjects.split('\n').filter((line) => line.startsWith('count '));
  const numbers = counts.map((line) => Number(line.slice('count '.length)));
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => numbers[0]! - index),
    'no commit is missing',
  );
}

async function checkOneMoment(project: Project, taken: Taken, withBench: boolean): Promise<number> {
  const client = await project.connect();
  const counters = await readCounters(project, client);
  const [n] = counters;
  try {
    assert.deepEqual(counters, [n, n, n, n], 'two tables, a file and a commit');
    assert.ok(n! >= taken.acknowledgedBefore, 'what was acknowledged before the freeze is there');
    assert.ok(n! <= taken.acknowledgedAfter, 'what was written after the freeze is not');
    const { rows } = await client.query('SELECT count(*)::int AS count FROM first_counter');
    assert.equal(rows[0].count, n, 'no row is missing in between');
    if (withBench) {
      const [first, ...others] = await pgbenchSums(client);
      for (const other of others) assert.equal(other, first, 'pgbench invariant');
    }
  } finally {
    await client.end();
  }
  for (const member of ['.', ...project.extensions]) await project.git(member, 'fsck', '--strict');
  return n!;
}

async function readCounters(
  project: Project,
  client: { query(sql: string): Promise<{ rows: { n: string }[] }> },
): Promise<number[]> {
  const first = await client.query('SELECT coalesce(max(n), 0) AS n FROM first_counter');
  const second = await client.query('SELECT coalesce(max(n), 0) AS n FROM second_counter');
  const file = await readFile(path.join(project.directory, 'counter.txt'), 'utf8');
  const subject = await run('git', ['log', '-1', '--format=%s'], { cwd: project.directory });
  const inCommit = subject.startsWith('count ') ? Number(subject.slice('count '.length)) : 0;
  return [Number(first.rows[0]!.n), Number(second.rows[0]!.n), Number(file), inCommit];
}
