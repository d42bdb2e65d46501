// What the types of a definition know without annotations. The compiler is the test; run, it only sees that worlds can be defined.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineWorld } from './index.ts';

/** Compiles only where `value` is of just this type. */
function is<Wanted>() {
  return <Given>(
    value: Given,
    ..._same: [Wanted, Given] extends [Given, Wanted] ? [] : ['another type']
  ): Given => value;
}

test('a step knows its arrays, parameters and entities by their definition', () => {
  const world = defineWorld({
    name: 'typed',
    parameters: { rate: { value: 0.5 } },
    signals: {
      temperature: { shape: [4], unit: 'K' },
      'atmosphere.flags': { dtype: 'u8', shape: [4] },
    },
    entities: {
      ship: { capacity: 3, members: { position: { dtype: 'f32', shape: [2] }, mass: {} } },
    },
    init(w) {
      is<Float64Array<SharedArrayBuffer>>()(w.current.temperature);
      w.entities.ship.born({ mass: 2, position: [1, 2] });
    },
    strata: {
      weather: {
        rewrites: ['temperature'],
        step(w) {
          is<Float64Array<SharedArrayBuffer>>()(w.current.temperature);
          is<Uint8Array<SharedArrayBuffer>>()(w.previous['atmosphere.flags']);
          is<Float32Array<SharedArrayBuffer>>()(w.entities.ship.current.position);
          is<Float64Array<SharedArrayBuffer>>()(w.entities.ship.previous.mass);
          is<number>()(w.parameters.rate);
          w.current.temperature[0] = w.random.normal();
          // @ts-expect-error there is no such signal
          is<unknown>()(w.current.temprature);
          // @ts-expect-error there is no such entity
          is<unknown>()(w.entities.boat);
          // @ts-expect-error there is no such member
          is<unknown>()(w.entities.ship.current.speed);
          // @ts-expect-error there is no such parameter
          is<unknown>()(w.parameters.rat);
          // @ts-expect-error nor for one that is born
          w.entities.ship.born({ speed: 1 });
        },
      },
    },
    eras: {
      first: {
        dtSeconds: 1,
        strata: { weather: { every: 2 } },
        next: [{ to: 'second', when: (w) => (w.signals.temperature[0] ?? 0) > 3 }],
      },
      second: { dtSeconds: 2, strata: { weather: 'gated' } },
    },
    fields: {
      heat: {
        topology: { kind: 'grid', rows: 2, columns: 2 },
        from: (w) => is<Float64Array<SharedArrayBuffer>>()(w.signals.temperature),
      },
    },
  });
  assert.equal(world.ir.name, 'typed');
});

test('names that are not there do not compile', () => {
  assert.throws(() =>
    defineWorld({
      name: 'wrong',
      signals: { a: {} },
      strata: { s: { step() {} } },
      // @ts-expect-error there is no such stratum
      eras: { only: { dtSeconds: 1, strata: { t: 'gated' } } },
    }),
  );
  assert.throws(() =>
    defineWorld({
      name: 'wrong',
      // @ts-expect-error there is no such dtype
      signals: { a: { dtype: 'f16' } },
      strata: { s: { step() {} } },
    }),
  );
});

test('what is not defined is not there', () => {
  defineWorld({
    name: 'bare',
    signals: { a: {} },
    strata: {
      s: {
        step(w) {
          w.current.a[0] = w.tick;
          // @ts-expect-error no parameters
          is<unknown>()(w.parameters.rate);
          // @ts-expect-error no entities
          is<unknown>()(w.entities.ship);
        },
      },
    },
  });
});
