// A lens of 10 GB: one tick of it touches less than a hundredth of its bytes, and SQL over all of it stays small. A long suite: it takes
// minutes, and 15 GB of disk while it runs.
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { openRecorder } from '@stillpoint/sim';
import { temporaryDirectory, wind } from '../packages/sim/src/lens/testing/small-lens.ts';
import { measured } from './fixture/measured-command.ts';

const SAMPLES = 10_000;
const FRAMES = 131_072;
const CHUNK_TICKS = 26_000;
/** Run from its sources; 335 MB were seen over 1.1 GB, the same for both statements. */
const MOST_BYTES = 400 * 1024 * 1024;

async function record(directory: string): Promise<void> {
  const field = {
    ...wind,
    name: 'noise',
    components: [],
    topology: { kind: 'grid' as const, rows: 100, columns: 100 },
  };
  const options = {
    directory,
    runId: 'long',
    world: 'x',
    fields: [field],
    chunkTicks: CHUNK_TICKS,
  };
  const recorder = await openRecorder(options);
  const values = new Float64Array(SAMPLES);
  const words = new Uint32Array(values.buffer);
  let state = 1;
  for (let tick = 0; tick < FRAMES; tick += 1) {
    // Between -2 and 2, and all bits but one another each time: it does not pack.
    for (let at = 0; at < words.length; at += 1) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[at] = at % 2 === 0 ? state : state & 0xbfff_ffff;
    }
    const fields = new Map([['noise', { count: SAMPLES, values, positions: null }]]);
    await recorder.append({ tick, simTimeSeconds: tick, fields });
  }
  await recorder.close();
}

describe(
  'a lens of 10 GB',
  { skip: process.env['STILLPOINT_SOAK'] === undefined && 'a long suite: npm run test:soak' },
  () => {
    test('one tick reads less than 1 % of it, and SQL over all of it holds less than 400 MB', async (t) => {
      const cwd = temporaryDirectory(t);
      const directory = path.join(cwd, 'lens', 'long');
      await record(directory);
      let sizeBytes = 0;
      for (const name of readdirSync(directory)) {
        const { size, blocks } = statSync(path.join(directory, name));
        assert.ok(blocks * 512 >= size * 0.9, 'it is not sparse');
        sizeBytes += size;
      }
      assert.ok(sizeBytes > 9.5e9, `it has ${sizeBytes} bytes`);
      const empty = await measured(['lens', '--help'], cwd);
      const tick = await measured(
        ['lens', 'query', 'noise', '--tick', '77000', '--stat', 'mean'],
        cwd,
      );
      assert.equal(tick.status, 0, tick.stderr);
      // Of the process, its own sources among it; those are taken off by what it reads to show its help.
      const readBytes = tick.readBytes - empty.readBytes;
      t.diagnostic(`one tick: ${readBytes} of ${sizeBytes} bytes, ${tick.peakBytes} in memory`);
      assert.ok(readBytes <= sizeBytes * 0.01);
      for (const statement of [
        'select count(*), avg(value), min(value), max(value) from noise',
        'select tick // 1000 as era, avg(value), stddev(value) from noise where tick < 30000 group by era order by era',
      ]) {
        const sql = await measured(['lens', 'sql', statement, '--csv'], cwd);
        assert.equal(sql.status, 0, sql.stderr);
        t.diagnostic(`${statement}: ${sql.peakBytes} bytes in memory`);
        assert.ok(sql.peakBytes < MOST_BYTES, `${sql.peakBytes} bytes`);
      }
    });
  },
);
