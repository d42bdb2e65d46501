import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LensField } from '../contract.ts';
import type { MapLook, MapPlot } from './contract.ts';
import { layOut } from './draw/figure.ts';
import { lensPicture, lensRaster } from './index.ts';
import { MISSING, STEPS, tableOf } from './look/colours.ts';
import { globeProjection, mapProjection } from './place/projection.ts';
import { subjectOf } from './subject.ts';
import { decode, type Decoded } from './testing/pictures.ts';
import { lensOf, onSphere, plane, points, samplesOf, sphereField } from './testing/plotted-lens.ts';
import { cellsView } from './view/cells-view.ts';

const heat = sphereField();
const white = [255, 255, 255] as const;
const small = { sizePixels: { width: 420, height: 260 } } as const;
const last = { kind: 'map', when: 'last' } as const;

/** Whether a pixel has the colour of `value`, or of a step beside. */
function assertColour(
  pixel: readonly [number, number, number],
  value: number,
  [low, high]: readonly [number, number],
  colours: NonNullable<MapLook['colours']> = 'viridis',
): void {
  const table = tableOf(colours);
  const step = Math.floor(((value - low) / (high - low)) * STEPS);
  const near = [-1, 0, 1].map((more) => Math.min(STEPS - 1, Math.max(0, step + more)) * 3);
  assert.ok(
    near.some((at) => pixel.every((part, channel) => part === table[at + channel])),
    `${pixel.join()} is not the colour of ${value}`,
  );
}

/** Where a share of the plotted area is on the picture. */
function placeIn(
  field: LensField,
  look: Omit<MapLook, 'field'>,
  picture: Decoded,
): (across: number, down: number) => readonly [number, number, number] {
  const { area } = layOut(
    cellsView(subjectOf(field, look.component), { field: field.name, ...look }),
    look.sizePixels,
    field.name,
  );
  return (across, down) =>
    picture.at(
      Math.min(area.left + Math.floor(across * area.width), area.left + area.width - 1),
      Math.min(area.top + Math.floor(down * area.height), area.top + area.height - 1),
    );
}

test('a map has the colours of an analytic field, at the poles and over the date line too', async (t) => {
  const wave = (longitude: number, latitude: number): number =>
    latitude + 30 * Math.sin((longitude * Math.PI) / 180);
  const lens = await lensOf(t, [heat], { 5: [onSphere(heat, wave)] });
  const range = [-130, 130] as const;
  const plot: MapPlot = { ...last, field: 'heat', range };
  const { bytes, facts } = await lensPicture(lens, plot);
  const picture = await decode(bytes);
  assert.deepEqual([picture.width, picture.height], [facts.width, facts.height]);
  const pixel = placeIn(heat, { range }, picture);
  // Beside the lines of the graticule. What is between samples is less than half a step of colour away.
  for (const [longitude, latitude] of [
    [-100, 50],
    [-40, -45],
    [10, 10],
    [100, -70],
    [179.6, 20],
    [-179.6, 20],
    [179.6, -75],
    [-179.6, -75],
  ] as const)
    assertColour(
      pixel((longitude + 180) / 360, (90 - latitude) / 180),
      wave(longitude, latitude),
      range,
    );
  // The pole is the mean of the last ring, which is half a cell away from it: so much of that way is the middle of the first pixel.
  const rest = 90 / 400 / 2 / 2.5;
  for (const longitude of [-144, -36, 144]) {
    const away = 2 * rest * wave(longitude, 0);
    assertColour(pixel((longitude + 180) / 360, 0), 87.5 + away, range);
    assertColour(pixel((longitude + 180) / 360, 1), -87.5 + away, range);
  }
});

test('a globe shows what is under its centre, and nothing beside it', async (t) => {
  const lens = await lensOf(t, [heat], { 5: [onSphere(heat, (_, latitude) => latitude)] });
  for (const [centre, shown] of [
    [[40, 50], 50],
    [[180, -25], -25],
    [[0, 90], 87.5],
    [[60, -90], -87.5],
  ] as const) {
    const sizePixels = { width: 480, height: 430 };
    const look = { projection: 'sphere', centre, range: [-90, 90], sizePixels } as const;
    const { bytes } = await lensPicture(lens, { ...last, field: 'heat', ...look });
    const picture = await decode(bytes);
    const pixel = placeIn(heat, look, picture);
    // A little beside the middle, where lines may be; at a pole between two of them.
    const isPole = Math.abs(shown) > 80;
    assertColour(isPole ? pixel(0.519, 0.505) : pixel(0.47, 0.5), shown, look.range);
    for (const corner of [0.02, 0.98]) assert.deepEqual(pixel(corner, 0.02), white);
  }
  const globe = globeProjection([30, 40]);
  assert.deepEqual(
    globe.seen(30, 40)?.map((one) => one.toFixed(9)),
    ['0.500000000', '0.500000000'],
  );
  assert.equal(globe.seen(-150, -40), undefined);
});

test('a vector has its length in colours, and arrows that point where it goes', async (t) => {
  const wind = sphereField('wind', 18, [2]);
  const lens = await lensOf(t, [wind, plane], {
    5: [
      onSphere(wind, () => [3, 4]),
      samplesOf(
        Array.from({ length: 160 }, (_, at) => at % 2),
        80,
      ),
    ],
  });
  const length = await lensRaster(lens, { ...last, field: 'wind' }, { width: 8, height: 4 });
  assert.ok(length.values.every((value) => Math.abs(value - 5) < 1e-9));
  assert.equal(length.label, '|wind|');
  const north = await lensRaster(
    lens,
    { ...last, field: 'wind', component: 1 },
    { width: 8, height: 4 },
  );
  assert.ok(north.values.every((value) => Math.abs(value - 4) < 1e-9));
  assert.equal(north.label, 'wind[1]');
  // On a map north is up everywhere; on a globe it depends on where one is.
  assert.deepEqual(mapProjection().along(0.1, 0.9, 0.6, 0.8), [0.6, 0.8]);
  const round = (pair: readonly [number, number]): readonly number[] =>
    pair.map((one) => Math.round(one * 1e6) / 1e6);
  const globe = globeProjection([0, 0]);
  assert.deepEqual(round(globe.along(0.5, 0.5, 1, 0)), [1, 0]);
  assert.deepEqual(round(globe.along(0.5, 0.5, 0, 1)), [0, 1]);
  // Seen from above of the pole, north of the lower rim is up, and of the upper rim down.
  const above = globeProjection([0, 90]);
  assert.deepEqual(
    round(above.along(0.5, 0.9, 0, 1)),
    [0, 0.8 * 0.75].map((one) => (one === 0 ? 0 : 0.6)),
  );
  assert.equal(round(above.along(0.5, 0.1, 0, 1))[1], -0.6);
  // At the pole itself a vector has no direction, and no arrow is drawn.
  assert.deepEqual(above.along(0.5, 0.5, 1, 1), [0, 0]);
  assert.deepEqual(globeProjection([77, -90]).along(0.5, 0.5, 1, 0), [0, 0]);
  const whites: number[] = [];
  for (const component of [{}, { component: 0 }]) {
    const look = { ...component, sizePixels: { width: 500, height: 400 } };
    const picture = await decode(
      (await lensPicture(lens, { ...last, field: 'wind', ...look })).bytes,
    );
    const pixel = placeIn(wind, look, picture);
    const shares = Array.from({ length: 200 }, (_, at) => (at + 0.5) / 200);
    const all = shares.flatMap((down) => shares.map((across) => pixel(across, down)));
    whites.push(all.filter((one) => one.join() === white.join()).length);
  }
  assert.ok(whites[0]! > 50 && whites[1] === 0, whites.join());
});

test('a plane has x and y as its axes, the first row below', async (t) => {
  const lens = await lensOf(t, [plane], {
    5: [
      samplesOf(
        Array.from({ length: 160 }, (_, at) =>
          at % 2 === 0 ? (Math.floor(at / 2) % 10) + 0.5 : Math.floor(at / 20) + 0.5,
        ),
        80,
      ),
    ],
  });
  const plot: MapPlot = { ...last, field: plane.name, component: 1, range: [0, 8] };
  const picture = await decode((await lensPicture(lens, plot)).bytes);
  const pixel = placeIn(plane, plot, picture);
  for (const y of [0.3, 2, 5.5, 7.9]) assertColour(pixel(0.33, 1 - y / 8), y, [0, 8]);
  const raster = await lensRaster(lens, plot, { width: 20, height: 16 });
  assert.deepEqual([raster.width, raster.height], [20, 16]);
  assert.deepEqual(raster.extent, { x: [0, 10], y: [0, 8] });
  assert.ok(Math.abs(raster.values[0]! - 7.75) < 1e-9);
});

test('what is no number is grey and named; what is infinite or beyond has the last colour, and is counted', async (t) => {
  const lens = await lensOf(t, [heat], {
    5: [
      onSphere(heat, (longitude, latitude) => {
        if (latitude > 45) return Number.NaN;
        if (latitude < -45) return longitude < 0 ? Infinity : -Infinity;
        return latitude;
      }),
    ],
  });
  const plot: MapPlot = { ...last, field: 'heat' };
  const { bytes, facts } = await lensPicture(lens, plot);
  assert.deepEqual(facts.range, [-42.5, 42.5]);
  assert.deepEqual([facts.missing, facts.clamped], [9 * 72, { below: 9 * 36, above: 9 * 36 }]);
  const picture = await decode(bytes);
  const pixel = placeIn(heat, {}, picture);
  assert.deepEqual(pixel(0.3, 0.1), MISSING);
  assertColour(pixel(0.3, 0.9), Infinity, [0, 1]);
  const table = tableOf('viridis');
  assert.deepEqual(pixel(0.3, 0.9), [...table.subarray(765)]);
  assert.deepEqual(pixel(0.7, 0.9), [...table.subarray(0, 3)]);
  // The key of the legend, under the map.
  assert.deepEqual(picture.at(66, picture.height - 18), MISSING);
  const told = await lensPicture(lens, { ...plot, range: [0, 10] });
  assert.deepEqual(told.facts.clamped, { below: (9 + 9) * 36 + 9 * 36, above: 9 * 36 + 7 * 72 });
});

test('colours of two ends have white at zero', async (t) => {
  const lens = await lensOf(t, [heat], { 5: [onSphere(heat, (_, latitude) => latitude + 40)] });
  const look = { colours: 'rdbu', ...small } as const;
  const plot: MapPlot = { ...last, field: 'heat', ...look };
  const { bytes, facts } = await lensPicture(lens, plot);
  assert.deepEqual(facts.range, [-127.5, 127.5]);
  const pixel = placeIn(heat, look, await decode(bytes));
  assertColour(pixel(0.3, 130 / 180), 0, facts.range, 'rdbu');
  const [red, , blue] = pixel(0.3, 0.05);
  assert.ok(red > 100 && blue < 60);
});

test('points are dots where they are, seen along an axis; those of no value are grey', async (t) => {
  const lens = await lensOf(t, [points], {
    5: [samplesOf([1, 2, Number.NaN], 3, [0, 0, 7, 4, 1, 8, 2, 4, 9])],
    6: [samplesOf([], 0, [])],
  });
  const plot: MapPlot = { kind: 'map', field: 'drift', when: { tick: 5 } };
  const raster = await lensRaster(lens, plot, { width: 50, height: 50 });
  assert.equal(raster.inside.filter((one) => one === 1).length, 3);
  assert.deepEqual(raster.extent, { x: [-0.16, 4.16], y: [-0.16, 4.16] });
  // The first is on the left and below, the last above and in the middle.
  assert.equal(raster.values[48 * 50 + 1], 1);
  assert.equal(raster.inside[1 * 50 + 25], 1);
  const picture = await decode((await lensPicture(lens, plot)).bytes);
  const table = tableOf('viridis');
  for (const colour of [[...table.subarray(0, 3)], [...table.subarray(765)], MISSING])
    assert.ok(picture.has(colour as never), colour.join());
  const beside = await lensRaster(lens, { ...plot, axes: ['z', 'y'] }, { width: 9, height: 9 });
  assert.deepEqual(beside.extent?.x, [6.92, 9.08]);
  const none = await lensPicture(lens, { ...plot, when: { tick: 6 } });
  assert.deepEqual(none.facts.range, [0, 1]);
});

test('very many points are drawn too', async (t) => {
  const count = 30_000;
  const positions = Array.from({ length: count * 3 }, (_, at) => ((at * 7919) % 1000) / 10);
  const lens = await lensOf(t, [points], {
    5: [
      samplesOf(
        Array.from({ length: count }, (_, at) => at),
        count,
        positions,
      ),
    ],
  });
  const { bytes, facts } = await lensPicture(lens, { ...last, field: 'drift' });
  assert.deepEqual(facts.range, [0, count - 1]);
  assert.ok((await decode(bytes)).has([...tableOf('viridis').subarray(765)] as never));
});

test('the same plot gives the same bytes', async (t) => {
  const wind = sphereField('wind', 18, [2]);
  const lens = await lensOf(t, [wind], { 5: [onSphere(wind, (x, y) => [x, y])] });
  for (const projection of ['map', 'sphere'] as const) {
    const sizePixels = { width: 420, height: 360 };
    const plot: MapPlot = { ...last, field: 'wind', projection, sizePixels };
    const [one, other] = [await lensPicture(lens, plot), await lensPicture(lens, plot)];
    assert.deepEqual(one.bytes, other.bytes);
  }
});

test('values of nearly any size have colours', async (t) => {
  for (const [low, high] of [
    [-1.5e308, 1.5e308],
    [1e-310, 2e-310],
    [288, 288.000001],
    [7, 7],
    [0, 0],
  ] as const) {
    const lens = await lensOf(t, [heat], {
      5: [onSphere(heat, (_, latitude) => (latitude < 0 ? low : high))],
    });
    const { bytes, facts } = await lensPicture(lens, { ...last, field: 'heat', ...small });
    assert.ok(facts.range[0] < facts.range[1]);
    const pixel = placeIn(heat, small, await decode(bytes));
    if (low < high) assert.notDeepEqual(pixel(0.3, 0.1), pixel(0.3, 0.9), `${low} to ${high}`);
    else assert.deepEqual(pixel(0.3, 0.1), pixel(0.3, 0.9));
  }
});
