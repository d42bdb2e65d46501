// Samples with very many components: kept as they were, or refused before the first.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { LensField } from '../contract.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { createLensCapture, type LensCaptureOptions } from './index.ts';

function optionsIn(t: TestContext, components: readonly number[]): LensCaptureOptions {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-long-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const field: LensField = {
    name: 'spectrum',
    unit: '',
    components,
    topology: { kind: 'grid', rows: 1, columns: 2 },
    reconstruction: 'nearest',
    precision: { type: 'float32' },
  };
  const directory = path.join(parent, 'run');
  return { directory, runId: 'run', world: 'w', fields: [field], chunkTicks: 50 };
}

test('samples of which eight are more than is packed together are sealed and read as they were', async (t) => {
  const options = optionsIn(t, [512, 512]);
  const valuesAt = (tick: number): Float32Array =>
    Float32Array.from({ length: 2 * 512 * 512 }, (_, at) => at + tick);
  const capture = await createLensCapture(options);
  for (let tick = 1; tick <= 9; tick += 1) {
    const spectrum = { count: 2, values: valuesAt(tick), positions: null };
    capture.offer({ tick, simTimeSeconds: tick, fields: new Map([['spectrum', spectrum]]) });
    await capture.drain();
  }
  await capture.close();
  assert.ok(readdirSync(options.directory).some((name) => name.endsWith('.lens')));
  await using lens = await openLens(directoryPlace(options.directory));
  for (let tick = 1; tick <= 9; tick += 1) {
    const { values } = await lens.samples('spectrum', tick);
    assert.ok(Buffer.from(values.buffer).equals(Buffer.from(valuesAt(tick).buffer)), `${tick}`);
  }
});

test('a sample that is longer than what is packed together is refused before the first', async (t) => {
  const options = optionsIn(t, [513, 512]);
  await assert.rejects(createLensCapture(options), (error) =>
    isFailure(error, 'LENS_SAMPLE_TOO_LARGE'),
  );
  assert.deepEqual(readdirSync(path.dirname(options.directory)), []);
});
