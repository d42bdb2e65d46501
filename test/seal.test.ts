// One seal: code and database written in turn by one application come back as one moment, from every snapshot, into an
// empty directory and in place. `npm run test:soak` does it at full size.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { run } from './fixture/command.ts';
import {
  createCounterTables,
  findPgbench,
  initialisePgbench,
  pgbenchSums,
  startCounter,
  startPgbench,
  type Counter,
} from './fixture/load.ts';
import { createProject, openProject, type Project } from './fixture/project.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const size = soak ? { snapshots: 20, inPlace: 5, scale: 20 } : { snapshots: 3, inPlace: 1, scale: 2 };

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
  if (pgbench === undefined) t.diagnostic('pgbench is not installed: the seal is tested without it');
  else await initialisePgbench(pgbench, url, size.scale);

  await using counter = await startCounter(project, url);
  await using _bench =
    pgbench === undefined ? undefined : await startPgbench(pgbench, url, scratch);
  const taken: Taken[] = [];
  for (let round = 0; round < size.snapshots; round += 1) {
    await counter.more(2);
    const acknowledgedBefore = counter.acknowledged.at(-1)!;
    const looks = await gitLooks(project);
    const { id } = await project.json<{ id: string }>(['snapshot', '-m', `round ${round}`]);
    // The writer commits all the time: what must not change is everything but its own counter.
    assert.deepEqual(await gitLooks(project), looks);
    taken.push({ id, acknowledgedBefore, acknowledgedAfter: counter.acknowledged.at(-1)! + 1 });
  }

  const counterOf = new Map<string, number>();
  for (const one of taken) {
    const directory = path.join(scratch, one.id);
    await project.json(['restore', one.id, '--into', directory, '--yes']);
    await using restored = openProject(directory, project.extensions);
    counterOf.set(one.id, await checkOneMoment(restored, one, pgbench !== undefined));
  }

  for (const { id } of taken.slice(-size.inPlace)) {
    await restoreAndUndoUnderLoad(project, counter, id, counterOf.get(id)!);
  }
  await rm(scratch, { recursive: true, force: true });
});

/** What a snapshot must leave as it was, apart from what the counter writer does itself. */
async function gitLooks(project: Project): Promise<string> {
  const looks: string[] = [];
  for (const member of project.extensions) {
    looks.push(await project.git(member, 'status', '--porcelain=v2', '--branch'));
    looks.push(await project.git(member, 'count-objects', '-v'));
  }
  for (const member of ['.', ...project.extensions]) {
    looks.push(await project.git(member, 'branch', '--list', '--format=%(refname)'));
    looks.push(await project.git(member, 'stash', 'list'));
  }
  return looks.join('\n');
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
  const jumps = seen.flatMap((n, index) => (index > 0 && n !== seen[index - 1]! + 1 ? [index] : []));
  assert.equal(jumps.length, 2, `a jump for the restore and one for the undo: ${seen.join(' ')}`);
  const [restored, undone] = jumps as [number, number];
  assert.equal(seen[restored], expected + 1, 'the restore brought the counter of the snapshot');
  assert.equal(seen[undone], seen[restored - 1]! + 1, 'the undo brought the counter before it');
  const subjects = await project.git('.', 'log', '--format=%s');
  const counts = subjects.split('\n').filter((line) => line.startsWith('count '));
  const numbers = counts.map((line) => Number(line.slice('count '.length)));
  assert.deepEqual(numbers, numbers.map((_, index) => numbers[0]! - index), 'no commit is missing');
}

async function checkOneMoment(project: Project, taken: Taken, withBench: boolean): Promise<number> {
  const client = await project.connect();
  const counters = await readCounters(project, client);
  const [n] = counters;
  try {
    assert.deepEqual(counters, [n, n, n, n], 'two tables, a file and a commit');
    assert.ok(n! >= taken.acknowledgedBefore, 'what was acknowledged before the snapshot is there');
    assert.ok(n! <= taken.acknowledgedAfter, 'what was written after the snapshot is not');
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
