// Names of fields in files: whatever a field is called, it has a place of its own.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { FieldSamples, LensField } from './contract.ts';
import { exportLens } from './export/index.ts';
import { nodeName } from './names.ts';
import { directoryPlace, openLens } from './read/index.ts';
import { openRecorder } from './record/index.ts';

/** Halves of pairs all have the same bytes in UTF-8: a file that was sealed held one name twice, and nobody could read it. */
const NAMES = [
  '',
  '~',
  '~7E',
  '.',
  '..',
  '~2E',
  ' ',
  ' a',
  'a ',
  'a',
  '%2F',
  '/',
  '~2F',
  '_x',
  '__x',
  '~5Fx',
  'a/b',
  'a\\b',
  'C:',
  '\n',
  'zarr.json',
  '~7Aarr.json',
  'c',
  'fields',
  'Heat',
  'heat',
  '__proto__',
  '\u00e9',
  'e\u0301',
  '\ud800',
  '\ud801',
  '\udc00\ud800',
  '\u{1f600}',
  'x\udfff',
  '~D800',
];

test('no two names have one node, and each can be read back', () => {
  const nodes = NAMES.map(nodeName);
  assert.equal(new Set(nodes).size, NAMES.length);
  const back = nodes.map((node) =>
    node === '~'
      ? ''
      : node.replaceAll(/~(D[8-F][0-9A-F]{2}|[0-9A-F]{2})/g, (_, code: string) =>
          String.fromCharCode(Number.parseInt(code, 16)),
        ),
  );
  assert.deepEqual(back, NAMES);
});

test('fields with odd names are sealed, read and exported as directories, each with its own numbers', async (t) => {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-names-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  const fields = NAMES.map((name): LensField => {
    const topology = { kind: 'grid', rows: 1, columns: 2 } as const;
    const precision = { type: 'float64' } as const;
    return { name, unit: '', components: [], topology, reconstruction: 'nearest', precision };
  });
  const valuesOf = (tick: number, field: number): Float64Array => Float64Array.of(tick, field);
  const run = { directory, runId: 'run', world: 'odd', fields, chunkTicks: 10 };
  const recorder = await openRecorder(run);
  for (let tick = 0; tick < 13; tick += 1) {
    const samples = NAMES.map((name, at): [string, FieldSamples] => [
      name,
      { count: 2, values: valuesOf(tick, at), positions: null },
    ]);
    await recorder.append({ tick, simTimeSeconds: tick, fields: new Map(samples) });
  }
  await recorder.close();
  await using lens = await openLens(directoryPlace(directory));
  let frames = 0;
  for await (const frame of lens.each(NAMES)) {
    frames += 1;
    for (const [at, name] of NAMES.entries())
      assert.deepEqual(frame.fields.get(name)!.values, valuesOf(frame.tick, at));
  }
  assert.equal(frames, 13);
  const output = path.join(parent, 'out.zarr');
  const exported = await exportLens(directoryPlace(directory), { format: 'zarr', output });
  assert.equal(exported.frames, 13);
});
