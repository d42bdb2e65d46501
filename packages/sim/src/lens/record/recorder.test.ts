import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isRunLocked, pointedTo } from '../../directory/index.ts';
import { openChunk } from '../chunk/index.ts';
import { fileSource } from '../../zip/index.ts';
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';
import { lensFilesIn, openRecorder, readManifest, type RecorderOptions } from './index.ts';

const field: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'points', positions: 'particle.position' },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

function frameAt(tick: number, places = true): LensFrame {
  const values = Float64Array.from({ length: 4 }, (_, at) => tick * 10 + at);
  const positions = places ? Float64Array.from({ length: 12 }, (_, at) => at) : null;
  return {
    tick,
    simTimeSeconds: tick,
    fields: new Map([['heat', { count: 4, values, positions }]]),
  };
}

function optionsIn(t: TestContext): RecorderOptions {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-recorder-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  return {
    directory: path.join(parent, 'run'),
    runId: 'run',
    world: 'terra',
    fields: [field],
    chunkTicks: 100,
  };
}

/** Every tenth tick, in chunks of a hundred. */
async function record(options: RecorderOptions, from: number, to: number): Promise<void> {
  const recorder = await openRecorder(options);
  for (let tick = from; tick <= to; tick += 10)
    await recorder.append(frameAt(tick, tick === 10 || tick % 100 === 0));
  await recorder.close();
}

interface Content {
  readonly ticks: readonly number[];
  readonly samples: readonly FieldSamples[];
}

async function contentOf(directory: string): Promise<Content> {
  const ticks: number[] = [];
  const samples: FieldSamples[] = [];
  for (const { path: file, kind } of await lensFilesIn(directory)) {
    assert.equal(kind, 'lens');
    await using source = await fileSource(file);
    const chunk = await openChunk(source);
    ticks.push(...chunk.ticks);
    for (const number of chunk.ticks.keys()) samples.push(await chunk.samples('heat', number));
  }
  return { ticks, samples };
}

test('chunks follow each other without gap or overlap, and the manifest names them', async (t) => {
  const options = optionsIn(t);
  await record(options, 10, 350);
  const { ticks } = await contentOf(options.directory);
  assert.deepEqual(
    ticks,
    Array.from({ length: 35 }, (_, at) => (at + 1) * 10),
  );
  const manifest = await readManifest(options.directory);
  assert.deepEqual(
    manifest?.chunks.map(({ file, frames }) => [file, frames]),
    [
      ['lens_snapshot_0000000000-0000000100.lens', 9],
      ['lens_snapshot_0000000100-0000000200.lens', 10],
      ['lens_snapshot_0000000200-0000000300.lens', 10],
      ['lens_snapshot_0000000300-0000000400.lens', 6],
    ],
  );
});

test('a run that goes on from any checkpoint leaves the frames of one without a stop', async (t) => {
  const straight = optionsIn(t);
  await record(straight, 10, 350);
  const expected = await contentOf(straight.directory);
  for (const checkpoint of [0, 5, 99, 100, 110, 199, 200, 255, 299, 350, 400]) {
    const options = optionsIn(t);
    await record(options, 10, 350);
    await record(
      { ...options, resumedTick: checkpoint },
      Math.floor(checkpoint / 10) * 10 + 10,
      350,
    );
    assert.deepEqual(await contentOf(options.directory), expected, `from ${checkpoint}`);
  }
});

test('killed at any moment of its end, a lens goes on from its journals', async (t) => {
  const straight = optionsIn(t);
  await record(straight, 10, 250);
  const expected = await contentOf(straight.directory);
  const options = optionsIn(t);
  {
    const killed = optionsIn(t);
    const recorder = await openRecorder(killed);
    for (let tick = 10; tick <= 190; tick += 10)
      await recorder.append(frameAt(tick, tick === 10 || tick % 100 === 0));
    await recorder.flush();
    // As its files are now, never closed.
    mkdirSync(options.directory);
    for (const { path: file } of await lensFilesIn(killed.directory))
      copyFileSync(file, path.join(options.directory, path.basename(file)));
    await recorder.close();
  }
  const [first] = await lensFilesIn(options.directory);
  writeFileSync(`${first!.path}.tmp`, 'half of a file');
  // As if killed between the rename of the sealed file and the removal of its journal.
  const sealed = path.join(straight.directory, 'lens_snapshot_0000000000-0000000100.lens');
  copyFileSync(sealed, path.join(options.directory, path.basename(sealed)));
  await record({ ...options, resumedTick: 150 }, 160, 250);
  assert.deepEqual(await contentOf(options.directory), expected);
  assert.deepEqual(
    readdirSync(options.directory).filter((name) => !name.endsWith('.lens')),
    ['manifest.json'],
  );
});

test('what was dropped is in the manifest, until the run makes those ticks again', async (t) => {
  const options = optionsIn(t);
  const recorder = await openRecorder(options);
  await recorder.append(frameAt(10));
  await recorder.drop({ ticks: { start: 20, end: 31 }, frames: 2, reason: 'slow' });
  await recorder.append(frameAt(40));
  await recorder.drop({ ticks: { start: 50, end: 51 }, frames: 1, reason: 'slow' });
  await recorder.close();
  assert.deepEqual(
    (await readManifest(options.directory))?.dropped.map(({ frames }) => frames),
    [2, 1],
  );
  await (await openRecorder({ ...options, resumedTick: 40 })).close();
  assert.deepEqual(
    (await readManifest(options.directory))?.dropped.map(({ frames }) => frames),
    [2],
  );
});

test('chunks may be removed while the run goes on', async (t) => {
  const options = optionsIn(t);
  const recorder = await openRecorder(options);
  for (let tick = 10; tick <= 210; tick += 10) await recorder.append(frameAt(tick));
  for (const file of await lensFilesIn(options.directory))
    if (file.kind === 'lens') rmSync(file.path);
  for (let tick = 220; tick <= 320; tick += 10) await recorder.append(frameAt(tick));
  await recorder.close();
  const { ticks } = await contentOf(options.directory);
  assert.equal(ticks.at(-1), 320);
  assert.deepEqual(
    (await readManifest(options.directory))?.chunks.map(({ file }) => file),
    (await lensFilesIn(options.directory)).map((file) => path.basename(file.path)),
  );
});

test('a lens of another run, or of other fields, is not written over', async (t) => {
  const options = optionsIn(t);
  await record(options, 10, 50);
  await assert.rejects(openRecorder(options), { code: 'LENS_NOT_EMPTY' });
  const other = { ...options, fields: [{ ...field, unit: '°C' }], resumedTick: 30 };
  await assert.rejects(openRecorder(other), { code: 'LENS_FIELDS_CHANGED' });
});

test('a journal that is removed while it is open does not end the recorder', async (t) => {
  const options = optionsIn(t);
  const recorder = await openRecorder(options);
  await recorder.append(frameAt(10));
  rmSync((await lensFilesIn(options.directory))[0]!.path);
  for (let tick = 100; tick <= 250; tick += 10) await recorder.append(frameAt(tick));
  await recorder.close();
  const { ticks } = await contentOf(options.directory);
  assert.deepEqual([ticks[0], ticks.at(-1), ticks.length], [100, 250, 16]);
});

test('one recorder at a time has a run, and the last that was opened is the latest', async (t) => {
  const options = optionsIn(t);
  const recorder = await openRecorder(options);
  await recorder.append(frameAt(10));
  await assert.rejects(openRecorder({ ...options, resumedTick: 0 }), { code: 'RUN_BUSY' });
  assert.equal(await isRunLocked(options.directory), true);
  await recorder.close();
  assert.equal(await isRunLocked(options.directory), false);
  const parent = path.dirname(options.directory);
  await (await openRecorder({ ...options, directory: path.join(parent, 'other') })).close();
  assert.equal(await pointedTo(parent), 'other');
  await (await openRecorder({ ...options, resumedTick: 10 })).close();
  assert.equal(await pointedTo(parent), 'run');
});
