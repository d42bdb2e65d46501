import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import { openCheckpoint } from '../checkpoint/index.ts';
import { arrayOf, smallShapes, stateOf } from '../checkpoint/testing/states.ts';
import { listRuns, openRunDirectory } from '../directory/index.ts';
import {
  diffCheckpoints,
  exportCheckpoint,
  forkCheckpoint,
  inspectCheckpoint,
  locateCheckpoint,
  locateRun,
  planPrune,
  pruneRun,
  verifyRun,
} from './index.ts';
import { temporaryDirectory, writeRun } from './testing/checkpoints.ts';

const coded =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    isFailure(error, code);

test('a person names a checkpoint by file, run, run and tick, directory, or latest', async (t) => {
  const directory = realpathSync(temporaryDirectory(t));
  const run = await writeRun(directory, 'terra', [5, 10]);
  await writeRun(directory, 'other', [1]);
  const where = { directory, cwd: run.path };
  const [first = '', second = ''] = run.files;
  for (const [given, file] of [
    [first, first],
    [path.basename(first), first],
    ['latest', second],
    ['terra', second],
    ['terra@5', first],
    [run.path, second],
    ['../terra', second],
  ] as const)
    assert.equal(await locateCheckpoint(given, where), file, given);
  assert.match(await locateCheckpoint('latest', { directory, cwd: '/' }), /other/);
  await assert.rejects(locateCheckpoint('terra@6', where), coded('CKPT_MISSING'));
  await assert.rejects(locateCheckpoint('no.ckpt', where), coded('CKPT_MISSING'));
  await assert.rejects(locateCheckpoint('absent', where), coded('RUN_UNKNOWN'));
  await assert.rejects(locateRun('../outside', where), coded('RUN_UNKNOWN'));
  assert.equal(await locateRun('terra', where), run.path);
  assert.equal(await locateRun(run.path, { directory: '/nowhere', cwd: '/' }), run.path);
});

test('inspect tells facts, sections and their numbers', async (t) => {
  const state = stateOf(smallShapes);
  const values = new Float64Array(state.bytes('current/temperature').byteLength / 8);
  values.fill(2);
  values[3] = 8;
  values[4] = Number.NaN;
  state.bytes('current/temperature').set(new Uint8Array(values.buffer));
  const run = await writeRun(temporaryDirectory(t), 'terra', [5], { state });
  const seen = await inspectCheckpoint(run.files[0]!);
  assert.deepEqual([seen.facts.tick, seen.base], [5, null]);
  const temperature = seen.sections.find(({ name }) => name === 'current/temperature')!;
  assert.deepEqual([temperature.dtype, temperature.shape], ['f64', [9, 18]]);
  assert.deepEqual([temperature.numbers?.min, temperature.numbers?.max], [2, 8]);
  assert.equal(temperature.numbers?.notFinite, 1);
  assert.equal(seen.sections.find(({ name }) => name.includes('empty'))?.numbers?.min, null);
  const quick = await inspectCheckpoint(run.files[0]!, { numbers: false });
  assert.ok(quick.sections.every(({ numbers }) => numbers === null));
});

test('verify looks at every file of a run, and says what is wrong with which', async (t) => {
  const run = await writeRun(temporaryDirectory(t), 'terra', [1, 2, 3]);
  const bytes = readFileSync(run.files[1]!);
  bytes[200] = bytes[200]! ^ 4;
  writeFileSync(run.files[1]!, bytes);
  const verified = [];
  for await (const one of verifyRun(run.path)) verified.push(one);
  assert.deepEqual(
    verified.map(({ tick, ok, code }) => [tick, ok, code]),
    [
      [1, true, null],
      [2, false, 'CKPT_DAMAGED'],
      [3, true, null],
    ],
  );
  await assert.rejects(async () => {
    for await (const one of verifyRun(run.path, AbortSignal.abort())) verified.push(one);
  }, /abort/i);
});

test('diff says which arrays differ, in how many elements and by how much', async (t) => {
  const directory = temporaryDirectory(t);
  const state = stateOf(smallShapes);
  const temperature = arrayOf(state.sections.find(({ name }) => name === 'current/temperature')!);
  const a = await writeRun(directory, 'a', [5], { state });
  const same = await writeRun(directory, 'same', [5], { state });
  temperature[7] = temperature[7]! + 0.5;
  temperature[9] = 0;
  const facts = { parameters: { rotation: 0.75 } };
  const b = await writeRun(directory, 'b', [6], { state, facts });
  const equal = await diffCheckpoints(a.files[0]!, same.files[0]!);
  assert.deepEqual([equal.different, equal.sections, equal.facts], [false, [], []]);
  assert.equal(equal.equalSections, smallShapes.length);
  const diff = await diffCheckpoints(a.files[0]!, b.files[0]!);
  assert.equal(diff.different, true);
  const [one, ...others] = diff.sections;
  assert.deepEqual(others, []);
  assert.ok(one?.kind === 'values');
  assert.deepEqual([one.name, one.differing, one.first], ['current/temperature', 2, 7]);
  assert.ok(one.maxRelative === 1 && one.maxAbsolute! > 0.5);
  assert.deepEqual(diff.facts, [
    { name: 'tick', from: 5, to: 6 },
    { name: 'parameters.rotation', from: 0.5, to: 0.75 },
  ]);
  const others2 = [
    { name: 'current/temperature', dtype: 'f32' as const, shape: [9, 18] },
    { name: 'current/new', dtype: 'u8' as const, shape: [1] },
  ];
  const c = await writeRun(directory, 'c', [5], { state: stateOf(others2) });
  const kinds = (await diffCheckpoints(a.files[0]!, c.files[0]!)).sections.map(
    ({ name, kind }) => `${name} ${kind}`,
  );
  assert.ok(kinds.includes('current/temperature layout'));
  assert.ok(kinds.includes('current/new only in to'));
  assert.ok(kinds.includes('previous/temperature only in from'));
});

test('pruning keeps bases and the newest, and leaves a run alone that is being written', async (t) => {
  const directory = temporaryDirectory(t);
  const state = stateOf([{ name: 'current/field', dtype: 'f64', shape: [100_000] }]);
  const ticks = [1, 2, 3, 4, 5, 6];
  // A few pages change each time: 1 and 4 are whole, the others need them.
  const change = (tick: number): void => {
    state.bytes('current/field').fill(tick, 0, 8);
  };
  const run = await writeRun(directory, 'terra', ticks, { state, change, fullEvery: 3 });
  const before = (await listRuns(directory))[0]!.manifest.checkpoints;
  assert.deepEqual(
    before.map(({ base }) => base !== null),
    [false, true, true, false, true, true],
  );
  const plan = await planPrune(run.path, { keep: 1 });
  assert.deepEqual(
    plan.gone.map(({ tick }) => tick),
    [1, 2, 3, 5],
  );
  assert.deepEqual(
    plan.needed.map(({ tick }) => tick),
    [4],
  );
  {
    await using _writer = await openRunDirectory({ directory, runId: 'terra' });
    await assert.rejects(pruneRun(plan), coded('RUN_BUSY'));
  }
  const deleted = await pruneRun(plan);
  assert.equal(deleted.length, 4);
  const left = (await listRuns(directory))[0]!.manifest.checkpoints;
  assert.deepEqual(
    left.map(({ tick }) => tick),
    [4, 6],
  );
  assert.deepEqual(
    JSON.parse(readFileSync(path.join(run.path, 'manifest.json'), 'utf8')).checkpoints.length,
    2,
  );
  for await (const one of verifyRun(run.path)) assert.equal(one.ok, true);
  assert.deepEqual(await pruneRun(plan), [], 'what is gone cannot go again');
});

test('prune never deletes the newest that is whole, nor anything where none is', async (t) => {
  const directory = temporaryDirectory(t);
  const run = await writeRun(directory, 'terra', [1, 2, 3, 4]);
  const damage = (file: string): void => {
    const bytes = readFileSync(file);
    bytes[70]! ^= 1;
    writeFileSync(file, bytes);
  };
  for (const file of run.files.slice(2)) damage(file);
  const deleted = await pruneRun(await planPrune(run.path, { keep: 1 }));
  assert.deepEqual(
    deleted.map(({ tick }) => tick),
    [1, 3],
  );
  damage(run.files[1]!);
  const plan = await planPrune(run.path, { keep: 1 });
  await assert.rejects(pruneRun(plan), coded('RUN_NO_CHECKPOINT'));
  assert.deepEqual(
    run.files.map((file) => existsSync(file)),
    [false, true, false, true],
  );
});

test('a file that was written anew since the plan was shown stays', async (t) => {
  const directory = temporaryDirectory(t);
  const run = await writeRun(directory, 'terra', [1, 2, 3]);
  const plan = await planPrune(run.path, { keep: 1 });
  const other = await writeRun(directory, 'other', [1], { state: stateOf(smallShapes, 9) });
  rmSync(run.files[0]!);
  writeFileSync(run.files[0]!, readFileSync(other.files[0]!));
  rmSync(path.join(run.path, 'manifest.json'));
  const deleted = await pruneRun(plan);
  assert.deepEqual(
    deleted.map(({ tick }) => tick),
    [2],
  );
  assert.equal(existsSync(run.files[0]!), true);
});

test('a fork is a run of its own that knows where it came from', async (t) => {
  const directory = temporaryDirectory(t);
  const run = await writeRun(directory, 'terra', [5]);
  const [file = ''] = run.files;
  const options = { directory, runId: 'warmer', parameters: { rotation: 2 } };
  const forked = await forkCheckpoint(file, options);
  await using from = await openCheckpoint(file);
  await using to = await openCheckpoint(forked.file);
  assert.deepEqual(to.facts.lineage, { runId: 'terra', tick: 5, digest: from.digest });
  assert.deepEqual(to.facts.parameters, { rotation: 2 });
  assert.equal(to.facts.runId, 'warmer');
  const digests = (list: typeof to.sections): readonly string[] => list.map(({ digest }) => digest);
  assert.deepEqual(digests(to.sections), digests(from.sections));
  const listed = (await listRuns(directory)).find(({ runId }) => runId === 'warmer');
  assert.deepEqual(listed?.manifest.lineage, to.facts.lineage);
  assert.deepEqual(listed?.manifest.parameters, { rotation: 2 });
  await assert.rejects(forkCheckpoint(file, options), coded('RUN_EXISTS'));
  const unknown = { directory, runId: 'x', parameters: { absent: 1 } };
  await assert.rejects(forkCheckpoint(file, unknown), coded('CKPT_PARAMETER_UNKNOWN'));
  assert.equal(existsSync(path.join(directory, 'x')), false, 'refused before anything is made');
});

const unicode = [
  ...smallShapes,
  { name: 'current/wärme 🌡', dtype: 'i32' as const, shape: [2, 2] },
  { name: 'current/__proto__', dtype: 'u8' as const, shape: [1] },
  { name: 'current/10', dtype: 'i8' as const, shape: [3] },
  { name: 'current/scalar', dtype: 'f64' as const, shape: [] },
];

test('an export has its name only when it is whole, and replaces nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const run = await writeRun(directory, 'terra', [5]);
  const [file = ''] = run.files;
  const target = path.join(directory, 'out.npz');
  await exportCheckpoint(file, target, { format: 'npz' });
  const bytes = readFileSync(target);
  const again = exportCheckpoint(file, target, { format: 'npz' });
  await assert.rejects(again, coded('CKPT_EXPORT_EXISTS'));
  assert.deepEqual(readFileSync(target), bytes);
  const damaged = readFileSync(file);
  damaged[300] = damaged[300]! ^ 1;
  writeFileSync(file, damaged);
  const other = path.join(directory, 'other.npz');
  await assert.rejects(exportCheckpoint(file, other, { format: 'npz' }), coded('CKPT_DAMAGED'));
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('other')),
    [],
  );
});

test('safetensors: a header of JSON and the bytes, each array at a multiple of its width', async (t) => {
  const directory = temporaryDirectory(t);
  const state = stateOf(unicode);
  const run = await writeRun(directory, 'terra', [5], { state });
  const target = path.join(directory, 'out.safetensors');
  const options = { format: 'safetensors', previous: true } as const;
  const { bytes, arrays } = await exportCheckpoint(run.files[0]!, target, options);
  assert.equal(arrays.length, unicode.length);
  const file = readFileSync(target);
  assert.equal(file.byteLength, bytes);
  const length = Number(file.readBigUInt64LE(0));
  const data = file.subarray(8 + length);
  const header = JSON.parse(file.subarray(8, 8 + length).toString('utf8')) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number]; checkpoint?: string }
  >;
  assert.equal(JSON.parse(header['__metadata__']!.checkpoint!).tick, 5);
  let end = 0;
  for (const { name, dtype, shape } of unicode) {
    const key = name.replace('current/', '');
    const entry = Object.getOwnPropertyDescriptor(header, key)?.value as (typeof header)[string];
    assert.deepEqual([entry.dtype, entry.shape], [dtype.toUpperCase(), shape], key);
    const [from, to] = entry.data_offsets;
    assert.deepEqual(new Uint8Array(data.subarray(from, to)), new Uint8Array(state.bytes(name)));
    assert.equal((8 + length + from) % (Number(dtype.slice(1)) / 8), 0);
    end = Math.max(end, to);
  }
  assert.equal(end, data.byteLength);
});

const numpy = spawnSync('python3', ['-c', 'import numpy'], { encoding: 'utf8' });
const python = `
import json, sys, zipfile
import numpy as np
path = sys.argv[1]
assert zipfile.ZipFile(path).testzip() is None
arrays = np.load(path)
facts = json.loads(arrays['@checkpoint.json'])
print(json.dumps({'tick': facts['tick'], 'arrays': {
  name: [str(arrays[name].dtype), list(arrays[name].shape), arrays[name].tobytes().hex()]
  for name in arrays.files if not name.endswith('.json')}}))
`;

test(
  'npz: numpy reads every array as it is',
  { skip: numpy.status === 0 ? false : 'python3 has no numpy here' },
  async (t) => {
    const directory = temporaryDirectory(t);
    const state = stateOf(unicode);
    const run = await writeRun(directory, 'terra', [5], { state });
    const target = path.join(directory, 'out.npz');
    const { bytes } = await exportCheckpoint(run.files[0]!, target, { format: 'npz' });
    assert.equal(readFileSync(target).byteLength, bytes);
    const read = JSON.parse(
      execFileSync('python3', ['-c', python, target], { encoding: 'utf8' }),
    ) as { tick: number; arrays: Record<string, [string, number[], string]> };
    assert.equal(read.tick, 5);
    const types: Record<string, string> = { f: 'float', i: 'int', u: 'uint' };
    const expected = unicode.filter(({ name }) => !name.startsWith('previous/'));
    assert.equal(Object.keys(read.arrays).length, expected.length);
    for (const { name, dtype, shape } of expected) {
      const key = name.replace('current/', '');
      const entry = Object.getOwnPropertyDescriptor(read.arrays, key)?.value as unknown;
      const hex = Buffer.from(state.bytes(name)).toString('hex');
      assert.deepEqual(entry, [`${types[dtype[0]!]}${dtype.slice(1)}`, shape, hex], key);
    }
  },
);
