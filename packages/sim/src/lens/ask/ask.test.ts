import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { directoryPlace, openLens, type Lens } from '../read/index.ts';
import {
  drift,
  frameAt,
  heat,
  temporaryDirectory,
  wind,
  writeLens,
} from '../testing/small-lens.ts';
import {
  degreesOf,
  directionsFrom,
  pathBetween,
  queryLens,
  type LensAnswer,
  type LensQuery,
} from './index.ts';
import { statisticsOf } from './statistics.ts';

async function lensOf(t: TestContext): Promise<Lens> {
  const lens = await openLens(directoryPlace(await writeLens(temporaryDirectory(t), 'run')));
  t.after(() => lens[Symbol.asyncDispose]());
  return lens;
}

async function answers(lens: Lens, query: LensQuery): Promise<readonly LensAnswer[]> {
  return await Array.fromAsync(queryLens(lens, query));
}

function close(actual: number, expected: number, what = ''): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${what} ${actual} is not ${expected}`);
}

test('every sample of a tick, of fields that stay and of one that moves', async (t) => {
  const lens = await lensOf(t);
  for (const field of [heat, wind, drift]) {
    const [answer, ...more] = await answers(lens, { field: field.name, when: { tick: 150 } });
    const expected = frameAt(150).fields.get(field.name)!;
    assert.deepEqual(more, []);
    assert.deepEqual([answer?.tick, answer?.timeSeconds], [150, 9000]);
    assert.deepEqual(answer?.values, expected.values, field.name);
    assert.equal(answer?.count, expected.count);
    if (field === drift) assert.deepEqual(answer?.positions, expected.positions);
  }
});

test('frames are chosen by tick, ticks, time and times', async (t) => {
  const lens = await lensOf(t);
  const ticksOf = async (when: LensQuery['when']): Promise<readonly number[]> =>
    (await answers(lens, { field: 'drift', when })).map(({ tick }) => tick);
  assert.deepEqual(await ticksOf({ tick: 154 }), [150]);
  assert.deepEqual(await ticksOf({ ticks: { from: 95, to: 305, every: 8 } }), [100, 180, 260]);
  assert.deepEqual(await ticksOf({ timeSeconds: 9200 }), [150]);
  assert.deepEqual(await ticksOf({ timeSeconds: 9301 }), [160]);
  assert.deepEqual(await ticksOf({ timeSeconds: 1e9 }), [350]);
  assert.deepEqual(await ticksOf({ timesSeconds: { from: 5400, to: 6600 } }), [90, 100, 110]);
  assert.deepEqual(await ticksOf({ timesSeconds: { from: 5401, to: 5402 } }), []);
  await assert.rejects(ticksOf({ tick: 154, exact: true }), { code: 'LENS_TICK_MISSING' });
  await assert.rejects(answers(lens, { field: 'mood', when: { tick: 1 } }), {
    code: 'LENS_FIELD_UNKNOWN',
  });
});

test('values at positions over many frames are those of the field, also at the poles and over the date line', async (t) => {
  const lens = await lensOf(t);
  const places = [
    [0, 0],
    [180, 40],
    [-179, -61.2],
    [33, 85],
  ] as const;
  const what = { kind: 'positions', positions: directionsFrom(places) } as const;
  const series = await answers(lens, { field: 'heat', when: { ticks: {} }, what });
  assert.equal(series.length, 35);
  for (const { tick, values } of series)
    for (const [at, [, latitude]] of places.entries()) close(values[at]!, latitude + tick);
  const pole = { kind: 'positions', positions: Float64Array.of(0, 0, 1) } as const;
  const [atPole] = await answers(lens, { field: 'heat', when: { tick: 10 }, what: pole });
  close(atPole!.values[0]!, 87.5 + 10);
  const plane = { kind: 'positions', positions: Float64Array.of(3.3, 4.4, 0) } as const;
  for (const { tick, values } of await answers(lens, {
    field: wind.name,
    when: { ticks: { from: 100, to: 200 } },
    what: plane,
  })) {
    close(values[0]!, 3.3 * tick);
    close(values[1]!, 4.4 * tick);
  }
  const outside = { kind: 'positions', positions: Float64Array.of(11, 0, 0) } as const;
  await assert.rejects(answers(lens, { field: wind.name, when: { tick: 10 }, what: outside }), {
    code: 'LENS_POSITION_OUTSIDE',
  });
});

test('samples that move are found where they are in each frame', async (t) => {
  const lens = await lensOf(t);
  const what = { kind: 'positions', positions: Float64Array.of(5, 6, 7) } as const;
  for (const { tick, values } of await answers(lens, {
    field: 'drift',
    when: { ticks: {} },
    what,
  })) {
    const { values: samples, positions } = frameAt(tick).fields.get('drift')!;
    const away = Array.from(samples, (_, at) => Math.abs(positions![at * 3]! - 5));
    const nearest = away.indexOf(Math.min(...away));
    assert.ok(Object.is(values[0], samples[nearest]), `tick ${tick}`);
  }
});

test('a region has the samples inside, on a sphere over the date line, too', async (t) => {
  const lens = await lensOf(t);
  const region = { x: [2, 4], y: [0, 2] } as const;
  const [inPlane] = await answers(lens, {
    field: wind.name,
    when: { tick: 10 },
    what: { kind: 'samples', region },
  });
  assert.deepEqual([...inPlane!.samples!], [2, 3, 12, 13]);
  assert.deepEqual([...inPlane!.values], [25, 5, 35, 5, 25, 15, 35, 15]);
  for (const [x, columns] of [
    [
      [170, -170],
      [0, 1, 70, 71],
    ],
    [
      [170, 190],
      [0, 1, 70, 71],
    ],
    [
      [-5, 5],
      [35, 36],
    ],
    [[-180, 180], Array.from({ length: 72 }, (_, at) => at)],
  ] as const) {
    const [onSphere] = await answers(lens, {
      field: 'heat',
      when: { tick: 10 },
      what: { kind: 'samples', region: { x, y: [0, 5] } },
    });
    assert.deepEqual(
      [...onSphere!.samples!].map((sample) => [Math.floor(sample / 72), sample % 72]),
      columns.map((column) => [18, column]),
      String(x),
    );
  }
});

test('a latitude beyond a pole is refused: at positions, along a path, of a region; longitudes go round', async (t) => {
  const lens = await lensOf(t);
  const refused = { code: 'LENS_LATITUDE_INVALID' };
  for (const latitude of [95, -90.001, Number.NaN, Infinity])
    assert.throws(
      () =>
        directionsFrom([
          [0, 0],
          [200, latitude],
        ]),
      refused,
    );
  for (const y of [
    [80, 91],
    [-95, 0],
  ] as const)
    for (const kind of ['samples', 'statistics'] as const) {
      const what = { kind, region: { x: [0, 10], y }, statistics: ['mean'] } as const;
      await assert.rejects(answers(lens, { field: 'heat', when: { tick: 10 }, what }), refused);
    }
  const [there, around] = [
    [-170, 30],
    [550, 30],
  ] as const;
  const positions = directionsFrom([there, around]);
  const what = { kind: 'positions', positions } as const;
  const [{ values } = { values: [] }] = await answers(lens, {
    field: 'heat',
    when: { tick: 10 },
    what,
  });
  close(values[0]!, values[1]!);
  // On a plane y is no latitude.
  const region = { x: [0, 10], y: [-95, 95] } as const;
  const plane = {
    field: wind.name,
    when: { tick: 10 },
    what: { kind: 'samples', region },
  } as const;
  assert.equal((await answers(lens, plane))[0]!.count, 80);
});

test('degrees have the digits that are meant, and lead back to the same sample', async (t) => {
  const lens = await lensOf(t);
  const [whole] = await answers(lens, { field: 'heat', when: { tick: 10 } });
  const { positions, values } = whole!;
  for (let at = 0; at < 36 * 72; at += 1) {
    const [longitude, latitude] = degreesOf(positions!, at);
    assert.deepEqual(
      [longitude, latitude],
      [(at % 72) * 5 - 177.5, Math.floor(at / 72) * 5 - 87.5],
    );
  }
  const back = directionsFrom(Array.from(values, (_, at) => degreesOf(positions!, at)));
  const what = { kind: 'positions', positions: back, method: 'nearest' } as const;
  const [again] = await answers(lens, { field: 'heat', when: { tick: 10 }, what });
  assert.deepEqual(again!.values, values);
  // A region whose edges are centres of cells has those cells.
  const region = { x: [-177.5, -172.5], y: [42.5, 47.5] } as const;
  const [inside] = await answers(lens, {
    field: 'heat',
    when: { tick: 10 },
    what: { kind: 'samples', region },
  });
  assert.deepEqual([...inside!.samples!], [1872, 1873, 1944, 1945]);
});

test('statistics leave out what is missing, and count it', async (t) => {
  const lens = await lensOf(t);
  const statistics = ['min', 'max', 'mean', 'std', 'sum', 'count', 'missing', 'p50'] as const;
  const [still] = await answers(lens, {
    field: 'heat',
    when: { tick: 10 },
    what: { kind: 'statistics', statistics },
  });
  const [min, max, mean, std, , count, missing, median] = still!.values;
  assert.deepEqual([min, max, count, missing], [-77.5, 97.5, 2592, 0]);
  for (const [actual, expected] of [
    [mean, 10],
    [median, 10],
    [std, 5 * Math.sqrt((36 ** 2 - 1) / 12)],
  ] as const)
    close(actual!, expected);
  const [moving] = await answers(lens, {
    field: 'drift',
    when: { tick: 60 },
    what: { kind: 'statistics', statistics },
  });
  assert.deepEqual([...moving!.values], [60, 61, 60.5, 0.5, 121, 2, 1, 60.5]);
  assert.deepEqual(
    [...statisticsOf(['min', 'mean', 'sum', 'count', 'p95'], new Float64Array(), 1, null)],
    [Number.NaN, Number.NaN, 0, 0, Number.NaN],
  );
});

test('percentiles lie between samples, sums lose nothing, and what is infinite stays so', () => {
  const values = Float64Array.of(4, 1, 3, 2);
  assert.deepEqual(
    [...statisticsOf(['p0', 'p25', 'p50', 'p100'], values, 1, null)],
    [1, 1.75, 2.5, 4],
  );
  assert.deepEqual([...statisticsOf(['sum'], Float64Array.of(1, 1e100, 1, -1e100), 1, null)], [2]);
  const infinite = Float64Array.of(Infinity, Infinity, 1);
  assert.deepEqual(
    [...statisticsOf(['max', 'mean', 'p100', 'p75'], infinite, 1, null)],
    [Infinity, Infinity, Infinity, Infinity],
  );
});

test('a path is straight in a plane, and on a sphere the great circle, over a pole where it has to be', () => {
  const straight = pathBetween(wind, Float64Array.of(0, 0, 0, 4, 0, 0, 4, 4, 0), 5);
  assert.deepEqual([...straight], [0, 0, 0, 2, 0, 0, 4, 0, 0, 4, 2, 0, 4, 4, 0]);
  const circle = pathBetween(heat, Float64Array.of(1, 0, 0, 0, 1, 0), 3);
  close(circle[3]!, Math.SQRT1_2);
  close(circle[4]!, Math.SQRT1_2);
  const opposite = pathBetween(heat, Float64Array.of(1, 0, 0, -1, 0, 0), 3);
  close(opposite[5]!, 1);
  const still = pathBetween(wind, Float64Array.of(1, 1, 0, 1, 1, 0), 2);
  assert.deepEqual([...still], [1, 1, 0, 1, 1, 0]);
  for (const corners of [
    directionsFrom([
      [179, 10],
      [-179, 10],
    ]),
    Float64Array.of(0, 0, 1, 0, 0, -1),
  ])
    for (let at = 0, all = pathBetween(heat, corners, 7); at < 7; at += 1)
      close(Math.hypot(all[at * 3]!, all[at * 3 + 1]!, all[at * 3 + 2]!), 1);
});
