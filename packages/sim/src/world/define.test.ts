import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalJson, isFailure } from '@stillpoint/core';
import { defineWorld, describeWorld, parametersOf } from './index.ts';
import type { AnyDefinition, World } from './contract.ts';

const step = (): void => {};
const strata = { s: { step } };

/** As JavaScript would call it. */
function define(definition: object): World {
  return defineWorld({ name: 'tried', strata, ...definition } as AnyDefinition);
}

/** The path and the reason that are said of a definition. */
function refused(definition: object): string {
  let said = 'nothing';
  assert.throws(
    () => define(definition),
    (error) => {
      assert.ok(isFailure(error, 'WORLD_INVALID'), String(error));
      assert.match(String(error.data['definedAt']), /define\.test\.ts:\d+$/);
      said = `${error.data['path']} ${error.data['reason']}`;
      return true;
    },
  );
  return said;
}

test('an error names the file and the line of the call, and the path inside of the definition', () => {
  const here = Number(/define\.test\.ts:(\d+)/.exec(new Error('here').stack ?? '')?.[1]);
  assert.throws(
    () => defineWorld({ name: 'placed', strata: { weather: { every: 0, step } } }),
    (error) => {
      assert.ok(isFailure(error, 'WORLD_INVALID'));
      const place = `${import.meta.filename}:${here + 2}`;
      const reason = 'strata.weather.every has to be a whole number from 1 to 2147483648';
      assert.equal(error.message, `The world that ${place} defines is not valid: ${reason}.`);
      return true;
    },
  );
});

test('what a definition may not hold is refused with its path', () => {
  const cases: readonly (readonly [definition: object, said: RegExp])[] = [
    [{ name: '' }, /^name has to be a name/],
    [{ name: 'a/b' }, /^name has to be a name/],
    [{ name: '../up' }, /^name has to be a name/],
    [{ name: 3 }, /^name has to be a text/],
    [{ colour: 'red' }, /^colour is not known here/],
    [{ signals: { '7': {} } }, /^signals\["7"\] is a name that looks like an integer/],
    [{ signals: { '007': {} } }, /looks like an integer/],
    [{ signals: { '': {} } }, /is an empty name/],
    [{ signals: { ' a': {} } }, /white space/],
    [{ signals: { 'a/b': {} } }, /is a name with @/],
    [{ signals: { '@clock': {} } }, /is a name with @/],
    [{ signals: { 'a\u200Bb': {} } }, /invisible/],
    [{ signals: { 'a\uD800': {} } }, /half a character/],
    [{ signals: { ['x'.repeat(201)]: {} } }, /more than 200 bytes/],
    [{ signals: JSON.parse('{ "__proto__": {} }') as object }, /objects keep for themselves/],
    // Written in a literal it makes no key at all.
    [{ signals: { __proto__: { shape: [3] } } }, /^signals has to be an object of names/],
    [{ signals: [{}] }, /^signals has to be an object of names/],
    [{ signals: { a: { shap: [3] } } }, /^signals\.a\.shap is not known here/],
    [{ signals: { a: { dtype: 'f16' } } }, /^signals\.a\.dtype has to be one of f64, f32/],
    [{ signals: { a: { dtype: 'toString' } } }, /^signals\.a\.dtype has to be one of/],
    [{ signals: { a: { shape: 3 } } }, /^signals\.a\.shape has to be an array/],
    [{ signals: { a: { shape: [2, 0] } } }, /^signals\.a\.shape\[1\] has to be a whole number/],
    [{ signals: { a: { shape: [1.5] } } }, /^signals\.a\.shape\[0\]/],
    [{ signals: { a: { shape: [65536, 65536] } } }, /^signals\.a\.shape has more than/],
    [{ signals: { a: { shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] } } }, /more than 8 dimensions/],
    [{ signals: { a: { unit: 3 } } }, /^signals\.a\.unit has to be a text/],
    [{ entities: { e: { capacity: 0, members: {} } } }, /^entities\.e\.capacity/],
    [{ entities: { e: { capacity: 2 ** 32, members: {} } } }, /^entities\.e\.capacity/],
    [{ entities: { e: { capacity: 3 } } }, /^entities\.e\.members/],
    [
      { entities: { e: { capacity: 2 ** 20, members: { m: { shape: [2 ** 20] } } } } },
      /^entities\.e\.members\.m has more than/,
    ],
    [{ parameters: { p: { value: Number.NaN } } }, /^parameters\.p\.value has to be a finite/],
    [{ parameters: { p: {} } }, /^parameters\.p\.value has to be a finite number/],
    [
      { parameters: { p: { value: 3, maximum: 2 } } },
      /^parameters\.p\.value is above its maximum, 2/,
    ],
    [
      { parameters: { p: { value: 1, minimum: 2 } } },
      /^parameters\.p\.value is below its minimum, 2/,
    ],
    [
      { parameters: { p: { value: 1, minimum: 2, maximum: 1 } } },
      /^parameters\.p\.minimum is above the maximum/,
    ],
    [{ strata: {} }, /^strata has no stratum/],
    [{ strata: { s: {} } }, /^strata\.s\.step has to be a function/],
    [
      { strata: { s: { step, rewrites: ['b'] } } },
      /^strata\.s\.rewrites\[0\] names b, which is no/,
    ],
    [
      { signals: { a: {} }, strata: { s: { step, rewrites: ['a', 'a'] } } },
      /^strata\.s\.rewrites\[1\] names a, which the stratum s rewrites already/,
    ],
    [
      {
        signals: { a: {} },
        strata: { s: { step, rewrites: ['a'] }, t: { step, rewrites: ['a'] } },
      },
      /^strata\.t\.rewrites\[0\] names a, which the stratum s rewrites already/,
    ],
    [{ eras: { e: {} } }, /^eras\.e\.dtSeconds has to be a finite number/],
    [{ eras: { e: { dtSeconds: 0 } } }, /^eras\.e\.dtSeconds has to be above 0/],
    [
      { eras: { e: { dtSeconds: 1, strata: { t: 'gated' } } } },
      /^eras\.e\.strata\.t is no stratum/,
    ],
    [{ eras: { e: { dtSeconds: 1, strata: { s: 'off' } } } }, /^eras\.e\.strata\.s has to be/],
    [{ eras: { e: { dtSeconds: 1, strata: { s: { every: 0 } } } } }, /^eras\.e\.strata\.s\.every/],
    [
      { eras: { e: { dtSeconds: 1, next: [{ to: 'f', when: step }] } } },
      /^eras\.e\.next\[0\]\.to names f, which is no era/,
    ],
    [{ eras: { e: { dtSeconds: 1, next: [{ to: 'e' }] } } }, /^eras\.e\.next\[0\]\.when has to be/],
    [{ init: 3 }, /^init has to be a function/],
    [{ assets: { a: '../secret' } }, /^assets\.a leaves the directory/],
    [{ assets: { a: 'maps/../../secret' } }, /^assets\.a leaves the directory/],
    [{ assets: { a: '/etc/passwd' } }, /^assets\.a leaves the directory/],
    [{ assets: { a: 'C:/x' } }, /^assets\.a leaves the directory/],
    [{ assets: { a: 'maps\\x' } }, /^assets\.a has to be a path/],
    [{ assets: { a: '' } }, /^assets\.a has to be a path/],
  ];
  for (const [definition, said] of cases) assert.match(refused(definition), said);
  assert.throws(
    () => defineWorld(undefined as unknown as AnyDefinition),
    /the definition has to be/,
  );
});

test('fields that do not fit what they show are refused', () => {
  const arrays = {
    signals: { grid: { shape: [4, 6] } },
    entities: {
      ship: { capacity: 3, members: { place: { shape: [2] }, mass: {} } },
      tree: { capacity: 3, members: { height: {} } },
    },
  };
  const field = (given: object): object => ({ ...arrays, fields: { f: given } });
  const grid = { kind: 'grid', rows: 4, columns: 6 };
  const points = { kind: 'points', positions: 'ship.place' };
  define(field({ topology: grid, from: 'grid' }));
  define(field({
    topology: {
      ...grid,
      extent: [
        [0, 1],
        [0, 2],
      ],
    },
    from: step,
  }));
  define(field({ topology: points, from: 'ship.mass' }));
  define(field({ topology: points, from: 'ship.place', shape: [2] }));
  const cases: readonly (readonly [field: object, said: RegExp])[] = [
    [{ topology: grid, from: 'grd' }, /^fields\.f\.from names grd, which is no signal or member/],
    [{ topology: grid }, /^fields\.f\.from has to be a function/],
    [{ from: 'grid' }, /^fields\.f\.topology has to be an object/],
    [{ topology: { kind: 'cube' }, from: 'grid' }, /^fields\.f\.topology\.kind/],
    [{ topology: { kind: 'grid', rows: 4 }, from: 'grid' }, /^fields\.f\.topology\.columns/],
    [
      { topology: { ...grid, rows: 5 }, from: 'grid' },
      /^fields\.f\.from has 24 elements, and the topology asks for 30/,
    ],
    [{ topology: grid, from: 'ship.mass' }, /^fields\.f\.from has 1 elements/],
    [{ topology: { ...grid, extent: [[0, 1]] }, from: 'grid' }, /^fields\.f\.topology\.extent/],
    [
      { topology: { kind: 'points', positions: 'grid' }, from: 'ship.mass' },
      /positions names grid, which is no member/,
    ],
    [{ topology: points, from: 'tree.height' }, /^fields\.f\.from is not of the entity/],
    [
      { topology: points, from: 'ship.place' },
      /^fields\.f\.shape has 1 components, and a member has 2/,
    ],
    [{ topology: grid, from: 'grid', reconstruction: 'cubic' }, /^fields\.f\.reconstruction/],
  ];
  for (const [given, said] of cases) assert.match(refused(field(given)), said);
});

test('two names for one thing are refused', () => {
  const cases: readonly (readonly [definition: object, path: string, other: string])[] = [
    [{ signals: { 'h\u00F6he': {}, 'ho\u0308he': {} } }, 'signals.ho\u0308he', 'signals.h\u00F6he'],
    [
      {
        signals: { 'ship.mass': {} },
        entities: { ship: { capacity: 1, members: { mass: {} } } },
      },
      'entities.ship.members.mass',
      'signals.ship.mass',
    ],
    [
      {
        entities: {
          a: { capacity: 1, members: { 'b.c': {} } },
          'a.b': { capacity: 1, members: { c: {} } },
        },
      },
      'entities.a.b.members.c',
      'entities.a.members.b.c',
    ],
  ];
  for (const [definition, path, other] of cases)
    assert.throws(
      () => define(definition),
      (error) => {
        assert.ok(isFailure(error, 'WORLD_NAME_TAKEN'));
        assert.deepEqual([error.data['path'], error.data['other']], [path, other]);
        return true;
      },
    );
});

test('names may have dots, letters of any script, and words of JavaScript', () => {
  const names = ['atmosphere.temperature', 'größe', '压力', 'constructor', 'a b', '-', 'x1'];
  const { ir } = define({ signals: Object.fromEntries(names.map((name) => [name, {}])) });
  assert.deepEqual(
    ir.signals.map((signal) => signal.name),
    names,
  );
});

test('the canonical form writes every default out, in declared order, and forgets what is for people', () => {
  const { ir } = define({
    signals: { b: { note: 'for people' }, a: { dtype: 'i8', shape: [2], unit: 'K' } },
    assets: { map: './maps/../maps/x.bin' },
  });
  assert.deepEqual(ir, {
    version: 1,
    name: 'tried',
    parameters: [],
    signals: [
      { name: 'b', dtype: 'f64', shape: [], unit: '' },
      { name: 'a', dtype: 'i8', shape: [2], unit: 'K' },
    ],
    entities: [],
    strata: [{ name: 's', every: 1, rewrites: [] }],
    eras: [{ name: 'world', dtSeconds: 1, strata: {}, next: [] }],
    fields: [],
    assets: [{ name: 'map', path: 'maps/x.bin' }],
  });
  const explicit = define({
    parameters: {},
    signals: {
      b: { dtype: 'f64', shape: [], unit: '' },
      a: { unit: 'K', shape: [2], dtype: 'i8' },
    },
    entities: {},
    assets: { map: 'maps/x.bin' },
    strata: { s: { step, every: 1, rewrites: [] } },
    eras: { world: { dtSeconds: 1, strata: { s: 'active' }, next: [] } },
  });
  assert.equal(canonicalJson(explicit.ir), canonicalJson(ir));
  const other = define({ signals: { a: { dtype: 'i8', shape: [2], unit: 'K' }, b: {} } });
  assert.notEqual(canonicalJson(other.ir.signals), canonicalJson(ir.signals), 'the order counts');
});

test('a world cannot be changed after it was checked', () => {
  const definition = { signals: { a: { shape: [3] } } };
  const { ir } = define(definition);
  definition.signals.a.shape[0] = 900;
  assert.deepEqual(ir.signals[0]?.shape, [3]);
  assert.throws(() => Object.assign(ir.signals[0]?.shape ?? [], [4]), TypeError);
});

test('parameters of a run are those of the world, but for what was asked for inside of the bounds', () => {
  const { ir } = define({
    parameters: { rate: { value: 0.5, minimum: 0, maximum: 1 }, 'wind.speed': { value: 3 } },
  });
  assert.deepEqual(parametersOf(ir), { rate: 0.5, 'wind.speed': 3 });
  assert.deepEqual(parametersOf(ir, { 'wind.speed': -9 }), { rate: 0.5, 'wind.speed': -9 });
  for (const rate of [-0.1, 1.1, Number.NaN, Infinity])
    assert.throws(
      () => parametersOf(ir, { rate }),
      (error) => isFailure(error, 'WORLD_PARAMETER_INVALID'),
    );
  assert.throws(
    () => parametersOf(ir, { rat: 1 }),
    (error) => isFailure(error, 'WORLD_PARAMETER_UNKNOWN') && error.message.includes('wind.speed'),
  );
  assert.throws(() => parametersOf(ir, { toString: 1 }), /has no parameter toString/);
});

test('a world is shown as tables', () => {
  const { ir } = define({
    parameters: { rate: { value: 0.5, minimum: 0, unit: '1/s' } },
    signals: { heat: { shape: [4, 6], unit: 'K' }, 压力: { dtype: 'f32' } },
    entities: { ship: { capacity: 3, members: { place: { shape: [2] } } } },
    strata: { s: { step, rewrites: ['heat'] }, slow: { step, every: 4 } },
    eras: {
      young: { dtSeconds: 3600, strata: { slow: 'gated' }, next: [{ to: 'old', when: step }] },
      old: { dtSeconds: 60, strata: { s: { every: 2 } } },
    },
    fields: { heat: { topology: { kind: 'grid', rows: 4, columns: 6 }, from: 'heat' } },
    assets: { map: 'map.bin' },
  });
  assert.equal(describeWorld(ir), shown);
});

const shown = `tried, 512 B a state

parameters
        value    bounds
  rate  0.5 1/s  0 ..

signals
        dtype  shape   unit
  heat  f64    4 x 6   K
  压力  f32    scalar

entity ship, at most 3
         dtype  shape
  place  f64    2

strata
        runs           rewrites
  s     every tick     heat
  slow  every 4 ticks

eras
         dt      strata           next
  young  3600 s  slow gated       old
  old    60 s    s every 2 ticks

fields
        shows  samples     between
  heat  heat   grid 4 x 6  linear

assets
       file
  map  map.bin
`;
