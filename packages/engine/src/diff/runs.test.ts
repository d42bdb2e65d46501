// Runs side by side: which are looked into, how many and how large ones, and what is told of the others.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { failure } from '@stillpoint/core';
import type { RunCheckpoint, RunCheckpoints } from '../sources/contract.ts';
import { compareRuns, type RunsOptions } from './runs.ts';

const home = await mkdtemp(path.join(tmpdir(), 'stillpoint-diff-runs-'));
after(() => rm(home, { recursive: true, force: true }));
const place = path.join(home, 'place');
const { signal } = new AbortController();

function checkpoint(tick: number, content: string): RunCheckpoint {
  return {
    tick,
    digest: content === 'damaged' ? undefined : content,
    bytes: content.length,
    async toFile(directory) {
      if (content === 'gone') return undefined;
      await mkdir(directory, { recursive: true });
      const file = path.join(directory, String(tick));
      await writeFile(file, content);
      return file;
    },
  };
}

const runsOf = (contents: Readonly<Record<string, string>>, tick: number): RunCheckpoints =>
  new Map(Object.entries(contents).map(([run, content]) => [run, checkpoint(tick, content)]));

/** What the files hold is what differs. */
const options: RunsOptions = {
  async compare(files) {
    const [from, to] = [await readFile(files.from, 'utf8'), await readFile(files.to, 'utf8')];
    if ([from, to].includes('damaged'))
      throw failure('CKPT_DAMAGED', { file: files.from, part: 'its end', why: 'it is missing' });
    const facts = from === to ? [] : [{ name: 'content', from, to }];
    return { facts, arrays: [], equalArrays: 0 };
  },
  shown: { runs: 2, checkpointBytes: 20 },
  place,
  checkRoom: async () => {},
  signal,
};

test('runs of both states are looked into, and nothing is left of what that took', async () => {
  const before = runsOf({ b: 'one', a: 'two', equal: 'same', removed: 'x' }, 1);
  const later = runsOf({ a: 'three', b: 'four', equal: 'same', added: 'x' }, 2);
  const runs = await compareRuns(before, later, options);
  assert.deepEqual(
    runs?.map(({ run, tick, changes }) => [run, tick.from, tick.to, changes?.facts[0]?.to]),
    [
      ['a', 1, 2, 'three'],
      ['b', 1, 2, 'four'],
    ],
  );
  await assert.rejects(stat(place), { code: 'ENOENT' });
});

test('no more runs and no larger checkpoints than told, and what cannot be read is told of the run alone', async () => {
  const large = 'x'.repeat(21);
  const before = runsOf({ a: large, b: 'damaged', c: 'gone', d: 'one' }, 1);
  const later = runsOf({ a: 'a', b: 'b', c: 'c', d: 'two' }, 2);
  const problems = async (shown: RunsOptions['shown']): Promise<readonly (string | null)[]> =>
    (await compareRuns(before, later, { ...options, shown }))!.map(({ problem }) => problem);
  const all = await problems({ runs: Infinity, checkpointBytes: Infinity });
  assert.equal(all[0], null);
  assert.match(all[1] ?? '', /^CKPT_DAMAGED/);
  assert.match(all[2] ?? '', /is gone/);
  assert.equal(all[3], null);
  const few = await problems({ runs: 3, checkpointBytes: 20 });
  assert.match(few[0] ?? '', /are large/);
  assert.match(few[3] ?? '', /only 3 runs/);
});

test('without room, and without the library that reads them, runs are not looked into', async () => {
  const [before, later] = [runsOf({ a: 'one' }, 1), runsOf({ a: 'two' }, 2)];
  const needs = { what: 'Looking into the snapshot', where: home, neededMb: 2, freeMb: 1 };
  const noRoom = async (bytes: number): Promise<void> => {
    assert.equal(bytes, 6);
    throw failure('NO_SPACE', needs);
  };
  const full = await compareRuns(before, later, { ...options, checkRoom: noRoom });
  assert.match(full?.[0]?.problem ?? '', /^NO_SPACE/);
  const unread = { ...options, compare: async () => undefined };
  assert.equal(await compareRuns(before, later, unread), null);
});
