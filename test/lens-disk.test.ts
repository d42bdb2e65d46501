// A run whose lens is on a disk that does not answer, or is full: the run goes on, each frame is in the lens or named as missing, and frames
// are taken again when the disk takes them. By the real command, on file systems of their own.
import assert from 'node:assert/strict';
import { execFileSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { eventually } from '../packages/engine/src/freeze/testing/eventually.ts';
import { readManifest } from '../packages/sim/src/lens/record/index.ts';
import { smallDisk } from '../packages/sim/src/lens/testing/small-disk.ts';
import { runCommandHere, startCommand } from './fixture/command.ts';

const MIB = 1024 * 1024;

// Small frames and long ticks: a disk that answers keeps up.
const world = `import { defineWorld } from '@stillpoint/sim';
export default defineWorld({
  name: 'noise',
  signals: { heat: { shape: [16, 16], unit: 'K' } },
  strata: {
    all: {
      step({ current, previous, random }) {
        for (let wasted = 0; wasted < 60000; wasted += 1) random.float();
        for (let at = 0; at < 256; at += 1) current.heat[at] = previous.heat[at] * 0.9 + random.float();
      },
    },
  },
  fields: { heat: { unit: 'K', topology: { kind: 'grid', rows: 16, columns: 16 }, from: 'heat' } },
});
`;

interface Event {
  readonly event: string;
  readonly tick: number;
  readonly frames?: number;
  readonly dropped?: number;
  readonly error?: string;
  readonly stateHash?: string;
  readonly lens?: { readonly frames: number; readonly dropped: number };
}

interface Gap {
  readonly ticks: { readonly start: number; readonly end: number };
  readonly frames: number;
  readonly reason: string;
}

interface Running {
  readonly child: ChildProcess;
  /** The next event that is so; those before are passed over. */
  until(isSo: (event: Event) => boolean): Promise<Event>;
  askToStop(): Promise<void>;
  stop(): Promise<Event>;
}

/** Until it is stopped, with a lens of each tick on that disk and its runs beside. */
function startRun(t: TestContext, place: string, lens: string, resume?: '--resume'): Running {
  mkdirSync(path.join(place, 'world'), { recursive: true });
  writeFileSync(path.join(place, 'world', 'world.ts'), world);
  const told = ['--lens-dir', lens, '--lens-stride', '1', '--lens-chunk-size', '400'];
  const store = [resume ?? '--run-id', 'one', '--checkpoint-stride', '1000000000'];
  const child = startCommand(['run', 'world', ...store, ...told, '--json'], { cwd: place });
  t.after(() => child.kill('SIGKILL'));
  child.stderr!.pipe(process.stderr);
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const until = async (isSo: (event: Event) => boolean): Promise<Event> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the run has ended');
      const event = JSON.parse(value) as Event;
      if (isSo(event)) return event;
    }
  };
  const askToStop = async (): Promise<void> => {
    const asked = await runCommandHere(['ctl', 'one', 'stop'], { cwd: place, configStays: true });
    assert.equal(asked.code, 0, asked.stderr);
  };
  return {
    child,
    until,
    askToStop,
    async stop() {
      await askToStop();
      return await until(({ event }) => event === 'stopped');
    },
  };
}

function placeOf(t: TestContext): string {
  const place = mkdtempSync(path.join(tmpdir(), 'stillpoint-lens-disk-'));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  return place;
}

async function ask<T>(place: string, args: readonly string[]): Promise<T> {
  const said = await runCommandHere([...args, '--json'], { cwd: place, configStays: true });
  assert.equal(said.code, 0, said.stderr);
  return JSON.parse(said.stdout) as T;
}

/** Each tick is in the lens or in a gap. */
async function assertNamed(place: string, lens: string, end: Event): Promise<readonly Gap[]> {
  const { frames, dropped } = await ask<{
    readonly frames: number;
    readonly dropped: readonly Gap[];
  }>(place, ['lens', 'info', path.join(lens, 'one')]);
  const missing = dropped.reduce((sum, gap) => sum + gap.frames, 0);
  assert.equal(frames, end.lens!.frames);
  assert.equal(frames + missing, end.tick + 1);
  return dropped;
}

/** By one process; and whoever asks within a gap is told. */
async function assertAccounted(place: string, lens: string, end: Event): Promise<readonly Gap[]> {
  const dropped = await assertNamed(place, lens, end);
  assert.equal(
    dropped.reduce((sum, gap) => sum + gap.frames, 0),
    end.lens!.dropped,
  );
  const verified = await runCommandHere(['lens', 'verify', path.join(lens, 'one')], {
    cwd: place,
    configStays: true,
  });
  assert.equal(verified.code, 0, verified.stderr);
  const { ticks } = dropped[0]!;
  const query = ['lens', 'query', 'heat', '--lens-dir', lens, '--tick', String(ticks.start)];
  const asked = await runCommandHere([...query, '--stat', 'mean'], {
    cwd: place,
    configStays: true,
  });
  assert.match(asked.stderr, new RegExp(`of ticks? ${ticks.start}\\b.* dropped`));
  assert.match(asked.stderr, /this is the nearest/);
  const exact = await runCommandHere([...query, '--exact'], { cwd: place, configStays: true });
  assert.match(exact.stderr, /LENS_TICK_MISSING/);
  return dropped;
}

/** The manifest names a gap before the first frame behind it is written. */
async function framesAgain(lens: string): Promise<void> {
  const named = async (): Promise<boolean> =>
    ((await readManifest(path.join(lens, 'one')))?.dropped.length ?? 0) > 0;
  await eventually(named, 60_000, 'the manifest names what is missing');
}

/** An ext4 of its own, which can be made to answer no write; undefined where none can be mounted. */
function freezableDisk(t: TestContext): string | undefined {
  const place = mkdtempSync(path.join(tmpdir(), 'stillpoint-frozen-'));
  const [image, directory] = [path.join(place, 'image'), path.join(place, 'disk')];
  mkdirSync(directory);
  writeFileSync(image, '');
  truncateSync(image, 256 * MIB);
  try {
    execFileSync('mkfs.ext4', ['-q', image], { stdio: 'pipe' });
    execFileSync('mount', ['-o', 'loop', image, directory], { stdio: 'pipe' });
  } catch (error) {
    rmSync(place, { recursive: true });
    t.skip(`no disk can be mounted here: ${(error as Error).message}`);
    return undefined;
  }
  t.after(() => {
    try {
      execFileSync('fsfreeze', ['-u', directory], { stdio: 'pipe' });
    } catch {
      // It was thawed already.
    }
    execFileSync('umount', ['-l', directory]);
    rmSync(place, { recursive: true });
  });
  return directory;
}

test('while the disk of its lens answers no write a run goes on, and what is missing is counted and named', async (t) => {
  const disk = freezableDisk(t);
  if (disk === undefined) return;
  const place = placeOf(t);
  const running = startRun(t, place, disk);
  await running.until(({ event, tick }) => event === 'progress' && tick > 50);
  execFileSync('fsfreeze', ['-f', disk]);
  const first = await running.until(({ event }) => event === 'lens:dropped');
  assert.equal(first.dropped, 1);
  // Nothing is written, and it comes as far again as it was and further.
  const later = await running.until(
    ({ event, tick }) => event === 'progress' && tick > 2 * first.tick,
  );
  execFileSync('fsfreeze', ['-u', disk]);
  await framesAgain(disk);
  const end = await running.stop();
  const gaps = await assertAccounted(place, disk, end);
  assert.deepEqual(new Set(gaps.map(({ reason }) => reason)), new Set(['slow']));
  const [gap] = gaps;
  assert.ok(gap!.ticks.start === first.tick && gap!.ticks.end > later.tick - 1);
  // On a busy machine there may be another, up to the end.
  assert.ok(gaps[0]!.ticks.end <= end.tick, 'there are frames again');
});

test('the end of a run says that it waits for the disk of its lens; Ctrl-C ends that, and each frame is counted and named', async (t) => {
  const disk = freezableDisk(t);
  if (disk === undefined) return;
  const place = placeOf(t);
  const running = startRun(t, place, disk);
  const exited = once(running.child, 'exit');
  await running.until(({ event, tick }) => event === 'progress' && tick > 50);
  execFileSync('fsfreeze', ['-f', disk]);
  await running.until(({ event }) => event === 'lens:dropped');
  await running.askToStop();
  const waiting = await running.until(({ event }) => event === 'lens:waiting');
  assert.ok(waiting.frames! > 0);
  running.child.kill('SIGINT');
  const failed = await running.until(({ event }) => event === 'lens:failed');
  assert.match(failed.error!, new RegExp(`was ended: ${waiting.frames} frames are lost`));
  const end = await running.until(({ event }) => event === 'stopped');
  assert.equal(end.lens!.frames + end.lens!.dropped, end.tick + 1);
  assert.ok(end.lens!.dropped > waiting.frames!);
  // A process that asks such a disk something ends with the answer.
  execFileSync('fsfreeze', ['-u', disk]);
  await exited;
  const again = startRun(t, place, disk, '--resume');
  await again.until(({ event, tick }) => event === 'progress' && tick > end.tick + 20);
  const last = await again.stop();
  const gaps = await assertNamed(place, disk, last);
  assert.ok(gaps.length > 0);
});

test('while the disk of its lens is full a run goes on, and frames are taken again when there is room', async (t) => {
  const disk = smallDisk(t, 32 * MIB);
  if (disk === undefined) return;
  const place = placeOf(t);
  const lens = path.join(disk.directory, 'lens');
  const running = startRun(t, place, lens);
  await running.until(({ event, tick }) => event === 'progress' && tick > 50);
  disk.fill(0.5 * MIB);
  const failed = await running.until(({ event }) => event === 'lens:failed');
  assert.match(failed.error!, /The lens in .*one cannot be written: .*ENOSPC/);
  await running.until((one) => one.event === 'lens:failed' && one.dropped! > 100);
  disk.empty();
  await framesAgain(lens);
  const end = await running.stop();
  const gaps = await assertAccounted(place, lens, end);
  assert.ok(gaps.some(({ reason }) => reason === 'failed'));
  // On a busy machine there may be another, up to the end.
  assert.ok(gaps[0]!.ticks.end <= end.tick, 'there are frames again');
});
