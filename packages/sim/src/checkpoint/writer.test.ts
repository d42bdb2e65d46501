// The thread that writes, over real files: slots, answers with and without the event loop, threads that die, directories that refuse.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { CheckpointOutcome } from './contract.ts';
import { createCheckpointWriter, openCheckpoint } from './index.ts';
import { offerOf, smallShapes, stateOf } from './testing/states.ts';

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-writer-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test('what was offered is in the file, section by section', async (t) => {
  const runDirectory = await directoryFor(t);
  const state = stateOf(smallShapes);
  const writer = createCheckpointWriter({ runDirectory });
  t.after(() => writer.close());
  let released = 0;
  assert.ok(writer.offer(offerOf(20, state, () => (released += 1))));
  assert.equal(writer.free, 1);
  const [outcome] = await writer.drain();
  assert.ok(outcome?.outcome === 'written', JSON.stringify(outcome));
  assert.deepEqual([outcome.tick, outcome.full, released, writer.free], [20, true, 1, 2]);
  await using checkpoint = await openCheckpoint(outcome.file);
  for (const { name } of state.sections)
    assert.deepEqual(Buffer.from(await checkpoint.read(name)), Buffer.from(state.bytes(name)));
  await checkpoint.verify();
  assert.equal(await readlink(path.join(runDirectory, 'latest')), 'checkpoint_0000000020.ckpt');
  assert.deepEqual((await readdir(runDirectory)).toSorted(), [
    'checkpoint_0000000020.ckpt',
    'latest',
    'manifest.json',
  ]);
});

test('answers come to a loop that never lets the event loop turn', async (t) => {
  const runDirectory = await directoryFor(t);
  const writer = createCheckpointWriter({ runDirectory });
  t.after(() => writer.close());
  const state = stateOf(smallShapes);
  assert.ok(writer.offer(offerOf(1, state)));
  assert.ok(writer.offer(offerOf(2, state)));
  assert.equal(writer.offer(offerOf(3, state)), false);
  assert.equal(writer.dropped, 1);
  const outcomes: CheckpointOutcome[] = [];
  const wait = new Int32Array(new SharedArrayBuffer(4));
  while (outcomes.length < 2) {
    outcomes.push(...writer.poll());
    Atomics.wait(wait, 0, 0, 1);
  }
  assert.deepEqual(
    outcomes.map(({ outcome, tick }) => [outcome, tick]),
    [
      ['written', 1],
      ['written', 2],
    ],
  );
});
