import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { LensFrame } from '../contract.ts';
import { directoryPlace, filePlace, openLens } from '../read/index.ts';
import { openRecorder, readManifest } from '../record/index.ts';
import {
  drift,
  frameAt,
  goingOn,
  heat,
  temporaryDirectory,
  wind,
  writeLens,
} from '../testing/small-lens.ts';
import {
  diffLenses,
  lensInfo,
  listLenses,
  locateLens,
  locateLensRuns,
  planLensPrune,
  pruneLens,
  verifyLens,
} from './index.ts';

const FIRST = 'lens_snapshot_0000000000-0000000100.lens';

test('a lens is found by its file, its run, its directory and its latest run', async (t) => {
  const cwd = temporaryDirectory(t);
  const directory = path.join(cwd, 'lens');
  const one = await writeLens(directory, 'one', { to: 150 });
  await writeLens(directory, 'two', { to: 150 });
  const found = async (given: string, run?: string): Promise<string> =>
    path.relative(cwd, (await locateLens(given, { cwd, directory, ...(run && { run }) })).path);
  assert.equal(await found('lens'), 'lens/two');
  assert.equal(await found('lens', 'one'), 'lens/one');
  assert.equal(await found('lens/one'), 'lens/one');
  assert.equal(await found('one'), 'lens/one');
  assert.equal(await found(`lens/one/${FIRST}`), `lens/one/${FIRST}`);
  // A run comes before what lies here by its name, as with checkpoints; a directory without frames is no run.
  await writeLens(path.join(cwd, 'one'), 'other', { to: 50 });
  mkdirSync(path.join(directory, 'empty'));
  await writeLens(path.join(cwd, 'empty'), 'other', { to: 50 });
  assert.equal(await found('one'), 'lens/one');
  assert.equal(await found('./one'), 'one/other');
  assert.equal(await found('one', 'other'), 'one/other');
  assert.equal(await found('empty'), 'empty/other');
  assert.equal(
    (await locateLens('https://example.org/lens', { cwd, run: 'a' })).path,
    'https://example.org/lens/a',
  );
  // A copy without links: the one that was begun last.
  rmSync(path.join(directory, 'latest'));
  assert.equal(await found('lens'), 'lens/two');
  symlinkSync('gone', path.join(directory, 'latest'));
  assert.equal(await found('lens'), 'lens/two');
  await assert.rejects(found('three'), { code: 'LENS_MISSING', message: /one, two/ });
  await assert.rejects(found('lens', 'three'), { code: 'LENS_MISSING' });
  await assert.rejects(found('lens', '../one'), { code: 'RUN_ID_INVALID' });
  await assert.rejects(locateLens('.', { cwd }), { code: 'LENS_EMPTY' });
  assert.deepEqual(await locateLensRuns(one, { cwd }), [one]);
  assert.equal((await locateLensRuns('lens', { cwd })).length, 2);
  await assert.rejects(locateLensRuns('lenses', { cwd }), { code: 'LENS_MISSING' });
});

test('runs are listed with what they keep, and info says what is in one that goes on', async (t) => {
  const directory = temporaryDirectory(t);
  await writeLens(directory, 'ended', { to: 250 });
  const recorder = await goingOn(directory, 'open');
  const listed = await listLenses(directory);
  assert.deepEqual(
    listed.map(({ runId, chunks, busy, latest, ticks }) => [runId, chunks, busy, latest, ticks]),
    [
      ['ended', 3, false, false, { start: 0, end: 300 }],
      ['open', 3, true, true, { start: 0, end: 300 }],
    ],
  );
  const info = await lensInfo(directoryPlace(path.join(directory, 'open')));
  assert.deepEqual(
    [info.frames, info.first?.tick, info.last, info.strideTicks],
    [21, 10, { tick: 210, timeSeconds: 12_600 }, 10],
  );
  assert.deepEqual(info.fields, [heat, wind, drift]);
  assert.equal(info.dropped[0]?.frames, 3);
  assert.deepEqual(
    info.chunks.map(({ sealed }) => sealed),
    [true, true, false],
  );
  await recorder.close();
});

test('verify reads all of it, and names each part that is damaged', async (t) => {
  const run = await writeLens(temporaryDirectory(t), 'run');
  const check = async () => await Array.fromAsync(verifyLens(directoryPlace(run)));
  assert.deepEqual(
    (await check()).map(({ ok, frames }) => [ok, frames]),
    [
      [true, 9],
      [true, 10],
      [true, 10],
      [true, 6],
    ],
  );
  const file = path.join(run, FIRST);
  const bytes = readFileSync(file);
  // The middle of the largest array.
  bytes[Math.floor(bytes.length / 4)]! ^= 1;
  writeFileSync(file, bytes);
  const [damaged, ...whole] = await check();
  assert.deepEqual([damaged?.ok, damaged?.damaged.length, damaged?.frames], [false, 1, 9]);
  assert.match(damaged!.damaged[0]!, /heat/);
  assert.ok(whole.every(({ ok }) => ok));
  writeFileSync(file, 'no zip');
  const [foreign] = await check();
  assert.match(foreign!.damaged[0]!, /no file of a lens/);
});

test('diff says which frames and numbers differ, and NaN is equal to NaN', async (t) => {
  const directory = temporaryDirectory(t);
  const one = directoryPlace(await writeLens(directory, 'one'));
  const same = await diffLenses(one, directoryPlace(await writeLens(directory, 'same')));
  assert.deepEqual([same.different, same.compared, same.equalFields], [false, 35, 3]);
  const change = (frame: LensFrame): LensFrame => {
    const { values } = frame.fields.get('heat')!;
    if (frame.tick >= 300) values[7]! += frame.tick === 310 ? 2 : 1;
    return frame;
  };
  const other = await writeLens(directory, 'other', { from: 20, to: 360, change });
  const diff = await diffLenses(one, directoryPlace(other));
  const { compared, onlyInFrom, onlyInTo, equalFields } = diff;
  assert.deepEqual([compared, onlyInFrom, onlyInTo, equalFields], [34, 1, 1, 2]);
  assert.deepEqual(diff.fields, [
    { name: 'heat', kind: 'values', frames: 6, firstTick: 300, numbers: 6, maxAbsolute: 2 },
  ]);
});

test('prune takes whole chunks, the oldest, and the manifest follows', async (t) => {
  const run = await writeLens(temporaryDirectory(t), 'run');
  const plan = await planLensPrune(run, { before: 250 });
  assert.deepEqual(
    plan.gone.map(({ ticks }) => ticks.start),
    [0, 100],
  );
  assert.equal((await pruneLens(plan)).length, 2);
  assert.equal((await planLensPrune(run, { keepChunks: 2 })).gone.length, 0);
  await pruneLens(await planLensPrune(run, { keepChunks: 1 }));
  assert.deepEqual(
    (await readManifest(run))?.chunks.map(({ ticks }) => ticks.start),
    [300],
  );
  assert.equal((await lensInfo(directoryPlace(run))).frames, 6);
  // Somebody else was quicker.
  assert.deepEqual(await pruneLens(plan), []);
});

test('of a run that goes on what it writes stays, and it goes on', async (t) => {
  const directory = temporaryDirectory(t);
  const recorder = await goingOn(directory, 'run');
  const run = path.join(directory, 'run');
  const plan = await planLensPrune(run, 'all');
  assert.deepEqual([plan.busy, plan.whole, plan.kept.length], [true, false, 1]);
  assert.equal((await pruneLens(plan)).length, 2);
  for (let tick = 250; tick <= 310; tick += 10) await recorder.append(frameAt(tick));
  await recorder.close();
  const info = await lensInfo(directoryPlace(run));
  assert.deepEqual([info.frames, info.first?.tick, info.last?.tick], [9, 200, 310]);
  assert.equal(info.dropped.length, 1);
});

test('a plan of before a run went on takes nothing of what it writes now', async (t) => {
  const directory = temporaryDirectory(t);
  const run = await writeLens(directory, 'run', { to: 150 });
  const fields = [heat, wind, drift];
  const options = { directory: run, runId: 'run', world: 'terra', fields, chunkTicks: 100 };
  const cleared = await planLensPrune(run, 'all');
  const recorder = await openRecorder({ ...options, resumedTick: 150 });
  assert.equal((await pruneLens(cleared)).length, 1);
  await recorder.append(frameAt(160));
  await recorder.close();
  assert.equal((await lensInfo(directoryPlace(run))).last?.tick, 160);
});

test('clear leaves nothing of ours, and nothing of others goes', async (t) => {
  const directory = temporaryDirectory(t);
  const one = await writeLens(directory, 'one');
  const two = await writeLens(directory, 'two');
  writeFileSync(path.join(one, 'notes.txt'), 'mine');
  for (const run of [one, two]) await pruneLens(await planLensPrune(run, 'all'));
  assert.deepEqual(readdirSync(one), ['notes.txt']);
  assert.equal(existsSync(two), false);
  assert.deepEqual(readdirSync(directory), ['one']);
});

test('one file by itself has an info, and is compared with its run', async (t) => {
  const run = await writeLens(temporaryDirectory(t), 'run');
  const file = filePlace(path.join(run, FIRST));
  assert.deepEqual([(await lensInfo(file)).frames, (await lensInfo(file)).runId], [9, 'run']);
  const diff = await diffLenses(file, directoryPlace(run));
  assert.deepEqual([diff.compared, diff.onlyInTo], [9, 26]);
  await using lens = await openLens(file);
  assert.equal(lens.world, 'terra');
});
