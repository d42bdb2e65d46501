import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directionsFrom } from '../ask/index.ts';
import type { SeriesPlot } from './contract.ts';
import { lensPicture, lensSeries } from './index.ts';
import { LINES } from './look/colours.ts';
import { createThinLine } from './series/thin-line.ts';
import { decode } from './testing/pictures.ts';
import { lensOf, onSphere, plane, samplesOf, sphereField } from './testing/plotted-lens.ts';

const heat = sphereField();
const wind = sphereField('wind', 18, [2]);
const frames = Object.fromEntries(
  [10, 20, 30, 40].map((tick) => [
    tick,
    [onSphere(heat, (_, latitude) => latitude + tick), onSphere(wind, () => [3 * tick, 4 * tick])],
  ]),
);

test('a line for each position, by the method of the field', async (t) => {
  const lens = await lensOf(t, [heat, wind], frames);
  const of = {
    positions: directionsFrom([
      [0, 40],
      [-70.5, -12],
      [3, 90],
    ]),
  };
  const plot: SeriesPlot = { kind: 'series', field: 'heat', ticks: { to: 30 }, of };
  const { lines, frames: told } = await lensSeries(lens, plot);
  assert.deepEqual(
    lines.map(({ name }) => name),
    ['40°N 0°', '12°S 70.5°W', '90°N'],
  );
  assert.deepEqual(
    lines.map(({ values }) => Array.from(values, (value) => value.toFixed(6))),
    [
      ['50.000000', '60.000000', '70.000000'],
      ['-2.000000', '8.000000', '18.000000'],
      ['97.500000', '107.500000', '117.500000'],
    ],
  );
  assert.deepEqual([...lines[0]!.timesSeconds], [20, 40, 60]);
  assert.deepEqual(told, {
    count: 3,
    first: { tick: 10, timeSeconds: 20 },
    last: { tick: 30, timeSeconds: 60 },
  });
  const { bytes, facts } = await lensPicture(lens, plot);
  const picture = await decode(bytes);
  for (const colour of LINES.slice(0, 3))
    assert.ok(
      picture.has([1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)) as never),
      colour,
    );
  assert.ok(facts.range[0] < -2 && facts.range[1] > 117);
});

test('names that would lie over each other stand in a legend, and colours that come again are broken lines', async (t) => {
  const lens = await lensOf(t, [heat, wind], frames);
  const ends = Array.from({ length: 9 }, (_, at): readonly [number, number] => [at * 10, at / 10]);
  const of = { positions: directionsFrom(ends) };
  const plot: SeriesPlot = { kind: 'series', field: 'heat', ticks: {}, of };
  const picture = await decode((await lensPicture(lens, plot)).bytes);
  // The keys of the first line, and of the eighth, which has its colour.
  const right = picture.width - 200;
  const keys = [0, 7].map((line) => {
    const row = Array.from({ length: 200 }, (_, at) => picture.at(right + at, 74 + line * 16));
    return row.filter((one) => one.join() === '0,114,178').length;
  });
  assert.ok(keys[0]! >= 17 && keys[1]! > 5 && keys[1]! < 16, keys.join());
});

test('statistics are those of the length of a vector, or of one component', async (t) => {
  const lens = await lensOf(t, [heat, wind], frames);
  const of = { statistics: ['min', 'mean', 'p95'] } as const;
  const length = await lensSeries(lens, { kind: 'series', field: 'wind', ticks: {}, of });
  assert.deepEqual(
    length.lines.map(({ name }) => name),
    ['min', 'mean', 'p95'],
  );
  for (const { values } of length.lines)
    assert.deepEqual(
      Array.from(values, (value) => Math.round(value * 1e6) / 1e6),
      [50, 100, 150, 200],
    );
  const one = await lensSeries(lens, {
    kind: 'series',
    field: 'wind',
    ticks: {},
    of,
    component: 1,
  });
  assert.deepEqual([...one.lines[0]!.values], [40, 80, 120, 160]);
  assert.deepEqual([one.label, one.lines[0]!.least, one.lines[0]!.last], ['wind[1]', 40, 160]);
});

test('what has no value is a gap; what is infinite is counted', async (t) => {
  const values = [1, Number.NaN, 3, Infinity, -Infinity, 2];
  const lens = await lensOf(
    t,
    [plane],
    Object.fromEntries(
      values.map((value, at) => [
        at,
        [
          samplesOf(
            Array.from({ length: 160 }, () => value),
            80,
          ),
        ],
      ]),
    ),
  );
  const of = { positions: Float64Array.of(5, 4, 0) };
  const plot: SeriesPlot = { kind: 'series', field: plane.name, ticks: {}, of, component: 0 };
  const series = await lensSeries(lens, plot);
  assert.deepEqual(
    [series.missing, series.clamped, series.range],
    [1, { below: 1, above: 1 }, [1, 3]],
  );
  assert.equal(series.lines[0]!.name, '5, 4');
  assert.equal((await lensPicture(lens, plot)).facts.type, 'image/png');
  const none = await lensPicture(lens, { ...plot, ticks: { from: 1, to: 3, every: 2 } });
  assert.equal(none.facts.missing, 1);
});

test('a line of very many points is thinned, and no peak is lost', () => {
  const line = createThinLine();
  const count = 200_000;
  for (let tick = 0; tick < count; tick += 1)
    line.add({
      tick,
      timeSeconds: tick,
      value: tick === 123_457 ? 99 : tick === 777 ? -99 : Math.sin(tick / 1000),
    });
  const points = line.points();
  assert.ok(points.length <= 32_768 && points.length > 10_000, String(points.length));
  assert.deepEqual(
    points.filter(({ value }) => Math.abs(value) > 1).map(({ tick }) => tick),
    [777, 123_457],
  );
  assert.ok(points.every(({ tick }, at) => at === 0 || tick > points[at - 1]!.tick));
  assert.equal(points[0]!.tick, 0);
  const gaps = createThinLine();
  for (let tick = 0; tick < 40_000; tick += 1)
    gaps.add({ tick, timeSeconds: 0, value: tick < 20_000 ? Number.NaN : 1 });
  assert.ok(gaps.points().some(({ value }) => Number.isNaN(value)));
});
