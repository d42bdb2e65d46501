// Thousands of checkpoints in one directory, and clocks that jump: nothing gets lost, and nothing is decided by a time.
import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createCheckpointWriter } from '../checkpoint/index.ts';
import { factsOf, stateOf, writeFileOf } from '../checkpoint/testing/index.ts';
import { checkpointName, listRuns, newestThatVerifies, openRunDirectory } from './index.ts';
import { runFacts } from './testing/run-facts.ts';

const COUNT = process.env['STILLPOINT_SOAK'] === undefined ? 2000 : 10_000;
const state = stateOf([{ name: 'current/@clock', dtype: 'f64', shape: [4], kind: 'clock' }]);

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-many-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test(`${COUNT} checkpoints without a manifest are found, added to and thinned`, async (t) => {
  const directory = await directoryFor(t);
  const runPath = path.join(directory, 'a');
  await mkdir(runPath);
  for (let tick = 1; tick <= COUNT; tick += 1) {
    const fd = openSync(path.join(runPath, checkpointName(tick)), 'w');
    writeFileOf(fd, factsOf(tick), state);
    closeSync(fd);
  }
  {
    await using run = await openRunDirectory({ directory, runId: 'a' });
    assert.equal(run.manifest.checkpoints.length, COUNT);
    const writer = createCheckpointWriter({ runDirectory: run.path });
    writer.offer({ facts: factsOf(COUNT + 1), sections: state.sections, release: () => {} });
    assert.equal((await writer.drain())[0]?.outcome, 'written');
    await writer.close();
  }
  assert.equal((await newestThatVerifies(runPath)).tick, COUNT + 1);
  assert.equal((await listRuns(directory))[0]?.manifest.checkpoints.length, COUNT + 1);
  const thinning = createCheckpointWriter({ runDirectory: runPath, keep: 3 });
  thinning.offer({ facts: factsOf(COUNT + 2), sections: state.sections, release: () => {} });
  assert.equal((await thinning.drain())[0]?.outcome, 'written');
  await thinning.close();
  assert.deepEqual((await readdir(runPath)).filter((name) => name.endsWith('.ckpt')).toSorted(), [
    checkpointName(COUNT),
    checkpointName(COUNT + 1),
    checkpointName(COUNT + 2),
  ]);
});

test('a clock that jumps decides nothing: neither what is newest nor what is kept', async (t) => {
  const directory = await directoryFor(t);
  await using run = await openRunDirectory({ directory, runId: 'a', create: runFacts });
  const writer = createCheckpointWriter({ runDirectory: run.path, keep: 2 });
  t.after(() => writer.close());
  for (const [tick, createdAt] of [
    [1, '2031-01-01T00:00:00.000Z'],
    [2, '1970-01-01T00:00:00.000Z'],
    [3, '2026-01-01T00:00:00.000Z'],
    [4, '2001-01-01T00:00:00.000Z'],
  ] as const) {
    const facts = factsOf(tick, { createdAt });
    writer.offer({ facts, sections: state.sections, release: () => {} });
    assert.equal((await writer.drain())[0]?.outcome, 'written');
  }
  assert.equal(await readlink(path.join(run.path, 'latest')), checkpointName(4));
  assert.equal((await newestThatVerifies(run.path)).tick, 4);
  const [listing] = await listRuns(directory);
  assert.deepEqual(
    listing?.manifest.checkpoints.map(({ tick }) => tick),
    [3, 4],
  );
});
