// Fields that do what they must not: write into what they see, keep it, throw, or give something else. The run is the one that nobody
// looked at, the other fields are as they are, and what is missing is counted and named.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { directoryPlace, openLens } from '../lens/read/index.ts';
import { readManifest } from '../lens/record/index.ts';
import { loadWorld } from '../world/index.ts';
import type { SessionEnd, SessionEvent } from './contract.ts';
import { simulate } from './index.ts';

const place = mkdtempSync(path.join(os.tmpdir(), 'session-observer-'));
after(() => rmSync(place, { recursive: true, force: true }));
let made = 0;

interface Watched {
  readonly end: SessionEnd;
  readonly events: readonly SessionEvent[];
  readonly directory: string;
}

const UNTIL = 90;
const FRAMES = UNTIL / 3 + 1;

/** `bad` are bodies of the functions of fields, by name, before the honest ones, which show what they write to. */
async function watched(bad: Readonly<Record<string, string>>): Promise<Watched> {
  const directory = path.join(place, String((made += 1)));
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'map.txt'), 'abc');
  writeFileSync(
    path.join(directory, 'world.ts'),
    `import { defineWorld } from '@stillpoint/sim';
const kept: any[] = [];
export default defineWorld({
  name: 'pond',
  parameters: { wind: { value: 2 } },
  signals: { depth: { shape: [6] }, count: { dtype: 'u8', shape: [3] } },
  entities: { duck: { capacity: 9, members: { place: { shape: [2] } } } },
  assets: { map: './map.txt' },
  init({ current, entities: { duck } }) {
    current.depth.set([1, 2, 3, 4, 5, 6]);
    for (const x of [1, 2, 3]) duck.born({ place: [x, -x] });
  },
  strata: {
    all: {
      step({ current, previous, random, parameters, tick, assets, entities: { duck } }) {
        for (let at = 0; at < 6; at += 1)
          current.depth[at] = previous.depth[(at + 1) % 6]! * 0.9 + random.float() * parameters.wind + assets.map[0]!;
        current.count[0] = tick;
        for (let at = 0; at < 2 * duck.count; at += 1) duck.current.place[at]! += duck.ids[0]!;
        if (tick % 9 === 0 && duck.count < 9) duck.born({ place: [tick, 0] });
      },
    },
  },
  fields: {
    ${Object.entries(bad).map(fieldOf).join('\n    ')}
    good: { topology: { kind: 'grid', rows: 2, columns: 3 }, from: 'depth' },
    ducks: { topology: { kind: 'points', positions: 'duck.place' }, shape: [2], from: 'duck.place' },
  },
});
`,
  );
  const events: SessionEvent[] = [];
  const end = await simulate({
    loaded: await loadWorld(directory),
    untilTick: UNTIL,
    lens: { directory: path.join(directory, 'lens'), strideTicks: 3 },
    onEvent: (event) => events.push(event),
  });
  return { end, events, directory: end.lens!.directory };
}

function fieldOf([name, body]: readonly [string, string]): string {
  return `'${name}': { topology: { kind: 'grid', rows: 2, columns: 3 }, from: (w: any): any => { ${body} } },`;
}

async function framesOf(directory: string, names: readonly string[]): Promise<readonly unknown[]> {
  await using lens = await openLens(directoryPlace(directory));
  const frames: unknown[] = [];
  for await (const { tick, fields } of lens.each(names))
    frames.push([
      tick,
      [...fields.values()].map(({ values, positions }) => [
        [...values],
        positions && [...positions],
      ]),
    ]);
  return frames;
}

const honest = ['good', 'ducks'];
const sixes = 'return new Float64Array(6);';
const vandals: Readonly<Record<string, string>> = {
  'writes into arrays': `w.signals.depth.fill(-1); w.signals.count.fill(9);
    w.entities.duck.members.place.fill(7); w.entities.duck.ids.fill(5); w.assets.map.fill(0); ${sixes}`,
  'writes into the memory behind them': `for (const array of [w.signals.depth, w.entities.duck.members.place, w.entities.duck.ids, w.assets.map])
      new Uint8Array(array.buffer).fill(255);
    new Float64Array(w.signals.depth.buffer, 0, 1)[0] = 42; ${sixes}`,
  'takes their memory away': `structuredClone(w.signals.depth.buffer, { transfer: [w.signals.depth.buffer] }); ${sixes}`,
  'changes what holds them': `for (const target of [w, w.signals, w.entities, w.entities.duck, w.entities.duck.members, w.parameters, w.assets]) {
      try { Object.setPrototypeOf(target, { wind: 99 }); } catch {}
      try { Object.assign(target, { tick: 1, wind: 1000, depth: new Float64Array(6), count: 1, place: null }); } catch {}
      try { Object.defineProperty(target, 'wind', { value: 7 }); } catch {}
      for (const name of Reflect.ownKeys(target)) try { delete target[name]; } catch {}
    }
    Object.setPrototypeOf(w.signals.depth, null); ${sixes}`,
  'writes later into what it kept': `kept.push(w, w.signals.depth, w.entities.duck.members.place, w.entities.duck.ids);
    const spoil = () => { for (const one of kept) { (one.signals?.depth ?? one).fill?.(3); one.signals?.count.fill(4); } };
    spoil(); queueMicrotask(spoil); setImmediate(spoil); void Promise.resolve().then(spoil); ${sixes}`,
  'gives what it was given': 'return w.signals.depth;',
};

const bare = await watched({});
const expected = (await framesOf(bare.directory, honest)) as readonly (readonly unknown[])[];

test('whatever a field does to what it sees, the run and the other fields are as without it', async () => {
  assert.equal(expected.length, FRAMES);
  const { end, directory } = await watched(vandals);
  assert.equal(end.stateHash, bare.end.stateHash);
  assert.deepEqual([end.lens!.frames, end.lens!.dropped], [FRAMES, 0]);
  assert.deepEqual(await framesOf(directory, honest), expected);
});

test('no field sees what another wrote', async () => {
  const { directory } = await watched({
    first: 'return w.signals.depth.fill(-1);',
    second: 'return w.signals.depth;',
  });
  const frames = await framesOf(directory, ['second', 'good']);
  assert.equal(frames.length, FRAMES);
  for (const frame of frames) {
    const [, [second, good]] = frame as [number, [unknown, unknown]];
    assert.deepEqual(second, good);
  }
});

test('a field sees each finished state, and never one that is being made', async () => {
  const { directory } = await watched({
    seen: `const { depth } = w.signals; const seen = Float64Array.from(depth); depth.fill(-1);
      if (w.signals.count[0] !== w.tick % 256) throw new Error('another state'); return seen;`,
  });
  const frames = await framesOf(directory, ['seen', 'good']);
  assert.equal(frames.length, FRAMES);
  for (const frame of frames) {
    const [, [seen, good]] = frame as [number, [unknown, unknown]];
    assert.deepEqual(seen, good);
  }
});

test('frames of a field that fails now and then are lost, told, counted and named; the run goes on', async () => {
  const wrong: Readonly<Record<string, string>> = {
    'it throws': `throw new RangeError('no bottom');`,
    'it throws nothing': 'throw undefined;',
    'it gives too few': 'return new Float64Array(5);',
    'it gives a list': 'return [1, 2, 3, 4, 5, 6];',
    'it gives a promise': 'return Promise.resolve(new Float64Array(6));',
    'it gives what only looks like samples': 'return Object.create(Float64Array.prototype);',
    'it lies about its length': `return new (class extends Float64Array { get length() { return 6; } })(9);`,
  };
  // One after the other, each for two frames, with one between them.
  const bodies = Object.entries(wrong).map(([what, body], at): readonly [string, string] => {
    const first = 9 + 9 * at;
    return [what, `if (w.tick >= ${first} && w.tick < ${first + 6}) { ${body} } ${sixes}`];
  });
  const { end, events, directory } = await watched(Object.fromEntries(bodies));
  assert.equal(end.stateHash, bare.end.stateHash);
  const lost = 2 * bodies.length;
  assert.deepEqual([end.lens!.frames, end.lens!.dropped], [FRAMES - lost, lost]);
  const failed = events.filter((event) => event.type === 'lens:failed');
  const reasons = new Set(failed.map(({ error }) => (error as Error).message));
  assert.equal(reasons.size, bodies.length, [...reasons].join(' '));
  assert.ok(failed.length < lost, 'told, and not each time');
  assert.deepEqual(
    (await readManifest(directory))?.dropped,
    bodies.map((_, at) => {
      const start = 9 + 9 * at;
      return { ticks: { start, end: start + 4 }, frames: 2, reason: 'failed' };
    }),
  );
  const isMissing = (tick: number): boolean =>
    tick >= 9 && tick < 9 + 9 * bodies.length && tick % 9 < 6;
  assert.deepEqual(
    await framesOf(directory, honest),
    expected.filter(([tick]) => !isMissing(tick as number)),
  );
});

test('a field that fails at the start is refused before anything of the lens is there', async () => {
  await assert.rejects(watched({ bad: `throw new RangeError('no bottom');` }), (error) =>
    isFailure(error, 'LENS_FIELD_FAILED'),
  );
});
