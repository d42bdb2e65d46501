// The thread that writes, over real files: slots, answers with and without the event loop, threads that die, directories that refuse.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { isFailure } from '@stillpoint/core';
import { newestThatVerifies } from '../directory/index.ts';
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

test('a thread that dies takes its checkpoints along, frees the slots, and has a successor', async (t) => {
  const runDirectory = await directoryFor(t);
  const started = once(process, 'worker') as Promise<[Worker]>;
  const writer = createCheckpointWriter({ runDirectory });
  t.after(() => writer.close());
  const [thread] = await started;
  const state = stateOf([{ name: 'current/field', dtype: 'f64', shape: [4_000_000] }]);
  let released = 0;
  for (const tick of [1, 2]) assert.ok(writer.offer(offerOf(tick, state, () => (released += 1))));
  await thread.terminate();
  const outcomes = await writer.drain();
  assert.deepEqual([outcomes.length, released, writer.free], [2, 2, 2]);
  for (const one of outcomes)
    assert.ok(one.outcome === 'failed' && isFailure(one.error, 'CKPT_WRITE_FAILED'), one.outcome);
  assert.ok(writer.offer(offerOf(3, state)));
  const [next] = await writer.drain();
  assert.equal(next?.outcome, 'written');
});

test('a thread that dies while it has nothing is replaced', async (t) => {
  const runDirectory = await directoryFor(t);
  const started = once(process, 'worker') as Promise<[Worker]>;
  const writer = createCheckpointWriter({ runDirectory });
  t.after(() => writer.close());
  await (await started)[0].terminate();
  assert.ok(writer.offer(offerOf(1, stateOf(smallShapes))));
  const [outcome] = await writer.drain();
  assert.equal(outcome?.outcome, 'written');
});

test('a directory that is gone fails the checkpoint, not the run; when it is back all is well', async (t) => {
  const parent = await directoryFor(t);
  const runDirectory = path.join(parent, 'run');
  const writer = createCheckpointWriter({ runDirectory });
  t.after(() => writer.close());
  const state = stateOf(smallShapes);
  assert.ok(writer.offer(offerOf(1, state)));
  const [failed] = await writer.drain();
  assert.ok(failed?.outcome === 'failed' && isFailure(failed.error, 'CKPT_WRITE_FAILED'));
  assert.match(failed.error.message, /tick 1 was not written to .*run: ENOENT/);
  assert.match((failed.error.cause as Error).message, /ENOENT/);
  await mkdir(runDirectory);
  assert.ok(writer.offer(offerOf(2, state)));
  const [written] = await writer.drain();
  assert.equal(written?.outcome, 'written');
});

test(
  'a directory that cannot be written fails the checkpoint, and those that are there stay',
  { skip: process.getuid?.() === 0 && 'root may write everywhere' },
  async (t) => {
    const runDirectory = await directoryFor(t);
    const writer = createCheckpointWriter({ runDirectory });
    t.after(() => writer.close());
    const state = stateOf(smallShapes);
    writer.offer(offerOf(1, state));
    await writer.drain();
    await chmod(runDirectory, 0o500);
    writer.offer(offerOf(2, state));
    const [failed] = await writer.drain();
    // Before anything is asserted: what cannot be written cannot be removed either.
    await chmod(runDirectory, 0o700);
    assert.ok(failed?.outcome === 'failed' && /EACCES/.test(String(failed.error)));
    await using checkpoint = await openCheckpoint(path.join(runDirectory, 'latest'));
    await checkpoint.verify();
  },
);

test('a disk that takes no more fails the checkpoint, leaves nothing of it, and the older one intact', async (t) => {
  const directory = await directoryFor(t);
  const program = fileURLToPath(new URL('testing/writing-process.ts', import.meta.url));
  const run = async (numbers: number, first: number, last: number): Promise<string> => {
    const args = [program, directory, 'a', numbers, first, last].map(String);
    // In blocks of 512 bytes.
    const command = `ulimit -f 2048; exec "$0" "$@"`;
    const all = ['-c', command, process.execPath, ...process.execArgv, ...args];
    return (await promisify(execFile)('sh', all)).stdout;
  };
  assert.match(await run(10_000, 1, 1), /^written 1/m);
  assert.match(await run(1_000_000, 2, 3), /failed .*tick 2 was not written .*EFBIG/);
  const runPath = path.join(directory, 'a');
  assert.deepEqual(
    (await readdir(runPath)).filter((name) => !name.startsWith('.lock')).toSorted(),
    ['checkpoint_0000000001.ckpt', 'latest', 'manifest.json'],
  );
  assert.equal((await newestThatVerifies(runPath)).tick, 1);
  assert.match(await run(10_000, 2, 2), /^written 2/m);
});

test('numbers that are no JSON fail the checkpoint; functions are the caller’s mistake and take no slot', async (t) => {
  const runDirectory = await directoryFor(t);
  const writer = createCheckpointWriter({ runDirectory });
  t.after(() => writer.close());
  const offer = offerOf(1, stateOf(smallShapes));
  const wrong = (own: unknown): typeof offer => ({ ...offer, facts: { ...offer.facts, own } });
  assert.throws(() => writer.offer(wrong({ step: () => {} })), /could not be cloned/);
  assert.equal(writer.free, 2);
  assert.ok(writer.offer(wrong({ angle: Number.NaN })));
  const [failed] = await writer.drain();
  assert.ok(failed?.outcome === 'failed' && /not a JSON number/.test(String(failed.error)));
  assert.deepEqual(await readdir(runDirectory), []);
});

test('what the simulation writes into held buffers meanwhile tears no file', async (t) => {
  const runDirectory = await directoryFor(t);
  const writer = createCheckpointWriter({ runDirectory });
  t.after(() => writer.close());
  const state = stateOf([{ name: 'current/field', dtype: 'f64', shape: [2_000_000] }]);
  const field = state.bytes('current/field');
  assert.ok(writer.offer(offerOf(1, state)));
  let outcomes: readonly CheckpointOutcome[] = [];
  for (let round = 0; outcomes.length === 0; round += 1) {
    field.fill(round & 255, 0, 1_000_000);
    outcomes = writer.poll();
  }
  assert.equal(outcomes[0]?.outcome, 'written');
  await using checkpoint = await openCheckpoint(path.join(runDirectory, 'latest'));
  await checkpoint.verify();
});

test('a process whose loop has ended lives until what it offered is written, and no longer', async (t) => {
  const directory = await directoryFor(t);
  const at = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);
  const program = `
    const { createCheckpointWriter } = await import(${at('index.ts')});
    const { offerOf, smallShapes, stateOf } = await import(${at('testing/states.ts')});
    const writer = createCheckpointWriter({ runDirectory: ${JSON.stringify(directory)} });
    writer.offer(offerOf(5, stateOf(smallShapes)));
    process.on('beforeExit', () => process.stdout.write(String(writer.poll()[0]?.outcome ?? '')));`;
  const file = path.join(directory, 'program.mjs');
  await writeFile(file, program);
  const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, file]);
  assert.match(stdout, /^written/);
});
