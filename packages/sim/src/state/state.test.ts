import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { defineWorld } from '../world/index.ts';
import {
  aliveElements,
  arrayOf,
  clockOf,
  createSet,
  hashState,
  INSTANCES,
  layoutOf,
  setOver,
} from './index.ts';
import type { StateSet } from './contract.ts';

const { ir } = defineWorld({
  name: 'layout',
  signals: { heat: { dtype: 'f32', shape: [5] }, flag: { dtype: 'u8' }, tilt: { shape: [3, 3] } },
  entities: { ship: { capacity: 6, members: { place: { shape: [2] }, kind: { dtype: 'i16' } } } },
  strata: { a: { step() {} }, b: { step() {} } },
});
const layout = layoutOf(ir);

test('sections lie in declared order, one after the other, at multiples of 64 bytes', () => {
  const names = layout.sections.map(({ name, kind, dtype }) => `${name} ${kind} ${dtype}`);
  assert.deepEqual(names, [
    '@clock clock f64',
    '@random random u32',
    'ship@instances instances u32',
    'heat signal f32',
    'flag signal u8',
    'tilt signal f64',
    'ship.place member f64',
    'ship.kind member i16',
  ]);
  let end = 0;
  for (const section of layout.sections) {
    assert.equal(section.offsetBytes % 64, 0);
    assert.ok(section.offsetBytes >= end && section.offsetBytes < end + 64);
    end = section.offsetBytes + section.lengthBytes;
  }
  assert.ok(layout.totalBytes % 64 === 0 && layout.totalBytes >= end);
  const random = layout.sections[1];
  assert.deepEqual(random?.shape, [3, 4], 'a stream for each stratum and one for init');
  assert.equal(layout.sections[7]?.lengthBytes, 12);
});

test('a set has a view for each section, over one buffer that cannot grow', () => {
  const set = createSet(layout);
  assert.equal(set.buffer.growable, false);
  assert.equal(arrayOf(set, 'tilt', 'f64').length, 9);
  assert.equal(arrayOf(set, 'ship.place', 'f64').length, 12);
  assert.equal(arrayOf(set, 'ship@instances', 'u32').length, INSTANCES.firstId + 6);
  assert.throws(() => arrayOf(set, 'tilt', 'f32'), TypeError);
  assert.throws(() => arrayOf(set, 'tlit', 'f64'), TypeError);
  // Another thread sees the same.
  const again = setOver(set.buffer, layout);
  arrayOf(set, 'heat', 'f32')[4] = 7;
  assert.equal(arrayOf(again, 'heat', 'f32')[4], 7);
});

test('the clock reads and writes its section', () => {
  const set = createSet(layout);
  const clock = clockOf(set);
  clock.tick = 12;
  clock.simTimeSeconds = 3.5;
  clock.era = 2;
  clock.eraStartedTick = 9;
  assert.deepEqual([...arrayOf(set, '@clock', 'f64')], [12, 3.5, 2, 9]);
  const { tick, simTimeSeconds, era, eraStartedTick } = clockOf(set);
  assert.deepEqual([tick, simTimeSeconds, era, eraStartedTick], [12, 3.5, 2, 9]);
});

test('a world that no buffer can hold is refused with the section that is too much', () => {
  const large = { dtype: 'f64', shape: [2 ** 31] } as const;
  const define = (): unknown =>
    defineWorld({
      name: 'large',
      signals: { a: large, b: large, c: large, d: large, e: large },
      strata: { s: { step() {} } },
    });
  assert.throws(define, (error) => {
    assert.ok(isFailure(error, 'WORLD_TOO_LARGE'));
    assert.match(error.message, /64 GiB|68\.7 GB|in d/);
    return true;
  });
});

test('where there is no memory for a set, that is said with the section that takes most', () => {
  const [section] = layout.sections;
  assert.ok(section !== undefined);
  const sections = [section, { ...section, name: 'ocean', lengthBytes: 2 ** 50 }];
  assert.throws(
    () => createSet({ sections, totalBytes: 2 ** 52 }),
    (error) => isFailure(error, 'WORLD_TOO_LARGE') && error.data['where'] === 'ocean',
  );
});

/** Two ships alive, and every other place of every section filled with something. */
function filled(): StateSet {
  const set = createSet(layout);
  const bytes = new Uint8Array(set.buffer);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = (index * 7) & 0x3f;
  const instances = arrayOf(set, 'ship@instances', 'u32');
  instances.set([2, 9, 3, 8]);
  return set;
}

test('the hash of a state is the same on every machine, and in every version', () => {
  // Runs and checkpoints of others are compared by it.
  assert.equal(
    hashState(layout, filled()),
    'blake3:d3f63310527deff5e96656a06a8a884265dad5fe40a2b0f154d8b8c7580e0ce5',
  );
});

test('equal states have equal hashes, whatever lies in places that do not count', () => {
  const set = filled();
  const hash = hashState(layout, set);
  assert.match(hash, /^blake3:[0-9a-f]{64}$/);
  // The third ship and all after it are gone.
  arrayOf(set, 'ship.place', 'f64').fill(99, 4);
  arrayOf(set, 'ship.kind', 'i16').fill(99, 2);
  arrayOf(set, 'ship@instances', 'u32').fill(99, INSTANCES.firstId + 2);
  const gaps = new Uint8Array(set.buffer);
  for (const [index, { offsetBytes, lengthBytes }] of layout.sections.entries())
    gaps.fill(
      1,
      offsetBytes + lengthBytes,
      layout.sections[index + 1]?.offsetBytes ?? layout.totalBytes,
    );
  assert.equal(hashState(layout, set), hash);
});

test('one bit of anything that counts changes the hash', () => {
  const set = filled();
  const hash = hashState(layout, set);
  const bytes = new Uint8Array(set.buffer);
  let flips = 0;
  for (const section of layout.sections) {
    const elementBytes = section.lengthBytes / arrayOfLength(set, section.name);
    const counted = aliveElements(section, set) * elementBytes;
    for (let byte = 0; byte < counted; byte += 1) {
      // The count of instances says how much of the others counts: a large one would be no state.
      if (section.kind === 'instances' && byte < 4) continue;
      const place = section.offsetBytes + byte;
      bytes[place]! ^= 1 << (byte % 8);
      assert.notEqual(hashState(layout, set), hash, `${section.name} byte ${byte}`);
      bytes[place]! ^= 1 << (byte % 8);
      flips += 1;
    }
  }
  assert.equal(hashState(layout, set), hash);
  assert.ok(flips > 200);
});

function arrayOfLength(set: StateSet, name: string): number {
  return set.arrays.get(name)?.length ?? Number.NaN;
}

test('another birth counts, and so does another death', () => {
  const set = filled();
  const hash = hashState(layout, set);
  const instances = arrayOf(set, 'ship@instances', 'u32');
  instances[INSTANCES.count] = 3;
  const three = hashState(layout, set);
  instances[INSTANCES.count] = 1;
  assert.equal(new Set([hash, three, hashState(layout, set)]).size, 3);
});

test('each NaN counts as the one NaN, and 0 and -0 are two', () => {
  const set = filled();
  const heat = arrayOf(set, 'heat', 'f32');
  const tilt = arrayOf(set, 'tilt', 'f64');
  heat[1] = Number.NaN;
  tilt[3] = Number.NaN;
  const hash = hashState(layout, set);
  const heatWords = new Uint32Array(set.buffer, heat.byteOffset, heat.length);
  const tiltWords = new Uint32Array(set.buffer, tilt.byteOffset, 2 * tilt.length);
  heatWords[1] = 0xffc1_2345;
  tiltWords[6] = 0xdead_beef;
  tiltWords[7] = 0xfff4_0001;
  assert.ok(Number.isNaN(heat[1]) && Number.isNaN(tilt[3]));
  assert.equal(hashState(layout, set), hash);
  assert.equal(heatWords[1], 0xffc1_2345, 'the state itself stays as it is');
  tilt[3] = 0;
  const zero = hashState(layout, set);
  tilt[3] = -0;
  assert.notEqual(hashState(layout, set), zero);
});

test('a NaN far behind in a large array is found', () => {
  const { ir: large } = defineWorld({
    name: 'large',
    signals: { field: { shape: [300_000] } },
    strata: { s: { step() {} } },
  });
  const wide = layoutOf(large);
  const set = createSet(wide);
  const field = arrayOf(set, 'field', 'f64');
  field[299_999] = Number.NaN;
  const hash = hashState(wide, set);
  new Uint32Array(set.buffer, field.byteOffset)[2 * 299_999] = 5;
  assert.equal(hashState(wide, set), hash);
});
