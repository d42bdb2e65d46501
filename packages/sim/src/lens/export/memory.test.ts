import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LensField } from '../contract.ts';
import { openRecorder } from '../record/index.ts';
import { temporaryDirectory } from '../testing/small-lens.ts';
import { LENS_EXPORT_FORMATS } from './index.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const MOST_BYTES = 300 * 1024 * 1024;
const SAMPLES = 10_000;
/** Of 320 kB each: 1.1 GB. */
const FRAMES = 3500;

test(
  'a gigabyte is exported in less than 300 MB of memory, in each format',
  { skip: !soak && 'takes minutes: it is one of the long suites' },
  async (t) => {
    const directory = temporaryDirectory(t);
    const run = path.join(directory, 'large');
    const field: LensField = {
      name: 'heat',
      unit: 'K',
      components: [],
      topology: { kind: 'sphere', rows: 100, columns: 100 },
      reconstruction: 'linear',
      precision: { type: 'float64' },
    };
    const fields = [field, { ...field, name: 'wind', components: [3] }];
    const options = { directory: run, runId: 'large', world: 'large', fields, chunkTicks: 500 };
    const recorder = await openRecorder(options);
    const heat = new Float64Array(SAMPLES);
    const wind = new Float64Array(SAMPLES * 3);
    for (let tick = 1; tick <= FRAMES; tick += 1) {
      for (let at = 0; at < SAMPLES; at += 1) heat[at] = Math.sin(at / 700) * tick;
      for (let at = 0; at < SAMPLES * 3; at += 1) wind[at] = (at * 7919 * tick) % 10_007;
      const sampled = new Map([
        ['heat', { count: SAMPLES, values: heat, positions: null }],
        ['wind', { count: SAMPLES, values: wind, positions: null }],
      ]);
      await recorder.append({ tick, simTimeSeconds: tick, fields: sampled });
    }
    await recorder.close();
    const program = fileURLToPath(new URL('testing/export-process.ts', import.meta.url));
    for (const format of LENS_EXPORT_FORMATS) {
      const output = path.join(directory, `out.${format}`);
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...process.execArgv.filter((one) => !one.startsWith('--test')),
        program,
        run,
        output,
        format,
      ]);
      const { maxRssBytes } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as {
        readonly maxRssBytes: number;
      };
      t.diagnostic(`${format}: ${Math.round(maxRssBytes / 1e6)} MB`);
      assert.ok(maxRssBytes < MOST_BYTES, `${format} took ${maxRssBytes} bytes`);
    }
  },
);
