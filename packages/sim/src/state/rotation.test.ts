import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seedStream, streamOver } from '../random/index.ts';
import { createRotation } from './index.ts';
import type { HeldPair, Rotation, StateLayout, StateSet } from './contract.ts';

const layout: StateLayout = {
  sections: [
    {
      name: 'mark',
      kind: 'signal',
      dtype: 'f64',
      shape: [],
      capacity: 1,
      offsetBytes: 0,
      lengthBytes: 8,
    },
  ],
  totalBytes: 64,
};

function markOf(set: StateSet): number {
  return set.arrays.get('mark')?.[0] ?? Number.NaN;
}

/** A tick: the target gets the tick's number as its mark, and becomes the newest. */
function tick(rotation: Rotation, number: number): void {
  const target = rotation.target;
  assert.notEqual(target, rotation.newest);
  assert.notEqual(target, rotation.previous);
  target.arrays.get('mark')![0] = number;
  rotation.turn();
  assert.equal(rotation.newest, target);
}

test('the target becomes the newest, the newest the previous', () => {
  const rotation = createRotation({ layout });
  const seen = new Set<StateSet>();
  for (let number = 1; number <= 20; number += 1) {
    tick(rotation, number);
    seen.add(rotation.newest);
    assert.equal(markOf(rotation.newest), number);
    assert.equal(markOf(rotation.previous), number - 1);
  }
  assert.equal(seen.size, 3, 'without a checkpoint three sets are enough');
});

test('a pair is held by as many as there are slots, and a release gives the slot back', () => {
  const rotation = createRotation({ layout, slots: 2 });
  const first = rotation.hold();
  const second = rotation.hold();
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(rotation.hold(), undefined);
  first.release();
  first.release();
  assert.ok(rotation.hold() !== undefined, 'a second release of one pair frees no other slot');
  assert.equal(rotation.hold(), undefined);
});

test('without slots nothing is ever held', () => {
  assert.equal(createRotation({ layout, slots: 0 }).hold(), undefined);
});

test('sets that were made ahead are the ones that are used, and no more than are needed', () => {
  const rotation = createRotation({ layout, slots: 2 });
  rotation.prepare(9);
  rotation.prepare(2);
  const seen = new Set<StateSet>();
  for (let number = 1; number <= 12; number += 1) {
    tick(rotation, number);
    if (number === 3 || number === 6) assert.ok(rotation.hold() !== undefined);
    if (number === 9) rotation.prepare(2);
    for (const set of [rotation.newest, rotation.previous, rotation.target]) seen.add(set);
  }
  assert.equal(seen.size, 7);
  assert.equal(markOf(rotation.newest), 12);
  assert.equal(markOf(rotation.previous), 11);
});

test('a target that was asked for before a hold is not part of what is held', () => {
  const rotation = createRotation({ layout });
  tick(rotation, 1);
  const { target } = rotation;
  const held = rotation.hold();
  assert.ok(held !== undefined && held.newest !== target && held.previous !== target);
  tick(rotation, 2);
  tick(rotation, 3);
  assert.equal(markOf(held.newest), 1);
});

test('no interleaving of ticks, holds and releases ever writes a held set, or needs more sets than it may', () => {
  for (let seed = 0; seed < 150; seed += 1) {
    const words = new Uint32Array(4);
    seedStream(words, 0, String(seed), 'interleaving');
    const random = streamOver(words, 0);
    const slots = random.below(4);
    const rotation = createRotation({ layout, slots });
    const held: { readonly pair: HeldPair; readonly newest: number; readonly previous: number }[] =
      [];
    const seen = new Set<StateSet>();
    let number = 0;
    for (let move = 0; move < 400; move += 1) {
      const what = random.below(5);
      if (random.below(50) === 0) rotation.prepare(random.below(4));
      if (what < 3) tick(rotation, (number += 1));
      else if (what === 3) {
        const pair = rotation.hold();
        assert.equal(pair === undefined, held.length >= slots);
        if (pair !== undefined)
          held.push({ pair, newest: markOf(pair.newest), previous: markOf(pair.previous) });
      } else if (held.length > 0) held.splice(random.below(held.length), 1)[0]!.pair.release();
      for (const set of [rotation.newest, rotation.previous, rotation.target]) seen.add(set);
      for (const { pair, newest, previous } of held) {
        assert.equal(markOf(pair.newest), newest);
        assert.equal(markOf(pair.previous), previous);
      }
      assert.equal(markOf(rotation.newest), number);
      if (number > 0) assert.equal(markOf(rotation.previous), number - 1);
    }
    assert.ok(seen.size <= 3 + 2 * slots, `${seen.size} sets for ${slots} slots`);
  }
});
