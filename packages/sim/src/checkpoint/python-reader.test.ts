// A reader that shares no code with ours reads what we write: examples/python/read_checkpoint.py, by the format's page.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createCheckpointWriter, openCheckpoint } from './index.ts';
import { arrayOf, factsOf, smallShapes, stateOf } from './testing/states.ts';

const program = fileURLToPath(
  new URL('../../../../examples/python/read_checkpoint.py', import.meta.url),
);
const succeeds = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const missing = !succeeds('python3', '--version')
  ? 'python3 is missing'
  : !succeeds('zstd', '--version') && 'the zstd command is missing';

/** More than a block takes Python's BLAKE3 some seconds. */
const MASK = process.env['STILLPOINT_SOAK'] === undefined ? 150_000 : 1_100_000;

interface Line {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly digest: string;
  readonly sum: number;
}

const withoutSum = ({ name, dtype, shape, digest }: Line): Omit<Line, 'sum'> => ({
  name,
  dtype,
  shape,
  digest,
});

test(
  'Python reads the same digests and sums, and finds a flipped bit',
  { skip: missing },
  async (t) => {
    const runDirectory = await mkdtemp(path.join(tmpdir(), 'stillpoint-python-'));
    t.after(() => rm(runDirectory, { recursive: true, force: true }));
    const state = stateOf([
      ...smallShapes,
      { name: 'current/field', dtype: 'f64', shape: [20_000] },
      { name: 'current/mask', dtype: 'u8', shape: [MASK] },
    ]);
    state.bytes('current/mask').fill(1);
    const writer = createCheckpointWriter({ runDirectory, fullEvery: 2 });
    t.after(() => writer.close());
    for (const tick of [1, 2]) {
      state.bytes('current/mask')[100_000] = tick;
      writer.offer({ facts: factsOf(tick), sections: state.sections, release: () => {} });
      const [outcome] = await writer.drain();
      assert.ok(outcome?.outcome === 'written' && outcome.full === (tick === 1));
      const { stdout } = await promisify(execFile)('python3', [program, outcome.file]);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
      await using checkpoint = await openCheckpoint(outcome.file);
      const expected = checkpoint.sections.map((section, at) => {
        const { name, dtype, shape, digest } = section;
        const source = state.sections[at];
        assert.ok(source !== undefined);
        // In the order in which Python adds.
        const sum = Array.from<number>(arrayOf(source)).reduce((total, one) => total + one, 0);
        return { name, dtype, shape, digest, sum };
      });
      assert.deepEqual(lines.map(withoutSum), expected.map(withoutSum));
      for (const [at, { sum }] of lines.entries())
        assert.ok(Math.abs(sum - (expected[at]?.sum ?? NaN)) <= Math.abs(sum) * 1e-12);
    }
    const file = path.join(runDirectory, 'checkpoint_0000000001.ckpt');
    const bytes = await readFile(file);
    bytes[70] = (bytes[70] as number) ^ 1;
    await writeFile(file, bytes);
    await assert.rejects(promisify(execFile)('python3', [program, file]), /is damaged/);
  },
);
