// A run with a lens in snapshots of the whole command. With the lens as a source of files it comes back with the run; ignored by
// git, the lens that is there stays, and is cut to the run that came back. While the run goes on, its lens is pruned and cleared.
import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { eventually } from '../packages/engine/src/freeze/testing/eventually.ts';
import { directoryPlace, openLens } from '../packages/sim/src/lens/read/index.ts';
import { readManifest } from '../packages/sim/src/lens/record/index.ts';
import { pondSource } from '../packages/sim/src/session/testing/pond.ts';
import { createProject, openProject, type Project } from './fixture/project.ts';
import { startRun, type Running } from './fixture/run.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const patienceMs = 60_000;
const STRIDE = 5;
const seen = ['--lens-stride', String(STRIDE), '--lens-chunk-size', '200'];

const startPond = (directory: string, ...args: readonly string[]): Running =>
  startRun(directory, 'worlds/pond', ...args);

async function makeProject(withLens: boolean): Promise<Project> {
  const project = await createProject({
    extensions: [],
    config: {
      sources: {
        simulation: { driver: 'run' },
        ...(withLens ? { lens: { driver: 'files', path: 'lens' } } : {}),
      },
      freeze: { budget: '20s' },
    },
  });
  const worlds = path.join(project.directory, 'worlds', 'pond');
  await mkdir(worlds, { recursive: true });
  await mkdir(path.join(project.directory, 'lens'));
  // What git does not ignore is in the snapshot of the repository.
  await appendFile(path.join(project.directory, '.gitignore'), 'lens/\n');
  await writeFile(path.join(worlds, 'world.ts'), pondSource);
  return project;
}

type Frames = ReadonlyMap<number, readonly unknown[]>;

async function framesOf(directory: string): Promise<Frames> {
  await using lens = await openLens(directoryPlace(path.join(directory, 'lens', 'one')));
  const frames = new Map<number, readonly unknown[]>();
  for await (const { tick, fields } of lens.each(lens.fields.map(({ name }) => name)))
    frames.set(
      tick,
      [...fields.values()].map(({ values, positions }) => [
        [...values],
        positions && [...positions],
      ]),
    );
  return frames;
}

/** Begins one with so many checkpoints behind it, and as many files of its lens. */
async function begun(directory: string): Promise<Running> {
  const own = ['--run-id', 'one', '--param', 'work=60000', '--checkpoint-stride', '300'];
  const running = startPond(directory, ...own, '--keep-checkpoints', '3', ...seen);
  const at = path.join(directory, 'lens', 'one');
  const sealed = async (): Promise<boolean> => {
    const names = await readdir(at).catch(() => [] as string[]);
    return names.filter((name) => name.endsWith('.lens')).length > 1;
  };
  await eventually(sealed, patienceMs, 'the run fills files of its lens');
  return running;
}

/** Each is there, or named: what was on its way when the snapshot was taken. */
async function assertFrames(
  directory: string,
  expected: Frames,
  {
    from,
    to,
    onItsWay: { start, end },
  }: {
    readonly from: number;
    readonly to: number;
    readonly onItsWay: { readonly start: number; readonly end: number };
  },
): Promise<void> {
  const found = await framesOf(directory);
  const manifest = await readManifest(path.join(directory, 'lens', 'one'));
  const gaps = manifest!.dropped;
  const at = JSON.stringify({ from, to, start, end, gaps });
  // A machine that is busy with more than this test drops some as well, and names them.
  const isNamed = (tick: number): boolean =>
    gaps.some(({ ticks }) => ticks.start <= tick && tick < ticks.end);
  for (let tick = from; tick <= to; tick += STRIDE) {
    assert.ok(found.has(tick) || isNamed(tick), `no frame of ${tick}: ${at}`);
    // Those that were dropped while it ran the first time are there no more than now.
    if (found.has(tick) && expected.has(tick))
      assert.deepEqual(found.get(tick), expected.get(tick), `${tick}: ${at}`);
  }
  const frames = gaps.reduce((sum, gap) => sum + gap.frames, 0);
  assert.equal(frames + found.size, (to - from) / STRIDE + 1, at);
  for (let tick = start; tick < end; tick += STRIDE)
    assert.ok(!found.has(tick) && isNamed(tick), `${tick} was on its way: ${at}`);
}

for (const withLens of [true, false])
  test(`a snapshot of a run that goes on, ${withLens ? 'with its lens' : 'without its lens'}, comes back and goes on with each frame`, async () => {
    await using project = await makeProject(withLens);
    const { directory } = project;
    await using running = await begun(directory);
    const { id } = await project.json<{ id: string }>(['snapshot', '--name', 'living']);
    await project.json(['ctl', 'one', 'stop']);
    const stopped = await running.ended();
    const before = await framesOf(directory);
    await project.stillpoint(['restore', 'living', '--yes']);
    const [checkpoint] = (await readdir(path.join(directory, 'checkpoints', 'one'))).filter(
      (name) => name.endsWith('.ckpt'),
    );
    const tick = Number(/\d+/.exec(checkpoint ?? '')?.[0]);
    assert.ok(tick < stopped.tick);
    const restored = await framesOf(directory);
    const lastSeen = Math.max(...restored.keys());
    // With it: as it was on disk then, but for what was on its way. Without: as it is.
    if (withLens) assert.ok(lastSeen <= tick, `${lastSeen} of ${tick}`);
    else assert.equal(lastSeen, Math.max(...before.keys()));
    for (const [at, frame] of restored) assert.deepEqual(frame, before.get(at), `at ${at}`);
    const end = Math.min(stopped.tick, tick + 400);
    const until = end - (end % STRIDE);
    {
      await using resumed = startPond(directory, '--resume', '--until', String(until), ...seen);
      assert.equal((await resumed.ended()).tick, until);
    }
    const onItsWay = { start: lastSeen + STRIDE, end: withLens ? tick : 0 };
    await assertFrames(directory, before, { from: 0, to: until, onItsWay });

    if (!soak) return;
    // Elsewhere there is only what the snapshot has: without the lens it begins with the checkpoint's tick.
    const elsewhere = `${directory}-elsewhere`;
    await project.stillpoint(['restore', id, '--into', elsewhere]);
    await using copy = openProject(elsewhere);
    await using resumed = startPond(copy.directory, '--resume', '--until', String(until), ...seen);
    assert.equal((await resumed.ended()).tick, until);
    const first = withLens ? 0 : Math.ceil(tick / STRIDE) * STRIDE;
    await assertFrames(elsewhere, before, { from: first, to: until, onItsWay });
  });

test('a lens is pruned and cleared while its run goes on, which is none the worse for it', async () => {
  await using project = await makeProject(false);
  const { directory } = project;
  const at = path.join(directory, 'lens', 'one');
  await using running = await begun(directory);
  await project.stillpoint(['lens', 'prune', '--keep-chunks', '1', '--yes']);
  await project.stillpoint(['lens', 'compact', '--run', 'one'], { exit: 11 });
  const sealed = async (): Promise<boolean> =>
    (await readdir(at)).filter((name) => name.endsWith('.lens')).length > 1;
  await eventually(sealed, patienceMs, 'it fills further files');
  await project.stillpoint(['lens', 'clear', '--yes']);
  // Worse than it may be: with the journal under its hands.
  for (const name of await readdir(at)) await rm(path.join(at, name), { force: true });
  await eventually(sealed, patienceMs, 'it fills further files');
  await project.json(['ctl', 'one', 'stop']);
  const { tick, stateHash } = await running.ended();
  const found = await framesOf(directory);
  const verified = await project.stillpoint(['lens', 'verify', at]);
  assert.doesNotMatch(verified.stderr, /damaged/);
  await using straight = startPond(directory, '--param', 'work=60000', '--until', String(tick));
  assert.equal((await straight.ended()).stateHash, stateHash);
  assert.equal(Math.max(...found.keys()), tick - (tick % STRIDE));
});
