import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../testing/small-lens.ts';
import { lensPicture, plotLens } from './index.ts';
import { lensOf, onSphere, plane, points, samplesOf, sphereField } from './testing/plotted-lens.ts';

const heat = sphereField('heat', 6);
const at5 = [
  onSphere(heat, (longitude) => longitude),
  samplesOf(
    Array.from({ length: 160 }, (_, at) => at),
    80,
  ),
  samplesOf([1, 2], 2, [0, 0, 0, 1, 1, 1]),
];
const map = { kind: 'map', field: 'heat', when: { tick: 5 } } as const;

test('what does not fit is refused before anything is drawn', async (t) => {
  const lens = await lensOf(t, [heat, plane, points], { 5: at5, 7: at5 });
  const of = { statistics: ['mean'] } as const;
  for (const [plot, code] of [
    [{ ...map, field: 'mood' }, 'LENS_FIELD_UNKNOWN'],
    [{ ...map, component: 1 }, 'LENS_PLOT_COMPONENT'],
    [{ ...map, field: plane.name, component: 2 }, 'LENS_PLOT_COMPONENT'],
    [{ ...map, field: plane.name, component: 0.5 }, 'LENS_PLOT_COMPONENT'],
    [{ ...map, field: plane.name, projection: 'sphere' }, 'LENS_PLOT_UNFIT'],
    [{ ...map, centre: [0, 0] }, 'LENS_PLOT_UNFIT'],
    [{ ...map, projection: 'sphere', centre: [0, 91] }, 'LENS_PLOT_UNFIT'],
    [{ ...map, axes: ['x', 'z'] }, 'LENS_PLOT_UNFIT'],
    [{ ...map, field: 'drift', axes: ['x', 'x'] }, 'LENS_PLOT_UNFIT'],
    [{ ...map, range: [2, 2] }, 'LENS_PLOT_UNFIT'],
    [{ ...map, range: [0, Number.NaN] }, 'LENS_PLOT_UNFIT'],
    [{ ...map, sizePixels: { width: 100, height: 400 } }, 'LENS_PLOT_UNFIT'],
    [{ ...map, sizePixels: { width: 4096, height: 4096 } }, 'LENS_PLOT_UNFIT'],
    [{ ...map, field: plane.name, sizePixels: { width: 230, height: 300 } }, 'LENS_PLOT_UNFIT'],
    [{ ...map, when: { tick: 6, exact: true } }, 'LENS_TICK_MISSING'],
    [{ kind: 'series', field: 'heat', ticks: { from: 6 }, of }, 'LENS_PLOT_NO_FRAMES'],
    [
      {
        kind: 'series',
        field: plane.name,
        ticks: {},
        of: { positions: Float64Array.of(99, 0, 0) },
      },
      'LENS_POSITION_OUTSIDE',
    ],
  ] as const)
    await assert.rejects(lensPicture(lens, plot), { code }, `${code} ${JSON.stringify(plot)}`);
});

test('a picture takes no name that is taken, and leaves nothing where it cannot be written', async (t) => {
  const lens = await lensOf(t, [heat, plane, points], { 5: at5, 7: at5 });
  const directory = temporaryDirectory(t);
  const file = path.join(directory, 'there.png');
  writeFileSync(file, 'mine');
  mkdirSync(path.join(directory, 'taken.png'));
  const animation = { kind: 'animation', field: 'heat', ticks: {} } as const;
  for (const [plot, name, code] of [
    [map, 'there.png', 'LENS_PLOT_EXISTS'],
    [map, 'taken.png', 'LENS_PLOT_EXISTS'],
    [map, 'absent/new.png', 'LENS_PLOT_UNWRITABLE'],
    [map, 'there.png/new.png', 'LENS_PLOT_UNWRITABLE'],
    [map, `${'x'.repeat(250)}.png`, 'LENS_PLOT_UNWRITABLE'],
    [map, 'new.gif', 'LENS_PLOT_NAME'],
    [map, 'new.jpg', 'LENS_PLOT_NAME'],
    [map, 'new', 'LENS_PLOT_NAME'],
    [animation, 'new.webp', 'LENS_PLOT_NAME'],
    [{ ...animation, ticks: { from: 6 } }, 'new.png', 'LENS_PLOT_NO_FRAMES'],
    [{ ...animation, ticks: { from: 100 } }, 'new.gif', 'LENS_PLOT_NO_FRAMES'],
    [{ ...animation, field: 'mood' }, 'new.gif', 'LENS_FIELD_UNKNOWN'],
  ] as const)
    await assert.rejects(
      plotLens(lens, plot, path.join(directory, name)),
      { code },
      `${code} ${name.slice(0, 20)}`,
    );
  assert.equal(readFileSync(file, 'utf8'), 'mine');
  assert.deepEqual(readdirSync(directory).toSorted(), ['taken.png', 'there.png']);
});

test(
  'a directory that may not be written to is told as such',
  { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false },
  async (t) => {
    const lens = await lensOf(t, [heat, plane, points], { 5: at5 });
    const directory = temporaryDirectory(t);
    chmodSync(directory, 0o555);
    await assert.rejects(plotLens(lens, map, path.join(directory, 'new.png')), {
      code: 'LENS_PLOT_UNWRITABLE',
    });
  },
);
