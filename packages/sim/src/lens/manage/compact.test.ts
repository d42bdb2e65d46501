import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { directoryPlace, openLens, type Lens } from '../read/index.ts';
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
import { compactLens, verifyLens } from './index.ts';

const NAMES = [heat.name, wind.name, drift.name];

async function contentOf(lens: Lens): Promise<unknown> {
  return await Array.fromAsync(lens.each(NAMES), ({ tick, simTimeSeconds, fields }) => ({
    tick,
    simTimeSeconds,
    fields: [...fields],
  }));
}

async function contentIn(run: string): Promise<unknown> {
  await using lens = await openLens(directoryPlace(run));
  return await contentOf(lens);
}

/** Without the lock of one that is open. */
function filesIn(run: string): readonly string[] {
  return readdirSync(run).filter((name) => name.startsWith('lens_snapshot'));
}

/** As its files are at this moment, in another directory: what a kill leaves. */
function copied(run: string, to: string): string {
  for (const name of [...filesIn(run), 'manifest.json'])
    copyFileSync(path.join(run, name), path.join(to, name));
  return to;
}

test('small chunks become one, with the same frames, and positions that stay are kept once', async (t) => {
  const run = await writeLens(temporaryDirectory(t), 'run');
  const before = await contentIn(run);
  const done = await compactLens(run);
  assert.deepEqual(filesIn(run), ['lens_snapshot_0000000000-0000000400.lens']);
  assert.equal(done.merged[0]?.from.length, 4);
  assert.deepEqual(await contentIn(run), before);
  for await (const { ok } of verifyLens(directoryPlace(run))) assert.ok(ok);
  assert.deepEqual(
    (await readManifest(run))?.chunks.map(({ frames }) => frames),
    [35],
  );
  const again = await compactLens(run);
  assert.deepEqual([again.merged, again.sealed], [[], []]);
});

test('no file is made larger than told, and none over a gap', async (t) => {
  const run = await writeLens(temporaryDirectory(t), 'run', { to: 650 });
  const before = await contentIn(run);
  const { beforeBytes } = await compactLens(run, { targetBytes: 1 });
  await compactLens(run, { targetBytes: (beforeBytes / 7) * 2.5 });
  assert.deepEqual(
    filesIn(run).map((name) => name.slice(14, 35)),
    [
      '0000000000-0000000200',
      '0000000200-0000000400',
      '0000000400-0000000600',
      '0000000600-0000000700',
    ],
  );
  assert.deepEqual(await contentIn(run), before);
  rmSync(path.join(run, 'lens_snapshot_0000000200-0000000400.lens'));
  await compactLens(run);
  assert.deepEqual(
    filesIn(run).map((name) => name.slice(14, 35)),
    ['0000000000-0000000200', '0000000400-0000000700'],
  );
});

test('journals of a run that was killed are sealed, those of one that goes on are left alone', async (t) => {
  const directory = temporaryDirectory(t);
  const recorder = await goingOn(directory, 'run');
  const run = path.join(directory, 'run');
  await assert.rejects(compactLens(run), { code: 'RUN_BUSY' });
  const killed = copied(run, temporaryDirectory(t));
  await recorder.close();
  writeFileSync(path.join(killed, 'lens_snapshot_0000000000-0000000200.lens.tmp'), 'half');
  const { sealed, merged } = await compactLens(killed);
  assert.deepEqual(sealed, ['lens_snapshot_0000000200-0000000300.lens']);
  assert.equal(merged.length, 1);
  assert.deepEqual(filesIn(killed), ['lens_snapshot_0000000000-0000000300.lens']);
  assert.deepEqual(await contentIn(killed), await contentIn(run));
  assert.equal((await readManifest(killed))?.dropped.length, 1);
});

test('killed between the new file and the old ones, each frame is there once', async (t) => {
  const run = await writeLens(temporaryDirectory(t), 'run');
  const before = await contentIn(run);
  const old = copied(run, temporaryDirectory(t));
  await compactLens(run);
  for (let left = filesIn(old).length; left > 0; left -= 1) {
    for (const name of filesIn(old).slice(-left))
      copyFileSync(path.join(old, name), path.join(run, name));
    assert.deepEqual(await contentIn(run), before, `${left} old files`);
    await compactLens(run);
    assert.deepEqual(filesIn(run), ['lens_snapshot_0000000000-0000000400.lens']);
    assert.deepEqual(await contentIn(run), before);
  }
});

test('who reads while chunks are sealed or merged misses no frame', async (t) => {
  const directory = temporaryDirectory(t);
  const fields = [heat, wind, drift];
  const options = { runId: 'run', world: 'terra', fields, chunkTicks: 100 };
  const run = path.join(directory, 'run');
  const recorder = await openRecorder({ ...options, directory: run });
  for (let tick = 10; tick <= 350; tick += 10)
    await recorder.append(frameAt(tick, tick === 10 || tick % 100 === 0));
  await using open = await openLens(directoryPlace(run));
  await recorder.close();
  await using sealed = await openLens(directoryPlace(run));
  await compactLens(run);
  const expected = await contentIn(run);
  assert.deepEqual(await contentOf(open), expected);
  assert.deepEqual(await contentOf(sealed), expected);
  assert.deepEqual((await open.nearest(224)).tick, 220);
  assert.deepEqual(
    (await sealed.samples('heat', 220)).values,
    frameAt(220).fields.get('heat')!.values,
  );
});

test('a run that goes on from within a merged chunk leaves the frames of one without a stop', async (t) => {
  const expected = await contentIn(await writeLens(temporaryDirectory(t), 'run', { to: 450 }));
  for (const checkpoint of [90, 220, 350]) {
    const directory = temporaryDirectory(t);
    const run = await writeLens(directory, 'run');
    await compactLens(run);
    // Twice, the second time further back.
    for (const resumedTick of [checkpoint, Math.floor(checkpoint / 20) * 10]) {
      const from = resumedTick + 10 - (resumedTick % 10);
      await writeLens(directory, 'run', {
        from: Math.min(from, 360),
        to: 450,
        resumedTick: Math.min(resumedTick, 350),
      });
    }
    assert.deepEqual(await contentIn(run), expected, `from ${checkpoint}`);
  }
});

test('what is damaged is left as it is, and named', async (t) => {
  const run = await writeLens(temporaryDirectory(t), 'run');
  const [first = ''] = filesIn(run);
  const file = path.join(run, first);
  const bytes = readFileSync(file);
  bytes[Math.floor(bytes.length / 4)]! ^= 1;
  writeFileSync(file, bytes);
  const { damaged, merged } = await compactLens(run);
  assert.match(damaged[0]!, /0000000000-0000000100\.lens is damaged/);
  assert.deepEqual(readFileSync(file), bytes);
  assert.equal(filesIn(run).length, 4 - merged.length * 2);
  assert.ok(!readdirSync(run).some((name) => name.endsWith('.tmp')));
});
