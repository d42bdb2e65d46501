// What could begin a run anew over the only copy of its work, or begin it with another state than it had.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, it } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { forkCheckpoint } from '../manage/index.ts';
import { loadWorld } from '../world/index.ts';
import { writeRandomWorld } from '../world/testing/random-world.ts';
import type { SessionEnd, SessionOptions } from './contract.ts';
import { simulate } from './index.ts';

type Store = NonNullable<SessionOptions['store']>;

const place = mkdtempSync(path.join(os.tmpdir(), 'only-copy-'));
after(() => rmSync(place, { recursive: true, force: true }));
await writeRandomWorld(1, path.join(place, 'world'));
const loaded = await loadWorld(path.join(place, 'world'));
let made = 0;
const fresh = (): string => path.join(place, `runs-${(made += 1)}`);
const run = (directory: string, steps: number, beginning: Store['beginning']) =>
  simulate({
    loaded,
    seed: 's',
    steps,
    store: { directory, beginning, cadence: { strideTicks: 5 } },
  });
const noCheckpoint = (error: unknown): boolean => isFailure(error, 'RUN_NO_CHECKPOINT');
const checkpointsIn = (at: string): readonly string[] =>
  readdirSync(at).filter((name) => name.endsWith('.ckpt'));
const last = (end: SessionEnd): string => end.checkpoints.last!.file;

it('a run of which every checkpoint is damaged is not begun anew over them', async () => {
  const directory = fresh();
  const first = await run(directory, 12, { begin: 'new', runId: 'a' });
  const at = path.dirname(last(first));
  const files = checkpointsIn(at);
  for (const name of files) truncateSync(path.join(at, name), 300);
  for (const beginning of [
    { begin: 'resume' },
    { begin: 'resume', from: 'a' },
    { begin: 'either', runId: 'a' },
  ] as const)
    await assert.rejects(run(directory, 3, beginning), noCheckpoint, JSON.stringify(beginning));
  rmSync(path.join(at, 'manifest.json'));
  await assert.rejects(run(directory, 3, { begin: 'resume', from: 'a' }), noCheckpoint);
  await assert.rejects(run(directory, 3, { begin: 'either', runId: 'a' }), noCheckpoint);
  await assert.rejects(run(directory, 3, { begin: 'new', runId: 'a' }), (error) =>
    isFailure(error, 'RUN_EXISTS'),
  );
  assert.deepEqual(checkpointsIn(at), files);
});

it('a branch that died before its first checkpoint begins with what it was branched from', async () => {
  const directory = fresh();
  const first = await run(directory, 10, { begin: 'new', runId: 'a' });
  const from = last(first);
  await run(directory, 10, { begin: 'resume' });
  const straight = await simulate({ loaded, seed: 's', steps: 20 });
  // As it is where it is killed before its first checkpoint.
  const branch = await run(directory, 1, { begin: 'resume', from, runId: 'b' });
  rmSync(last(branch));
  const again = await run(directory, 10, { begin: 'resume' });
  assert.deepEqual([again.runId, again.tick], ['b', 20]);
  assert.equal(again.stateHash, straight.stateHash);
  rmSync(path.join(directory, 'b'), { recursive: true });
  rmSync(last(await run(directory, 1, { begin: 'resume', from, runId: 'c' })));
  rmSync(from);
  await assert.rejects(run(directory, 10, { begin: 'resume', from: 'c' }), noCheckpoint);
});

it('a fork that died before its checkpoint was written is not begun at tick 0', async () => {
  const directory = fresh();
  const [parameter] = loaded.world.ir.parameters;
  const first = await run(directory, 10, { begin: 'new', runId: 'a' });
  const parameters = { [parameter!.name]: parameter!.value * 1.01 };
  const { file } = await forkCheckpoint(last(first), { runId: 'b', directory, parameters });
  rmSync(file);
  await assert.rejects(run(directory, 10, { begin: 'resume', from: 'b' }), noCheckpoint);
});
