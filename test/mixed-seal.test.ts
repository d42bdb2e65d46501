// One seal over every kind of source: a counter that several writers raise in a managed Postgres, a Postgres by URL, SQLite, a
// file and a commit is one number in every snapshot: restored elsewhere, in place under load, and undone. `npm run test:soak`
// does it at full size; otherwise seal.test.ts and elsewhere-by-url.test.ts do what is done elsewhere.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import {
  addressesOf,
  agreed,
  createMixedProject,
  readCounters,
  type Addresses,
} from './fixture/mixed-project.ts';
import { startMixedWriters, type MixedWriters } from './fixture/mixed-load.ts';
import { openProject, type Project } from './fixture/project.ts';
import { openShopServer } from './fixture/shop-server.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const size = soak
  ? { snapshots: 20, elsewhere: 20, inPlace: 20, writers: 4 }
  : { snapshots: 1, elsewhere: 0, inPlace: 1, writers: 2 };

interface Taken {
  readonly id: string;
  /** The largest number that was acknowledged before the command was started: it must be in. */
  readonly atLeast: number;
}

test(`one seal over five kinds of source: ${size.snapshots} snapshots under ${size.writers} writers, ${size.elsewhere} restored elsewhere, ${size.inPlace} in place and undone`, async (t) => {
  await using server = await openShopServer(t);
  if (server === undefined) return;
  await using project = await createMixedProject(await server.createDatabase('shop'));
  const addresses = await addressesOf(project);
  const scratch = await mkdtemp(path.join(tmpdir(), 'stillpoint-mixed-'));
  t.after(() => rm(scratch, { recursive: true, force: true }));
  await using writers = startMixedWriters(project.directory, addresses, size.writers);

  const taken: Taken[] = [];
  for (let round = 0; round < size.snapshots; round += 1) {
    await writers.more(3);
    const atLeast = writers.largest();
    const { id } = await project.json<{ id: string }>(['snapshot']);
    taken.push({ id, atLeast });
  }
  for (const one of taken.slice(0, size.elsewhere)) {
    await restoreElsewhere(project, addresses, one, path.join(scratch, one.id));
  }
  for (const { id } of taken.slice(-size.inPlace)) {
    await restoreAndUndo(project, addresses, writers, id);
  }
});

async function restoreElsewhere(
  project: Project,
  own: Addresses,
  taken: Taken,
  directory: string,
): Promise<void> {
  await project.json(['restore', taken.id, '--into', directory, '--yes']);
  await using restored = openProject(directory);
  const its = await addressesOf(restored);
  assert.notEqual(its.db, own.db);
  assert.notEqual(its.shop, own.shop, 'another database of the same server');
  const n = agreed(await readCounters(directory, its), `${taken.id} restored elsewhere`);
  assert.ok(n >= taken.atLeast, `what was acknowledged (${taken.atLeast}) is in it (${n})`);
  assert.equal(await newestCommit(restored), n);
}

/** The writers stay connected. They go on from what each place holds: one that was forgotten would never come right again. */
async function restoreAndUndo(
  project: Project,
  addresses: Addresses,
  writers: MixedWriters,
  id: string,
): Promise<void> {
  await writers.more(2);
  const before = agreed(await readCounters(project.directory, addresses), 'before the restore');
  await project.json(['restore', id, '--yes']);
  await writers.more(2);
  const restored = agreed(await readCounters(project.directory, addresses), `${id} in place`);
  assert.ok((await newestCommit(project)) >= restored);
  await project.json(['undo', '--yes']);
  await writers.more(2);
  const undone = agreed(await readCounters(project.directory, addresses), 'after the undo');
  assert.ok(undone > before, `${undone} goes on after ${before}`);
  await newestCommit(project);
}

/** The commits count without a gap: what was restored went on from exactly there. */
async function newestCommit(project: Project): Promise<number> {
  const subjects = await project.git('.', 'log', '--format=%s');
  const numbers = [...subjects.matchAll(/^count (\d+)$/gm)].map(([, n]) => Number(n));
  const [newest = Number.NaN] = numbers;
  const expected = numbers.map((_, index) => newest - index);
  assert.deepEqual(numbers, expected, 'no commit is missing');
  return newest;
}
