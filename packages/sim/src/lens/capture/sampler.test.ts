// What is sampled, and that whoever samples can change nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { startRun } from '../../runner/index.ts';
import { defineWorld } from '../../world/index.ts';
import type { World } from '../../world/contract.ts';
import { createSampler, lensFieldsOf } from './index.ts';

type Vandal = Record<string, Record<string, { members: Record<string, Float64Array> }>> & {
  readonly signals: Record<string, Float64Array>;
  readonly assets: Record<string, Uint8Array>;
  readonly parameters: Record<string, number>;
};

function pond(from: (w: Vandal) => Float64Array): World {
  return defineWorld({
    name: 'pond',
    parameters: { wind: { value: 2 } },
    signals: {
      depth: { shape: [2, 3], unit: 'm' },
      flow: { shape: [2, 3, 2] },
      list: { dtype: 'u8', shape: [4] },
      level: {},
    },
    entities: { duck: { capacity: 5, members: { place: { shape: [2] }, weight: {} } } },
    assets: { map: 'map.txt' },
    init({ current, entities: { duck } }) {
      current.depth.set([1, 2, 3, 4, 5, 6]);
      current.list.set([7, 8, 9, 10]);
      for (const x of [1, 2, 3]) duck.born({ place: [x, -x], weight: x / 10 });
    },
    strata: {
      all: {
        step({ current, parameters, entities: { duck } }) {
          for (let at = 0; at < 6; at += 1) current.depth[at]! += parameters.wind;
          current.level[0]! += 1;
          duck.current.place[0]! += 1;
        },
      },
    },
    fields: {
      depth: { unit: 'm', topology: { kind: 'grid', rows: 2, columns: 3 }, from: 'depth' },
      weight: { topology: { kind: 'points', positions: 'duck.place' }, from: 'duck.weight' },
      seen: { topology: { kind: 'points', positions: 'duck.place' }, from: from as never },
    },
  });
}

const threes = (): Float64Array => Float64Array.of(1, 2, 3);
const assets = { map: Uint8Array.of(1, 2, 3) };

test('fields show signals, members and functions, with their positions', () => {
  const run = startRun({ world: pond(threes), assets });
  const names = ['depth', 'weight', 'seen'];
  const sources = lensFieldsOf(run.world.ir, { names, signals: ['flow', 'list', 'level'] });
  assert.deepEqual(
    sources.map(({ field: { name, topology, components, reconstruction } }) => [
      name,
      topology,
      components,
      reconstruction,
    ]),
    [
      ['depth', { kind: 'grid', rows: 2, columns: 3 }, [], 'linear'],
      ['weight', { kind: 'points', positions: 'duck.place' }, [], 'idw'],
      ['seen', { kind: 'points', positions: 'duck.place' }, [], 'idw'],
      ['flow', { kind: 'grid', rows: 2, columns: 3 }, [2], 'linear'],
      ['list', { kind: 'grid', rows: 1, columns: 4 }, [], 'nearest'],
      ['level', { kind: 'grid', rows: 1, columns: 1 }, [], 'nearest'],
    ],
  );
  const sampler = createSampler(run.world, sources);
  run.step();
  const { tick, simTimeSeconds, fields } = sampler.sample(run.view());
  assert.deepEqual([tick, simTimeSeconds], [1, 1]);
  const plain = Object.fromEntries(
    [...fields].map(([name, { count, values, positions }]) => [
      name,
      [count, [...values], positions && [...positions]],
    ]),
  );
  assert.deepEqual(plain, {
    depth: [6, [3, 4, 5, 6, 7, 8], null],
    weight: [3, [0.1, 0.2, 0.3], [2, -1, 2, -2, 3, -3]],
    seen: [3, [1, 2, 3], [2, -1, 2, -2, 3, -3]],
    flow: [6, Array.from({ length: 12 }, () => 0), null],
    list: [4, [7, 8, 9, 10], null],
    level: [1, [1], null],
  });
});

test('a field that writes into what it sees changes nothing of the run', () => {
  const vandal = (w: Vandal): Float64Array => {
    const { signals, parameters, assets: files } = w;
    signals['depth']!.fill(-1);
    w['entities']!['duck']!.members['place']!.fill(99);
    (w['entities']!['duck'] as unknown as { ids: Uint32Array }).ids.fill(7);
    files['map']!.fill(0);
    assert.throws(() => (parameters['wind'] = 1000), TypeError);
    assert.throws(() => (signals['depth'] = new Float64Array(6)), TypeError);
    return threes();
  };
  const straight = startRun({ world: pond(threes), assets });
  const watched = startRun({ world: pond(vandal), assets });
  const sampler = createSampler(watched.world, lensFieldsOf(watched.world.ir, {}));
  for (let tick = 1; tick <= 20; tick += 1) {
    straight.step();
    watched.step();
    sampler.sample(watched.view());
    assert.equal(watched.stateHash(), straight.stateHash());
  }
  assert.deepEqual(assets.map, Uint8Array.of(1, 2, 3));
});

test('a function sees each state as it is, though it wrote over the one before', () => {
  const seen: number[] = [];
  const spoiler = (w: Vandal): Float64Array => {
    seen.push(w.signals['level']![0]!);
    w.signals['level']!.fill(-1);
    return threes();
  };
  const run = startRun({ world: pond(spoiler), assets });
  const sampler = createSampler(run.world, lensFieldsOf(run.world.ir, { names: ['seen'] }));
  for (let tick = 1; tick <= 3; tick += 1) {
    run.step();
    sampler.sample(run.view());
  }
  assert.deepEqual(seen, [1, 2, 3]);
});

test('what cannot be captured is refused by name', () => {
  const { ir } = pond(threes);
  for (const asked of [{ names: ['heat'] }, { signals: ['heat'] }])
    assert.throws(
      () => lensFieldsOf(ir, asked),
      (error) => isFailure(error, 'LENS_FIELD_UNKNOWN') && /depth/.test(error.message),
    );
  assert.throws(
    () => lensFieldsOf(ir, { names: ['depth'], signals: ['depth'] }),
    (error) => isFailure(error, 'LENS_FIELD_TWICE'),
  );
  for (const from of [
    () => Float64Array.of(1),
    () => undefined as never,
    () => {
      throw new RangeError('no');
    },
  ]) {
    const run = startRun({ world: pond(from), assets });
    const sampler = createSampler(run.world, lensFieldsOf(ir, { names: ['seen'] }));
    assert.throws(
      () => sampler.sample(run.view()),
      (error) => isFailure(error, 'LENS_FIELD_FAILED'),
    );
  }
});
