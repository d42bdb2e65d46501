import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure, type ErrorCode, type ProgressEvent } from '@stillpoint/core';
import { openCheckpoint } from '../checkpoint/index.ts';
import { listRuns } from '../directory/index.ts';
import { forkCheckpoint } from '../manage/index.ts';
import { writeRun } from '../manage/testing/checkpoints.ts';
import { createCheckpointer, type CheckpointerOptions, type OwnArrays } from './index.ts';

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-own-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

const coded =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    isFailure(error, code);

/** A loop of two arrays and a word. */
function loopOf(directory: string, more: Partial<CheckpointerOptions<OwnArrays>> = {}) {
  const x = new Float64Array(1000);
  const flags = new Uint8Array(10);
  const words = { seed: 1 };
  const options = { directory, state: () => ({ arrays: { x, flags }, json: words }), ...more };
  const set = (value: number): void => {
    x.fill(value);
    flags.fill(value);
    words.seed = value;
  };
  return { x, flags, words, set, open: () => createCheckpointer(options) };
}

test('a loop that never lets the event loop turn has its checkpoints written', async (t) => {
  const loop = loopOf(temporaryDirectory(t), { stride: 10 });
  await using checkpointer = await loop.open();
  // From here to the assertion nothing is awaited.
  let tick = 0;
  const deadline = Date.now() + 30_000;
  while (checkpointer.counts.written < 3 && Date.now() < deadline) {
    tick++;
    loop.set(tick);
    checkpointer.tick(tick);
  }
  assert.ok(checkpointer.counts.written >= 3);
  const written = checkpointer.poll();
  assert.ok(written.every((one) => one.outcome === 'written' && one.tick % 10 === 0));
  const { file, tick: newest } = checkpointer.newest!;
  await using checkpoint = await openCheckpoint(file);
  await checkpoint.verify();
  const x = await checkpoint.read('current/x');
  assert.deepEqual(new Set(new Float64Array(x.buffer)), new Set([newest]), 'of one tick alone');
  assert.deepEqual((checkpoint.facts.own as { json: unknown }).json, { seed: newest });
});

test('what finds no free slot is dropped, counted and said, and nothing waits', async (t) => {
  const said: ProgressEvent[] = [];
  const loop = loopOf(temporaryDirectory(t), { onProgress: (event) => said.push(event) });
  await using checkpointer = await loop.open();
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((tick) => checkpointer.offer(tick)),
    [true, true, false, false, false],
  );
  assert.equal(checkpointer.counts.dropped, 3);
  assert.equal(said.length, 2, 'the first and the second are said, not each');
  // The end of a run is written whatever is under way.
  const { file } = await checkpointer.checkpoint(6);
  assert.match(file, /checkpoint_0000000006\.ckpt$/);
  assert.deepEqual(checkpointer.counts, { written: 3, failed: 0, dropped: 3 });
});

test('a directory that is gone costs checkpoints, which are counted and said, and not the loop', async (t) => {
  const directory = temporaryDirectory(t);
  const said: ProgressEvent[] = [];
  const loop = loopOf(directory, { onProgress: (event) => said.push(event) });
  const checkpointer = await loop.open();
  await checkpointer.checkpoint(1);
  await rm(directory, { recursive: true });
  assert.equal(checkpointer.offer(2), true);
  await assert.rejects(checkpointer.checkpoint(3), coded('CKPT_WRITE_FAILED'));
  assert.deepEqual(checkpointer.counts, { written: 1, failed: 2, dropped: 0 });
  assert.equal(said.length, 2);
  await assert.rejects(checkpointer.close(), coded('RUN_DIRECTORY_UNUSABLE'));
});

test('a checkpoint that waits for a slot is of the tick that was asked for', async (t) => {
  const loop = loopOf(temporaryDirectory(t), { onProgress: () => {} });
  await using checkpointer = await loop.open();
  loop.set(1);
  for (const tick of [1, 2]) checkpointer.offer(tick);
  loop.set(3);
  const waiting = checkpointer.checkpoint(3);
  loop.set(99);
  const { file } = await waiting;
  await using checkpoint = await openCheckpoint(file);
  assert.equal(checkpoint.facts.tick, 3);
  const x = new Float64Array((await checkpoint.read('current/x')).buffer);
  assert.deepEqual(new Set(x), new Set([3]));
});

test('ticks never fall, and are numbers', async (t) => {
  const directory = temporaryDirectory(t);
  const loop = loopOf(directory, { onProgress: () => {} });
  {
    await using first = await loop.open();
    await first.checkpoint(10);
    assert.throws(() => first.tick(9), /tick 9 cannot come after tick 10/);
    assert.throws(() => first.offer(Number.NaN), TypeError);
    assert.throws(() => first.offer(10.5), TypeError);
  }
  await using second = await loop.open();
  await second.restore();
  assert.throws(() => second.tick(1), TypeError, 'the loop forgot to take over the tick');
  assert.throws(() => second.offer(11, Number.NaN), TypeError);
});

test('a restore fills the arrays in place, gives JSON back, and the same run goes on', async (t) => {
  const directory = temporaryDirectory(t);
  const loop = loopOf(directory, { parameters: { gravity: 9.81 } });
  {
    await using first = await loop.open();
    assert.equal(await first.restore(), undefined, 'there is none yet');
    loop.set(7);
    await first.checkpoint(70, 7);
  }
  loop.set(0);
  await using second = await loop.open();
  const restored = await second.restore();
  assert.ok(restored !== undefined);
  assert.deepEqual([restored.tick, restored.simTimeSeconds, restored.json], [70, 7, { seed: 7 }]);
  assert.equal(restored.arrays.x, loop.x);
  assert.deepEqual(new Set(loop.x), new Set([7]));
  assert.deepEqual([restored.fresh, restored.missing, restored.skipped], [[], [], []]);
  assert.deepEqual(restored.parameters, { gravity: 9.81 });
  await second.checkpoint(80);
  const [run, ...others] = await listRuns(directory);
  assert.deepEqual(others, []);
  assert.equal(run!.runId, second.runId);
  assert.deepEqual(
    run!.manifest.checkpoints.map(({ tick }) => tick),
    [70, 80],
  );
});

test('an array of another length or type comes back as a new one', async (t) => {
  const directory = temporaryDirectory(t);
  let arrays: OwnArrays = { a: new Float64Array([1, 2]), big: new BigInt64Array([-5n]) };
  const options = { directory, state: () => ({ arrays }) };
  {
    await using first = await createCheckpointer(options);
    await first.checkpoint(1);
  }
  arrays = { a: new Float64Array(5), big: new BigInt64Array(1) };
  await using second = await createCheckpointer(options);
  const restored = await second.restore();
  assert.deepEqual(restored?.fresh, ['a']);
  assert.deepEqual(restored.arrays, { a: new Float64Array([1, 2]), big: new BigInt64Array([-5n]) });
  assert.equal(restored.arrays['big'], arrays['big']);
  assert.equal(restored.json, null);
});

test('another loop is refused and what differs is named; force takes what is there by name', async (t) => {
  const directory = temporaryDirectory(t);
  const first = loopOf(directory, { hash: { code: 'a', gravity: 1 } });
  {
    await using checkpointer = await first.open();
    first.set(3);
    await checkpointer.checkpoint(5);
  }
  const x = new Float64Array(1000);
  const more = new Float32Array([8]);
  await using other = await createCheckpointer({
    directory,
    state: () => ({ arrays: { x, more } }),
    hash: { code: 'b', gravity: 1 },
  });
  await assert.rejects(other.restore(), (error) => {
    assert.ok(isFailure(error, 'RUN_WORLD_CHANGED'));
    assert.match(error.message, /array flags, array more, hash code/);
    return true;
  });
  assert.deepEqual(new Set(x), new Set([0]), 'nothing was changed');
  const restored = await other.restore(undefined, { force: true });
  assert.deepEqual(restored?.missing, ['more']);
  assert.deepEqual(restored.dropped, { flags: new Uint8Array(10).fill(3) });
  assert.deepEqual([new Set(x), [...more]], [new Set([3]), [8]]);
});

test('a damaged newest checkpoint is skipped and named; a loop keeps its state when all are damaged', async (t) => {
  const directory = temporaryDirectory(t);
  const loop = loopOf(directory);
  const files: string[] = [];
  {
    await using first = await loop.open();
    for (const tick of [1, 2]) {
      loop.set(tick);
      files.push((await first.checkpoint(tick)).file);
    }
  }
  const flip = (file: string): void => {
    const bytes = readFileSync(file);
    bytes[100] = bytes[100]! ^ 1;
    writeFileSync(file, bytes);
  };
  flip(files[1]!);
  loop.set(0);
  {
    await using second = await loop.open();
    const restored = await second.restore();
    assert.equal(restored?.tick, 1);
    assert.deepEqual(
      restored.skipped.map(({ file }) => path.basename(file)),
      ['checkpoint_0000000002.ckpt'],
    );
    assert.deepEqual(new Set(loop.x), new Set([1]));
  }
  flip(files[0]!);
  loop.set(9);
  await using third = await loop.open();
  await assert.rejects(third.restore(), coded('RUN_NO_CHECKPOINT'));
  await assert.rejects(third.restore(files[0]), coded('CKPT_DAMAGED'));
  assert.deepEqual(new Set(loop.x), new Set([9]));
});

test('one run has one history', async (t) => {
  const directory = temporaryDirectory(t);
  const loop = loopOf(directory, { runId: 'mine' });
  const files: string[] = [];
  {
    await using first = await loop.open();
    await assert.rejects(loop.open(), coded('RUN_BUSY'));
    for (const tick of [1, 2]) files.push((await first.checkpoint(tick)).file);
    await assert.rejects(first.restore(), TypeError, 'it comes before the first tick');
  }
  {
    await using again = await loop.open();
    assert.throws(() => again.tick(1), coded('RUN_NOT_RESTORED'));
    await assert.rejects(again.restore(files[0]), coded('RUN_HAS_NEWER'));
    assert.equal((await again.restore(files[1]))?.tick, 2);
    await again.checkpoint(3);
  }
  // From an older one a new run goes on, and remembers where it came from.
  const forked = loopOf(directory);
  await using fork = await forked.open();
  const restored = await fork.restore(files[0]);
  assert.equal(restored?.tick, 1);
  assert.equal(restored.runId, fork.runId);
  const { file } = await fork.checkpoint(2);
  await using checkpoint = await openCheckpoint(file);
  const { lineage, runId } = checkpoint.facts;
  assert.notEqual(runId, 'mine');
  assert.deepEqual([lineage?.runId, lineage?.tick], ['mine', 1]);
  const runs = await listRuns(directory);
  assert.deepEqual(runs.find((one) => one.runId === runId)?.manifest.lineage, lineage);
  assert.equal(runs.find((one) => one.runId === 'mine')?.manifest.checkpoints.length, 3);
});

test('a checkpoint moved to another directory is restored from there', async (t) => {
  const [here, there] = [temporaryDirectory(t), temporaryDirectory(t)];
  const loop = loopOf(here);
  let file: string;
  {
    await using first = await loop.open();
    loop.set(4);
    ({ file } = await first.checkpoint(9));
  }
  const moved = path.join(there, 'from-another-host.ckpt');
  await cp(file, moved);
  loop.set(0);
  await using second = await loopOf(there).open();
  assert.equal((await second.restore(moved))?.tick, 9);
  await second.checkpoint(10);
  assert.equal((await listRuns(there))[0]?.manifest.lineage?.tick, 9);
});

test('a fork goes on with its own parameters, and keeps them', async (t) => {
  const directory = temporaryDirectory(t);
  const loop = loopOf(directory, { parameters: { gravity: 9.81 } });
  let file: string;
  {
    await using first = await loop.open();
    ({ file } = await first.checkpoint(5));
  }
  await forkCheckpoint(file, { directory, runId: 'moon', parameters: { gravity: 1.62 } });
  await using moon = await loop.open();
  assert.deepEqual((await moon.restore('moon'))?.parameters, { gravity: 1.62 });
  assert.equal(moon.runId, 'moon');
  await using checkpoint = await openCheckpoint((await moon.checkpoint(6)).file);
  assert.deepEqual(checkpoint.facts.parameters, { gravity: 1.62 });
  assert.equal(checkpoint.facts.lineage?.tick, 5);
});

test('what is not of a loop is refused: a world, another file, a run that is not there', async (t) => {
  const directory = temporaryDirectory(t);
  const world = await writeRun(directory, 'terra', [5]);
  await using checkpointer = await loopOf(directory).open();
  assert.equal(await checkpointer.restore(), undefined, "a world's run is not taken for its own");
  await assert.rejects(checkpointer.restore('terra'), coded('CKPT_NOT_OWN'));
  await assert.rejects(checkpointer.restore(world.files[0]), coded('CKPT_NOT_OWN'));
  await assert.rejects(checkpointer.restore('absent'), coded('RUN_UNKNOWN'));
  const foreign = path.join(directory, 'a.lens');
  writeFileSync(foreign, 'PK\u0003\u0004 something else, and long enough to be looked at closely');
  await assert.rejects(checkpointer.restore(foreign), coded('CKPT_FOREIGN'));
});

test('a run that never had a checkpoint leaves nothing behind', async (t) => {
  const directory = temporaryDirectory(t);
  await (await loopOf(directory).open()).close();
  assert.deepEqual(
    readdirSync(directory).filter((name) => name !== 'latest'),
    [],
  );
});

test('views of memory that may move are said, once', async (t) => {
  const said: ProgressEvent[] = [];
  interface Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): void;
  }
  const { WebAssembly } = globalThis as unknown as {
    readonly WebAssembly: { readonly Memory: new (of: { readonly initial: number }) => Memory };
  };
  const memory = new WebAssembly.Memory({ initial: 1 });
  let view = new Float64Array(memory.buffer, 0, 8);
  await using checkpointer = await createCheckpointer({
    directory: temporaryDirectory(t),
    state: () => ({ arrays: { view } }),
    onProgress: (event) => said.push(event),
  });
  view[0] = 5;
  await checkpointer.checkpoint(1);
  assert.equal(said.length, 1);
  memory.grow(1);
  assert.throws(() => checkpointer.offer(2), coded('RUN_ARRAY_DETACHED'));
  view = new Float64Array(memory.buffer, 0, 8);
  const { file } = await checkpointer.checkpoint(3);
  await using checkpoint = await openCheckpoint(file);
  assert.equal(new Float64Array((await checkpoint.read('current/view')).buffer)[0], 5);
});
