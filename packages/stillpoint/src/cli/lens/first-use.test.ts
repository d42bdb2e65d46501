// What somebody meets who has captured nothing yet, asks where nothing is, or mistypes: told where things are, and what to do.
import { openRecorder, type LensField } from '@stillpoint/sim';
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { inProcess, type Ran } from '../testing/run.ts';

interface Place {
  readonly cwd: string;
  readonly run: (args: string) => Promise<Ran>;
}

function placeOf(t: TestContext): Place {
  const cwd = realpathSync(mkdtempSync(path.join(tmpdir(), 'stillpoint-first-use-')));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  return { cwd, run: (args) => inProcess(args.split(' '), { cwd }) };
}

const heat: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'sphere', rows: 2, columns: 4 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

/** Frames 0, 10, … 40 in a chunk of a hundred ticks. */
async function captured(t: TestContext): Promise<Place> {
  const place = placeOf(t);
  const directory = path.join(place.cwd, 'lens', 'one');
  const options = { directory, runId: 'one', world: 'ball', fields: [heat], chunkTicks: 100 };
  const recorder = await openRecorder(options);
  for (let tick = 0; tick <= 40; tick += 10) {
    const samples = { count: 8, values: new Float64Array(8).fill(tick), positions: null };
    const fields = new Map([['heat', samples]]);
    await recorder.append({ tick, simTimeSeconds: tick / 2, fields });
  }
  await recorder.close();
  return place;
}

const EVERY = [
  'lens info',
  'lens verify',
  'lens compact',
  'lens clear',
  'lens query heat --tick 1',
  'lens plot heat',
  'lens export lens -o x.csv',
];

test('where nothing was captured every command says that there is no ./lens, and how there would be one', async (t) => {
  const { cwd, run } = placeOf(t);
  for (const args of EVERY) {
    const ran = await run(args);
    assert.equal(ran.status, 10, args);
    assert.ok(ran.stderr.includes(`LENS_MISSING: There is no lens at ${cwd}/lens. `), ran.stderr);
    assert.match(ran.stderr, /Frames are captured by `stillpoint run … --lens-dir DIR`/);
  }
});

test('an empty directory has no frames, and a file of somebody else has none either', async (t) => {
  const { cwd, run } = placeOf(t);
  mkdirSync(path.join(cwd, 'lens'));
  writeFileSync(path.join(cwd, 'notes.txt'), 'mine');
  for (const args of [
    ...EVERY.filter((one) => !/compact|clear/.test(one)),
    'lens verify notes.txt',
    'lens info notes.txt',
    'lens sql select+1 --all',
  ]) {
    const ran = await run(args);
    assert.equal(ran.status, 1, args);
    assert.match(ran.stderr, /LENS_EMPTY: .* holds no frames/, args);
  }
  const compacted = await run('lens compact');
  assert.deepEqual([compacted.status, compacted.stderr], [0, 'There are no frames.\n']);
  assert.equal((await run('lens clear')).stdout, 'Nothing is to be deleted.\n');
});

test('who asks where no frame or sample is hears so, and where frames are', async (t) => {
  const { run } = await captured(t);
  const later = await run('lens query heat --ticks 500:600');
  assert.deepEqual([later.status, later.stdout], [0, '']);
  assert.equal(
    later.stderr,
    'No frame was captured there: the first is of tick 0 (0 s), the last of tick 40 (20 s).\n',
  );
  const between = await run('lens query heat --tick 10 --region 1:2,1:2');
  assert.deepEqual([between.status, between.stderr], [0, 'No sample lies there.\n']);
  const pruned = await run('lens prune --before 30');
  assert.equal(pruned.stdout, 'Nothing is to be deleted: no chunk lies wholly before tick 30.\n');
});
