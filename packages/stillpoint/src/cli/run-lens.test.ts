// `stillpoint run` with a lens: the frames that were asked for are there, also after a resume, and what cannot be captured is refused.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { directoryPlace, openLens, type Lens } from '@stillpoint/sim';
import { inProcess, type Ran } from './testing/run.ts';

const place = mkdtempSync(path.join(os.tmpdir(), 'run-lens-'));
after(() => rmSync(place, { recursive: true, force: true }));
const world = path.join(place, 'world');
mkdirSync(world);
writeFileSync(
  path.join(world, 'world.ts'),
  `import { defineWorld } from '@stillpoint/sim';
export default defineWorld({
  name: 'flat',
  signals: { heat: { shape: [2, 2], unit: 'K' }, wind: { shape: [2, 2, 3] } },
  strata: { all: { step({ current, tick }) { current.heat.fill(tick + 1 / 3); current.wind.fill(-tick); } } },
  fields: { warmth: { unit: 'K', topology: { kind: 'grid', rows: 2, columns: 2 }, from: 'heat' } },
});
`,
);
const run = (...args: readonly string[]): Promise<Ran> =>
  inProcess(['run', world, ...args], { cwd: place });

async function ticksOf(lens: Lens): Promise<readonly number[]> {
  const ticks: number[] = [];
  for await (const { tick } of lens.frames()) ticks.push(tick);
  return ticks;
}

describe('stillpoint run with a lens', () => {
  it('captures what it is told, and goes on after a resume', async () => {
    const told =
      '--lens-dir seen --lens-stride 10 --lens-chunk-size 40 --lens-fields warmth --lens-signals wind --lens-precision bits:8'.split(
        ' ',
      );
    const first = await run('--until', '55', '--run-id', 'one', ...told);
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /Lens of 2 fields in .*seen.one\./);
    assert.match(first.stdout, /^lens +.*seen.one \(6 frames\)$/m);
    const second = await run('--until', '90', '--resume', ...told, '--json');
    assert.equal(second.status, 0, second.stderr);
    const last = JSON.parse(second.stdout.trimEnd().split('\n').at(-1)!) as { lens: unknown };
    const directory = path.join(place, 'seen', 'one');
    assert.deepEqual(last.lens, { directory, frames: 10, dropped: 0 });
    await using lens = await openLens(directoryPlace(directory));
    assert.deepEqual(await ticksOf(lens), [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    assert.deepEqual([...(await lens.samples('wind', 70)).values], Array(12).fill(-70));
    const { values } = await lens.samples('warmth', 70);
    assert.deepEqual([...values], Array(4).fill(70.25));
    assert.equal(readdirSync(directory).filter((name) => name.endsWith('.lens')).length, 3);
  });

  it('keeps it in ./lens without checkpoints, all fields, each hundredth tick', async () => {
    const ran = await run('--steps', '250', '--lens-precision', 'f64');
    assert.equal(ran.status, 0, ran.stderr);
    const found = /^lens +(.*) \(3 frames\)$/m.exec(ran.stdout)?.[1];
    assert.equal(path.dirname(found!), path.join(place, 'lens'));
    await using lens = await openLens(directoryPlace(found!));
    assert.deepEqual(await ticksOf(lens), [0, 100, 200]);
    assert.deepEqual([...(await lens.samples('warmth', 200)).values], Array(4).fill(200 + 1 / 3));
  });

  it('refuses what it does not know', async () => {
    const cases: readonly (readonly [RegExp, ...(readonly string[])])[] = [
      [/LENS_FIELD_UNKNOWN.*warmth/s, '--lens-fields', 'heat'],
      [/LENS_FIELD_UNKNOWN.*heat, wind/s, '--lens-signals', 'warmth'],
      [/USAGE_INVALID.*f16 is no precision/s, '--lens-precision', 'f16'],
      [/Write a whole number/, '--lens-stride', '0'],
      [/USAGE_INVALID.*no lens with --sweep/s, '--lens-dir', 'x', '--sweep', 'p.json'],
    ];
    for (const [expected, ...args] of cases) {
      const ran = await run('--steps', '1', ...args);
      assert.equal(ran.status, 2, ran.stderr);
      assert.match(ran.stderr, expected);
    }
  });
});
