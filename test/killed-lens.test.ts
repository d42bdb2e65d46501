// The lens of runs that are killed at random moments, by the real command: what is there before the resume is a part without a gap, from the
// first frame to the last checkpoint at least, and after the resume nothing is missing. `npm run test:soak`: twenty kills of each.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { directoryPlace, openLens } from '../packages/sim/src/lens/read/index.ts';
import { readManifest, type Dropped } from '../packages/sim/src/lens/record/index.ts';
import { pondSource } from '../packages/sim/src/session/testing/pond.ts';
import { runCommandHere, startCommand } from './fixture/command.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const kills = soak ? 20 : 3;

const place = mkdtempSync(path.join(tmpdir(), 'stillpoint-killed-lens-'));
after(() => rmSync(place, { recursive: true, force: true }));
mkdirSync(path.join(place, 'pond'));
// Ducks are born and die, and move: their field has other positions and another count every few ticks.
writeFileSync(path.join(place, 'pond', 'world.ts'), pondSource);

interface Event {
  readonly event: string;
  readonly tick: number;
  readonly stateHash?: string;
  readonly lens?: { readonly frames: number; readonly dropped: number };
}

interface Case {
  readonly stride: number;
  readonly precision: string;
  readonly checkpointStride: number;
  /** In turn, so that a run goes on with others than it had. */
  readonly chunks: readonly number[];
}

type Frames = readonly (readonly unknown[])[];

async function framesOf(directory: string): Promise<Frames> {
  // Killed before its first frame.
  if (!existsSync(directory)) return [];
  await using lens = await openLens(directoryPlace(directory));
  const names = lens.fields.map(({ name }) => name);
  const frames: unknown[][] = [];
  for await (const { tick, simTimeSeconds, fields } of lens.each(names))
    frames.push([
      tick,
      simTimeSeconds,
      ...[...fields.values()].flatMap(({ count, values, positions }) => [
        count,
        [...values],
        positions && [...positions],
      ]),
    ]);
  return frames;
}

async function gapsOf(directory: string): Promise<readonly Dropped[]> {
  return (await readManifest(directory))?.dropped ?? [];
}

function isIn(gaps: readonly Dropped[], tick: number): boolean {
  return gaps.some(({ ticks }) => ticks.start <= tick && tick < ticks.end);
}

/** Without an end, and killed a little after one of its next checkpoints. The newest that it said was durable; -1: none. */
async function runAndKill(args: readonly string[]): Promise<number> {
  const child = startCommand([...args, '--json'], { cwd: place });
  child.stderr!.pipe(process.stderr);
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  let left = 1 + Math.floor(Math.random() * 4);
  let durable = -1;
  for await (const line of createInterface({ input: child.stdout! })) {
    const { event, tick } = JSON.parse(line) as Event;
    if (event === 'checkpoint:written') {
      durable = tick;
      if ((left -= 1) === 0) void delay(Math.random() * 60).then(() => child.kill('SIGKILL'));
    }
    assert.notEqual(event, 'lens:missed', 'the disk was in time');
  }
  const [, signal] = await closed;
  assert.equal(signal, 'SIGKILL');
  return durable;
}

async function ended(args: readonly string[]): Promise<Event> {
  const { code, stdout, stderr } = await runCommandHere([...args, '--json'], {
    cwd: place,
    configStays: true,
  });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Event;
}

async function killAndCompare(t: TestContext, name: string, asked: Case): Promise<void> {
  const { stride, precision, checkpointStride, chunks } = asked;
  const [lens, straight] = [path.join(place, `${name}-lens`), path.join(place, `${name}-straight`)];
  // A tick takes so long that checkpoints come in between.
  const world = ['run', 'pond'];
  const own = ['--checkpoint-dir', path.join(place, `${name}-runs`)];
  const cadence = ['--checkpoint-stride', String(checkpointStride), '--keep-checkpoints', '3'];
  const seen = ['--lens-stride', String(stride), '--lens-precision', precision];
  const chunk = (kill: number): readonly string[] => [
    '--lens-chunk-size',
    String(chunks[kill % chunks.length]),
  ];
  const ahead: number[] = [];
  const parts: Frames[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    const begin = kill === 0 ? ['--run-id', 'one', '--param', 'work=20000'] : ['--resume'];
    const told = ['--lens-dir', lens, ...seen, ...chunk(kill)];
    const durable = await runAndKill([...world, ...begin, ...own, ...cadence, ...told]);
    const frames = await framesOf(path.join(lens, 'one'));
    const gaps = await gapsOf(path.join(lens, 'one'));
    // Dropped frames are not missing: a machine that is busy with more than this drops some.
    const there = new Set(frames.map(([tick]) => tick));
    for (let tick = 0; tick <= durable; tick += stride)
      assert.ok(there.has(tick) || isIn(gaps, tick), `${tick} is missing before ${durable}`);
    ahead.push(frames.filter(([tick]) => (tick as number) > durable).length);
    parts.push(frames);
  }
  const told = ['--lens-dir', lens, ...seen, ...chunk(kills)];
  const last = await ended([...world, '--resume', '--steps', '50', ...own, ...told]);
  const whole = ['--lens-dir', straight, ...seen, '--param', 'work=20000'];
  const once = await ended([
    ...world,
    '--until',
    String(last.tick),
    '--run-id',
    'one',
    '--checkpoint-dir',
    `${straight}-runs`,
    ...whole,
  ]);
  assert.equal(last.stateHash, once.stateHash);
  const expected = await framesOf(path.join(straight, 'one'));
  const found = await framesOf(path.join(lens, 'one'));
  const wanted = Math.floor(last.tick / stride) + 1;
  const lostBy = (gaps: readonly Dropped[]): number =>
    gaps.reduce((sum, { frames }) => sum + frames, 0);
  assert.equal(expected.length + lostBy(await gapsOf(path.join(straight, 'one'))), wanted);
  const gaps = await gapsOf(path.join(lens, 'one'));
  const dropped = lostBy(gaps);
  assert.equal(found.length + dropped, wanted);
  assert.ok(found.every(([tick]) => !isIn(gaps, tick as number)));
  // At each kill and at the end: the very frames that the straight run has.
  const byTick = new Map(expected.map((frame) => [frame[0], frame]));
  for (const frame of [...found, ...parts.flat()])
    if (byTick.has(frame[0])) assert.deepEqual(frame, byTick.get(frame[0]));
  t.diagnostic(
    `frames behind the last checkpoint at each kill: ${ahead.join(', ')}; dropped ${dropped}`,
  );
}

const cases: Readonly<Record<string, Case>> = {
  'frames rounded to some bits': {
    stride: 7,
    precision: 'bits:9',
    checkpointStride: 35,
    chunks: [60, 60, 500, 49],
  },
  'a frame each tick, in small chunks': {
    stride: 1,
    precision: 'f32',
    checkpointStride: 24,
    chunks: [16],
  },
  'in full precision, chunks that end with checkpoints': {
    stride: 5,
    precision: 'f64',
    checkpointStride: 25,
    chunks: [25, 50],
  },
};

for (const [index, [name, one]] of Object.entries(cases).entries())
  if (soak || index === 0)
    test(`killed again and again, no frame is missing: ${name}`, async (t) => {
      await killAndCompare(t, String(index), one);
    });
