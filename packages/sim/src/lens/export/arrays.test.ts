import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { open, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import * as zarrita from 'zarrita';
import { directoryPlace, type LensPlace } from '../read/index.ts';
import { openRecorder } from '../record/index.ts';
import { nodeName } from '../names.ts';
import { exportLens } from './index.ts';
import {
  drift,
  heat,
  lone,
  nobody,
  oddFields,
  oddFrame,
  oddLens,
  oddTicks,
  rough,
  tick,
  wind,
} from './testing/odd-lens.ts';

const frames = oddTicks.map(oddFrame);

/** The most samples that a frame of it has. */
const MOST = new Map([
  [heat, 8],
  [rough, 8],
  [wind, 12],
  [tick, 12],
  [drift, 3],
  [lone, 1],
  [nobody, 0],
]);

/** Numbers of all frames, each as long as the longest, NaN behind those that it has. */
function expectedValues(field: (typeof oddFields)[number]): readonly number[] {
  const width = field.components.reduce((product, size) => product * size, 1);
  const most = MOST.get(field)!;
  return frames.flatMap((frame) => {
    const { values } = frame.fields.get(field.name)!;
    return Array.from({ length: most * width }, (_, at) => values[at] ?? Number.NaN);
  });
}

function countsOf(field: (typeof oddFields)[number]): readonly number[] {
  return frames.map((frame) => frame.fields.get(field.name)!.count);
}

/** Positions of drift: they are written where they change. */
const positionSets = [0, 1, 2, 3, 4, 5, 6, 7];

test('zarrita with its stock codecs reads a store: every array over all frames', async (t) => {
  const { directory, run } = await oddLens(t);
  const output = path.join(directory, 'one.zarr');
  const done = await exportLens(directoryPlace(run), { format: 'zarr', output });
  assert.deepEqual([done.frames, done.rows, done.fields.length], [30, null, 7]);
  const root = zarrita.root({
    get: (key: string) => readFile(path.join(output, key)).catch(() => undefined),
    getRange: async (key: string, range: zarrita.RangeQuery) => {
      await using file = await open(path.join(output, key));
      const { size } = await file.stat();
      const length = 'suffixLength' in range ? range.suffixLength : range.length;
      const from = 'suffixLength' in range ? size - length : range.offset;
      return (await file.read(new Uint8Array(length), 0, length, from)).buffer;
    },
  });
  const read = async (name: string) => {
    const array = await zarrita.open.v3(root.resolve(name), { kind: 'array' });
    const { data, shape } = await zarrita.get(array);
    return { shape, numbers: Array.from(data as Iterable<number | bigint>, Number) };
  };
  assert.deepEqual(await read('tick'), { shape: [30], numbers: oddTicks });
  assert.deepEqual(
    (await read('time')).numbers,
    oddTicks.map((at) => at / 8),
  );
  for (const field of oddFields) {
    const at = `fields/${nodeName(field.name)}`;
    const group = await zarrita.open.v3(root.resolve(at), { kind: 'group' });
    assert.deepEqual([group.attrs['name'], group.attrs['unit']], [field.name, field.unit]);
    assert.deepEqual((await read(`${at}/count`)).numbers, countsOf(field));
    const array = await zarrita.open.v3(root.resolve(`${at}/values`), { kind: 'array' });
    assert.deepEqual(array.shape, [30, MOST.get(field)!, ...field.components]);
    if (field === nobody) continue;
    const { numbers } = await read(`${at}/values`);
    assert.deepEqual(numbers, expectedValues(field));
  }
  const sets = (await read('fields/drift/position_set')).numbers;
  assert.deepEqual(new Set(sets), new Set(positionSets));
  const positions = await read('fields/drift/positions');
  assert.deepEqual(positions.shape, [8, 3, 3]);
  const at = frames.findIndex((frame) => frame.fields.get('drift')!.count === 2);
  const row = positions.numbers.slice(sets[at]! * 9, sets[at]! * 9 + 9);
  const known = [...frames[at]!.fields.get('drift')!.positions!];
  assert.deepEqual(row, [...known, Number.NaN, Number.NaN, Number.NaN]);
  const group = await zarrita.open.v3(root, { kind: 'group' });
  const facts = group.attrs['stillpoint'] as Record<string, unknown>;
  assert.deepEqual([facts['runId'], facts['frames'], facts['damaged']], ['one', 30, []]);
  assert.equal((facts['dropped'] as readonly { readonly frames: number }[])[0]!.frames, 3);
});

const succeeds = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;
const missing = !succeeds('/usr/bin/python3', '-c', 'import h5py')
  ? 'h5py for Python is missing'
  : !succeeds('h5dump', '--version') && 'h5dump is missing';

const PROGRAM = `
import h5py, json, sys
def plain(one):
    if isinstance(one, h5py.Group): return {'attributes': dict(one.attrs), 'of': {k: plain(v) for k, v in one.items()}}
    return {'attributes': dict(one.attrs), 'shape': one.shape, 'open': one.maxshape == (None,) * len(one.shape),
            'dtype': one.dtype.str, 'compression': one.compression, 'numbers': [repr(float(x)) for x in one[...].flatten()]}
with h5py.File(sys.argv[1]) as file: print(json.dumps(plain(file)))
`;

interface Node {
  readonly attributes: Readonly<Record<string, string>>;
  readonly of: Readonly<Record<string, Node>>;
  readonly shape: readonly number[];
  readonly open: boolean;
  readonly dtype: string;
  readonly compression: string | null;
  readonly numbers: readonly string[];
}

const number = (text: string): number =>
  text.endsWith('inf')
    ? Number(text.replace('inf', 'Infinity'))
    : Number(text.replace('nan', 'NaN'));

test('h5py and h5dump read an HDF5 file', { skip: missing }, async (t) => {
  const { directory, run } = await oddLens(t);
  for (const gzip of [undefined, 1]) {
    const output = path.join(directory, `one-${gzip ?? 'plain'}.h5`);
    const options = { format: 'hdf5', output, ...(gzip !== undefined && { gzip }) } as const;
    await exportLens([directoryPlace(run)], options);
    const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', PROGRAM, output]);
    const root = JSON.parse(stdout) as Node;
    assert.equal(root.attributes['runs'], '["one"]');
    const { of, attributes } = root.of['one']!;
    assert.deepEqual(
      [attributes['runId'], attributes['frames'], attributes['damaged']],
      ['one', '30', '[]'],
    );
    assert.match(attributes['dropped']!, /"frames":3/);
    assert.deepEqual([of['tick']!.dtype, of['tick']!.numbers.map(Number)], ['<i8', oddTicks]);
    for (const field of oddFields) {
      const group = of['fields']!.of[nodeName(field.name)]!;
      assert.deepEqual(
        [group.attributes['name'], group.attributes['unit']],
        [field.name, field.unit],
      );
      const values = group.of['values']!;
      assert.deepEqual(values.shape, [30, MOST.get(field)!, ...field.components]);
      assert.equal(values.dtype, field.precision.type === 'float64' ? '<f8' : '<f4');
      assert.deepEqual(
        [values.open, values.compression],
        [true, gzip === undefined ? null : 'gzip'],
      );
      assert.deepEqual(values.numbers.map(number), expectedValues(field));
      assert.deepEqual(group.of['count']!.numbers.map(Number), countsOf(field));
    }
    assert.deepEqual(of['fields']!.of['drift']!.of['positions']!.shape, [8, 3, 3]);
    const dumped = await promisify(execFile)('h5dump', ['-d', '/one/fields/drift/count', output]);
    assert.match(dumped.stdout, /DATATYPE {2}H5T_STD_I32LE/);
  }
});

test('the id of a run is no path: a lens of anybody writes nothing beside its output', async (t) => {
  const { directory } = await oddLens(t);
  const ids = ['../beside', '..', '', 'x/y', 'plain'];
  const places: LensPlace[] = [];
  for (const [at, runId] of ids.entries()) {
    const run = path.join(directory, `of-${at}`);
    const options = { directory: run, runId, world: 'odd', fields: [heat], chunkTicks: 50 };
    const recorder = await openRecorder(options);
    await recorder.append(oddFrame(5));
    await recorder.close();
    places.push(directoryPlace(run));
  }
  const before = await readdir(directory);
  for (const format of ['zarr', 'hdf5'] as const)
    await exportLens(places, { format, output: path.join(directory, `all.${format}`) });
  const after = await readdir(directory);
  assert.deepEqual(after.filter((name) => !before.includes(name)).toSorted(), [
    'all.hdf5',
    'all.zarr',
  ]);
  const groups = ['plain', 'x~2Fy', 'zarr.json', '~', '~2E.', '~2E.~2Fbeside'];
  assert.deepEqual((await readdir(path.join(directory, 'all.zarr'))).toSorted(), groups);
});
