// The end of a lens whose disk does not answer: what is waited for is said, and whoever does not wait knows what is lost.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFailure } from '@stillpoint/core';
import { isRunLocked } from '../../directory/index.ts';
import type { LensField } from '../contract.ts';
import { lensFileName } from '../names.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { createLensCapture, type LensCapture, type LensEvent, type SampledFrame } from './index.ts';

const heat: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'grid', rows: 1, columns: 2 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

function frameAt(tick: number): SampledFrame {
  const samples = { count: 2, values: Float64Array.of(tick, -tick), positions: null };
  return { tick, simTimeSeconds: tick, fields: new Map([['heat', samples]]) };
}

interface Hung {
  readonly capture: LensCapture;
  readonly events: readonly LensEvent[];
  readonly told: Promise<LensEvent>;
  /** Its disk answers again, and refuses what it was asked. */
  readonly answer: () => Promise<void>;
}

/** Ten frames are written; the file of the next chunk is a pipe that nobody reads, and so whoever opens it waits. */
async function hungAt(t: TestContext): Promise<Hung> {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-closing-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  const events: LensEvent[] = [];
  const told = Promise.withResolvers<LensEvent>();
  const capture = await createLensCapture({
    directory,
    runId: 'run',
    world: 'flat',
    fields: [heat],
    chunkTicks: 10,
    onEvent: (event) => {
      events.push(event);
      if (event.type === 'lens:waiting') told.resolve(event);
    },
  });
  for (let tick = 0; tick < 10; tick += 1) capture.offer(frameAt(tick));
  await capture.drain();
  const pipe = path.join(directory, `${lensFileName({ start: 10, end: 20 }, 'journal')}.tmp`);
  execFileSync('mkfifo', [pipe]);
  for (let tick = 10; tick < 15; tick += 1) capture.offer(frameAt(tick));
  return {
    capture,
    events,
    told: told.promise,
    answer: async () => {
      const reader = createReadStream(pipe).resume();
      await once(reader, 'close');
    },
  };
}

test('closing a lens whose disk does not answer says what it waits for, and ends when it is told to: what is lost is counted', async (t) => {
  const { capture, events, told, answer } = await hungAt(t);
  const abort = new AbortController();
  const closed = capture.close({ signal: abort.signal });
  const { tick, frames, ...waiting } = (await told) as Extract<LensEvent, { type: 'lens:waiting' }>;
  assert.deepEqual([tick, frames, capture.dropped], [14, 5, 0]);
  assert.ok(waiting.waitedMs > 0);
  abort.abort();
  await assert.rejects(closed, { code: 'LENS_NOT_CLOSED', message: /5 frames are lost/ });
  assert.deepEqual([capture.frames, capture.dropped], [10, 5]);
  const failed = events.filter((event) => event.type === 'lens:failed');
  assert.deepEqual(
    failed.map(({ dropped, error }) => [dropped, isFailure(error, 'LENS_NOT_CLOSED')]),
    [[5, true]],
  );
  // Asked again it says the same, and what its thread says later counts nothing twice.
  await assert.rejects(capture.close(), { code: 'LENS_NOT_CLOSED' });
  await answer();
  capture.poll();
  assert.deepEqual([capture.frames, capture.dropped, events.length], [10, 5, 2]);
  await using lens = await openLens(directoryPlace(capture.directory));
  const ticks = await Array.fromAsync(lens.frames(), (frame) => frame.tick);
  assert.deepEqual(ticks, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  // Its thread is done, and then others may write.
  while (await isRunLocked(capture.directory)) capture.poll();
});

test('one that is not ended goes on waiting, and closes when the disk answers', async (t) => {
  const { capture, told, answer } = await hungAt(t);
  const closed = capture.close();
  await told;
  await answer();
  // The pipe takes no record at a place of its own: frames are lost as on any disk that refuses them, each of them named.
  await closed;
  assert.equal(capture.frames + capture.dropped, 15);
});

test('a process that gave up the wait keeps others from its lens until it is gone, with what it has asked of the disk', async (t) => {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-closing-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  const program = fileURLToPath(new URL('testing/hung-process.ts', import.meta.url));
  const flags = process.execArgv.filter((one) => !one.startsWith('--test'));
  const child = spawn(process.execPath, [...flags, program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  try {
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    assert.match(String(said), /LENS_NOT_CLOSED|one frame is lost/);
    const other = { directory, runId: 'run', world: 'flat', fields: [heat], resumedTick: 0 };
    // It is leaving at this moment, and its threads end one after the other.
    for (let time = 0; time < 3; time += 1)
      await assert.rejects(createLensCapture(other), { code: 'RUN_BUSY' });
    child.kill('SIGKILL');
    await gone;
    await (await createLensCapture(other)).close();
  } finally {
    child.kill('SIGKILL');
  }
});
