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
      [/Write a whole number/, '--lens-stride', '-5'],
      [/Write a whole number/, '--lens-chunk-size', '1e4'],
      [/LENS_CHUNK_TOO_SMALL.*50 ticks.*100 ticks/s, '--lens-chunk-size', '50'],
      [/LENS_CHUNK_TOO_SMALL.*9 ticks.*10 ticks/s, '--lens-chunk-size', '9', '--lens-stride', '10'],
      [/USAGE_INVALID.*--lens-fields names nothing/s, '--lens-fields', ''],
      [/USAGE_INVALID.*--lens-signals names nothing/s, '--lens-signals', ' , '],
      [/USAGE_INVALID.*--lens-dir names no directory/s, '--lens-dir', ''],
      [/LENS_FIELD_TWICE.*warmth/s, '--lens-fields', 'warmth, warmth'],
      [/USAGE_INVALID.*bits:23 is no precision/s, '--lens-precision', 'bits:23'],
      [/USAGE_INVALID.*bits:0 is no precision/s, '--lens-precision', 'bits:0'],
      [/USAGE_INVALID.*no lens with --sweep/s, '--lens-dir', 'x', '--sweep', 'p.json'],
    ];
    for (const [expected, ...args] of cases) {
      const ran = await run('--steps', '1', ...args);
      assert.equal(ran.status, 2, ran.stderr);
      assert.match(ran.stderr, expected);
    }
  });

  it('does not begin a run whose lens is taken: it can be begun when that was removed', async () => {
    const lens = ['--lens-dir', 'taken', '--lens-stride', '5'];
    const named = ['--steps', '20', '--run-id', 'again', ...lens];
    const first = await run(...named, '--checkpoint-dir', 'runs-1');
    assert.equal(first.status, 0, first.stderr);
    const refused = await run(...named, '--checkpoint-dir', 'runs-2');
    assert.match(refused.stderr, /LENS_NOT_EMPTY/);
    const cleared = await inProcess(['lens', 'clear', '--lens-dir', 'taken', '--yes'], {
      cwd: place,
    });
    assert.equal(cleared.status, 0, cleared.stderr);
    const second = await run(...named, '--checkpoint-dir', 'runs-2');
    assert.equal(second.status, 0, second.stderr);
  });

  it('says of a lens that cannot be written what is wrong with it', async () => {
    const ran = await run('--steps', '1', '--lens-dir', path.join('world', 'world.ts'));
    assert.equal(ran.status, 1);
    assert.match(ran.stderr, /LENS_UNWRITABLE.*ENOTDIR.*Make room there, or choose another/s);
    if (process.platform !== 'linux') return;
    // It was tried for ever.
    const nowhere = await run('--steps', '1', '--lens-dir', '/proc/x');
    assert.equal(nowhere.status, 1);
    assert.match(nowhere.stderr, /LENS_UNWRITABLE.*mkdir '\/proc\/x'/s);
  });

  it('keeps a fork and its parent apart, each with the frames of its own history', async () => {
    const lens = ['--lens-dir', 'forks', '--lens-stride', '10'];
    const runs = ['--checkpoint-dir', 'fork-runs', '--checkpoint-stride', '20'];
    const first = await run('--until', '60', '--run-id', 'parent', ...lens, ...runs);
    assert.equal(first.status, 0, first.stderr);
    const older = path.join('fork-runs', 'parent', 'checkpoint_0000000020.ckpt');
    const branched = await run(
      '--until',
      '50',
      '--resume',
      older,
      '--run-id',
      'child',
      ...lens,
      ...runs,
    );
    assert.equal(branched.status, 0, branched.stderr);
    const ticksIn = async (id: string): Promise<readonly number[]> => {
      await using opened = await openLens(directoryPlace(path.join(place, 'forks', id)));
      return await ticksOf(opened);
    };
    assert.deepEqual(await ticksIn('child'), [20, 30, 40, 50]);
    assert.deepEqual(await ticksIn('parent'), [0, 10, 20, 30, 40, 50, 60]);
  });

  it('goes on after its lens was pruned, cleared or compacted meanwhile', async () => {
    const runs = ['--checkpoint-dir', 'cut-runs', '--checkpoint-stride', '30'];
    const lens = ['--lens-dir', 'cut', '--lens-stride', '5', '--lens-chunk-size', '20'];
    const straight = await run('--until', '300', '--json');
    const hash = (ran: Ran): unknown =>
      (JSON.parse(ran.stdout.trimEnd().split('\n').at(-1)!) as { stateHash: string }).stateHash;
    const first = await run('--until', '90', '--run-id', 'one', ...lens, ...runs);
    assert.equal(first.status, 0, first.stderr);
    const manage = async (...args: readonly string[]): Promise<void> => {
      const ran = await inProcess(['lens', ...args, '--lens-dir', 'cut'], { cwd: place });
      assert.equal(ran.status, 0, ran.stderr);
    };
    const at = path.join(place, 'cut', 'one');
    const ticks = async (): Promise<readonly number[]> => {
      await using opened = await openLens(directoryPlace(at));
      return await ticksOf(opened);
    };
    const every = (from: number, to: number): readonly number[] =>
      Array.from({ length: (to - from) / 5 + 1 }, (_, index) => from + index * 5);
    await manage('compact');
    assert.equal(readdirSync(at).filter((name) => name.endsWith('.lens')).length, 1);
    const second = await run('--until', '150', '--resume', ...lens, ...runs);
    assert.equal(second.status, 0, second.stderr);
    assert.deepEqual(await ticks(), every(0, 150));
    await manage('prune', '--keep-chunks', '2', '--yes');
    const [oldest] = await ticks();
    assert.ok(oldest! > 0);
    const third = await run('--until', '200', '--resume', ...lens, ...runs);
    assert.equal(third.status, 0, third.stderr);
    assert.deepEqual(await ticks(), every(oldest!, 200));
    await manage('clear', '--yes');
    const fourth = await run('--until', '300', '--resume', ...lens, ...runs, '--json');
    assert.equal(fourth.status, 0, fourth.stderr);
    // That of the checkpoint's own tick is made again, for there is none.
    assert.deepEqual(await ticks(), every(200, 300));
    assert.equal(hash(fourth), hash(straight));
  });
});
