// What a tick does: strata by their cadence, eras by their conditions, births and deaths at its end, promises of rewriting checked.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { defineWorld } from '../world/index.ts';
import { startRun } from './index.ts';

const steps = (run: { step(): void }, count: number): void => {
  for (let index = 0; index < count; index += 1) run.step();
};

describe('strata', () => {
  const world = defineWorld({
    name: 'cadence',
    signals: { fast: {}, slow: {}, gated: {}, dt: {} },
    strata: {
      fast: {
        step(w) {
          w.current.fast[0] = w.previous.fast[0]! + 1;
        },
      },
      slow: {
        every: 3,
        step(w) {
          w.current.slow[0]! += 1;
          w.current.dt[0] = w.dtSeconds;
        },
      },
      gated: {
        step(w) {
          w.current.gated[0]! += 1;
        },
      },
    },
    eras: {
      first: {
        dtSeconds: 2,
        strata: { gated: 'gated' },
        next: [{ to: 'second', when: (w) => w.signals.fast[0]! >= 4 }],
      },
      second: { dtSeconds: 10, strata: { slow: { every: 2 }, gated: 'active' } },
    },
  });

  it('run in ticks that are a multiple of their cadence, which an era may change', () => {
    const run = startRun({ world });
    steps(run, 3);
    const early = run.view();
    assert.deepEqual([early.signals['slow']?.[0], early.signals['dt']?.[0]], [1, 6]);
    assert.equal(early.signals['gated']?.[0], 0);
    assert.equal(run.era(), 'first');
    run.step();
    assert.equal(run.era(), 'second');
    assert.deepEqual(run.clock(), { tick: 4, simTimeSeconds: 8, era: 1, eraStartedTick: 4 });
    steps(run, 2);
    const late = run.view();
    assert.deepEqual([late.signals['slow']?.[0], late.signals['dt']?.[0]], [2, 20]);
    assert.equal(late.signals['gated']?.[0], 2);
    assert.equal(late.timeSeconds, 28);
  });

  it('what a step throws names the stratum and the tick, and leaves the state as it was', () => {
    const broken = defineWorld({
      name: 'broken',
      signals: { count: {} },
      strata: {
        counting: {
          step(w) {
            w.current.count[0] = w.tick;
            if (w.tick === 3) throw new Error('three is too many');
          },
        },
      },
    });
    const run = startRun({ world: broken });
    steps(run, 2);
    const before = run.stateHash();
    for (let again = 0; again < 2; again += 1)
      assert.throws(
        () => run.step(),
        (error) => {
          assert.ok(isFailure(error, 'RUN_STEP_FAILED'));
          assert.match(error.message, /broken failed in counting at tick 3: three is too many/);
          return true;
        },
      );
    assert.equal(run.stateHash(), before);
    assert.equal(run.tick, 2);
  });
});

describe('births and deaths', () => {
  const world = defineWorld({
    name: 'cells',
    entities: {
      cell: {
        capacity: 6,
        members: { age: { dtype: 'i32' }, place: { shape: [2] }, kind: { dtype: 'u8' } },
      },
    },
    init(w) {
      for (let index = 0; index < 4; index += 1) {
        w.entities.cell.born({ age: index, place: [index, -index], kind: index });
        assert.equal(w.entities.cell.count, index + 1);
      }
    },
    strata: {
      life: {
        step(w) {
          const { cell } = w.entities;
          if (w.tick === 1) {
            assert.throws(() => cell.dies(4), RangeError);
            cell.dies(2);
            cell.dies(0);
            cell.dies(0);
            assert.equal(cell.born({ place: [9, 8], kind: 7 }), 4);
            assert.equal(cell.born({ age: 5, place: 3 }), 5);
            assert.equal(cell.count, 4, 'nothing changes before the end of the tick');
            assert.throws(() => cell.born({ place: [1] }), TypeError);
            assert.throws(() => cell.born({ colour: 1 } as object), TypeError);
          }
          if (w.tick === 2) for (let more = 0; more < 3; more += 1) cell.born({});
        },
      },
    },
  });

  it('take effect at the end of the tick, in the order of ids', () => {
    const run = startRun({ world });
    run.step();
    const { cell } = run.view().entities as Record<
      string,
      { count: number; ids: Uint32Array; members: Record<string, ArrayLike<number>> }
    >;
    const { count, ids, members } = cell!;
    const alive = (name: string, each = 1): number[] =>
      Array.from(members[name]!).slice(0, count * each);
    assert.equal(count, 4);
    assert.deepEqual(Array.from(ids.subarray(0, count)), [1, 3, 4, 5]);
    assert.deepEqual(alive('age'), [1, 3, 0, 5]);
    assert.deepEqual(alive('kind'), [1, 3, 7, 0]);
    assert.deepEqual(alive('place', 2), [1, -1, 3, -3, 9, 8, 3, 3]);
  });

  it('nothing is left behind the living', () => {
    const run = startRun({ world });
    run.step();
    const { cell } = run.view().entities as Record<
      string,
      { count: number; ids: Uint32Array; members: Record<string, ArrayLike<number>> }
    >;
    assert.deepEqual(Array.from(cell!.ids.subarray(4)), [0, 0]);
    assert.deepEqual(Array.from(cell!.members['place']!).slice(8), [0, 0, 0, 0]);
  });

  it('more than there is room for is refused', () => {
    const run = startRun({ world });
    run.step();
    assert.throws(
      () => run.step(),
      (error) => isFailure(error, 'WORLD_CAPACITY') && error.data['capacity'] === 6,
    );
    assert.equal(run.tick, 1);
  });

  it('room that a death makes may be taken in the same tick', () => {
    const full = defineWorld({
      name: 'full',
      entities: { cell: { capacity: 2, members: { value: {} } } },
      init(w) {
        w.entities.cell.born({ value: 1 });
        w.entities.cell.born({ value: 2 });
      },
      strata: {
        turn: {
          step(w) {
            w.entities.cell.dies(0);
            w.entities.cell.born({ value: w.tick + 10 });
          },
        },
      },
    });
    const run = startRun({ world: full });
    steps(run, 3);
    const { cell } = run.view().entities as Record<
      string,
      { ids: Uint32Array; members: Record<string, ArrayLike<number>> }
    >;
    assert.deepEqual([...cell!.ids], [3, 4]);
    assert.deepEqual(Array.from(cell!.members['value']!), [12, 13]);
  });
});

it('an id is never given twice: after the last there is none', () => {
  const world = defineWorld({
    name: 'ids',
    entities: { cell: { capacity: 4, members: { age: {} } } },
    strata: {
      births: {
        step(w) {
          w.entities.cell.born({});
        },
      },
    },
  });
  const run = startRun({ world });
  const pair = run.hold()!;
  // Its second word is the id that the next birth gets.
  pair.newest.arrays.get('cell@instances')![1] = 2 ** 32 - 2;
  pair.release();
  run.step();
  assert.equal(run.view().entities['cell']!.ids[0], 2 ** 32 - 2);
  for (let again = 0; again < 2; again += 1)
    assert.throws(
      () => run.step(),
      (error) => isFailure(error, 'RUN_STEP_FAILED') && /no ids are left/.test(error.message),
    );
});

describe('a promise to rewrite', () => {
  const define = (
    write: (w: {
      readonly tick: number;
      readonly current: { a: Float64Array; b: Float64Array };
    }) => void,
  ) =>
    defineWorld({
      name: 'promise',
      signals: { a: { shape: [4] }, b: { shape: [4] }, whole: { dtype: 'i32', shape: [2] } },
      strata: { writer: { every: 2, rewrites: ['a', 'whole'], step: write } },
    });
  const throwsNotRewritten = (write: Parameters<typeof define>[0], signal: string): void => {
    const run = startRun({ world: define(write) });
    run.step();
    // Every time, and not only the first.
    for (let again = 0; again < 2; again += 1)
      assert.throws(
        () => run.step(),
        (error) => isFailure(error, 'WORLD_NOT_REWRITTEN') && error.data['signal'] === signal,
      );
  };

  it('that is kept is no error, and integers are carried on in any case', () => {
    const run = startRun({ world: define((w) => w.current.a.fill(w.tick)) });
    steps(run, 5);
    assert.deepEqual(Array.from(run.view().signals['a']!), [4, 4, 4, 4]);
  });
  it('is checked where an element was left out', () => {
    throwsNotRewritten((w) => w.current.a.fill(1, 0, 3), 'a');
  });
  it('is checked where an old value was read', () => {
    throwsNotRewritten((w) => {
      for (let index = 0; index < 4; index += 1) w.current.a[index] = w.current.a[index]! + 1;
    }, 'a');
    throwsNotRewritten((w) => {
      w.current.b[1] = w.current.a[1]! * 2;
      w.current.a.fill(0);
    }, 'b');
  });
});

it('holding pairs changes nothing', () => {
  const world = defineWorld({
    name: 'held',
    signals: { value: { shape: [100] } },
    strata: {
      noise: {
        rewrites: ['value'],
        step(w) {
          for (let index = 0; index < 100; index += 1)
            w.current.value[index] = w.previous.value[index]! / 2 + w.random.float();
        },
      },
    },
  });
  const plain = startRun({ world, seed: 's' });
  const held = startRun({ world, seed: 's' });
  const pairs: { release(): void }[] = [];
  for (let tick = 1; tick <= 40; tick += 1) {
    plain.step();
    held.step();
    const pair = held.hold();
    if (pair !== undefined) pairs.push(pair);
    if (tick % 3 === 0) pairs.shift()?.release();
  }
  assert.equal(held.stateHash(), plain.stateHash());
  assert.notEqual(
    startRun({ world, seed: 't' }).stateHash(),
    startRun({ world, seed: 's' }).stateHash(),
  );
});
