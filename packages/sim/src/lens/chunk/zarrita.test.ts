// Another reader of Zarr opens a `.lens` file by the names that are in it, whatever the fields are called.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import * as zarrita from 'zarrita';
import { fileSource, readZip } from '../../zip/index.ts';
import type { LensField } from '../contract.ts';
import { lensFileName, nodeName } from '../names.ts';
import { directoryPlace, openLens } from '../read/index.ts';
import { openRecorder } from '../record/index.ts';
import { temporaryDirectory } from '../testing/small-lens.ts';

const names = [
  'atmosphere.temperature',
  'größe/零 λ',
  '100%',
  '%2F',
  '~7E',
  '..',
  '.',
  '_hidden',
  'a\\b',
  'why?',
  '#1',
  'c:',
  'c|x',
  'atmos:temperature',
  ' both ends ',
  'a tab\tand\nmore',
  '{"<a>"}^`',
  "it's & +1;=,@$!*()",
  '😀',
  'tick',
  '',
];

const fields = names.map((name): LensField => ({
  name,
  unit: 'K',
  components: [],
  topology: { kind: 'grid', rows: 1, columns: 2 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
}));

/** The entries of a zip as a store. */
async function storeOf(file: string): Promise<zarrita.AsyncReadable> {
  const bytes = readFileSync(file);
  await using source = await fileSource(file);
  const entries = await readZip(source);
  const get = async (key: string): Promise<Uint8Array | undefined> => {
    const entry = entries.get(key.slice(1));
    return (
      entry &&
      new Uint8Array(bytes.subarray(entry.offsetBytes, entry.offsetBytes + entry.sizeBytes))
    );
  };
  return {
    get,
    async getRange(key, range) {
      const whole = await get(key);
      if ('suffixLength' in range) return whole?.slice(-range.suffixLength);
      return whole?.slice(range.offset, range.offset + range.length);
    },
  };
}

test('zarrita opens every field by the name of its group, whatever is in it, in one step and step by step', async (t) => {
  const parent = temporaryDirectory(t);
  const directory = path.join(parent, 'run');
  const options = { directory, runId: 'run', world: 'names', fields, chunkTicks: 10 };
  const recorder = await openRecorder(options);
  const numbersOf = (at: number): Float64Array => Float64Array.of(at, -at);
  const samples = names.map(
    (name, at) => [name, { count: 2, values: numbersOf(at), positions: null }] as const,
  );
  await recorder.append({ tick: 0, simTimeSeconds: 0, fields: new Map(samples) });
  await recorder.close();
  assert.equal(new Set(names.map(nodeName)).size, names.length);
  const store = await storeOf(path.join(directory, lensFileName({ start: 0, end: 10 }, 'lens')));
  const root = zarrita.root(store);
  const all = await zarrita.open.v3(root.resolve('fields'), { kind: 'group' });
  for (const [at, name] of names.entries()) {
    const group = await zarrita.open.v3(all.resolve(nodeName(name)), { kind: 'group' });
    assert.equal(group.attrs['name'], name);
    for (const location of [
      group.resolve('values'),
      root.resolve(`fields/${nodeName(name)}/values`),
    ]) {
      const array = await zarrita.open.v3(location, { kind: 'array' });
      const { data } = await zarrita.get(array);
      assert.deepEqual(data, numbersOf(at), name);
    }
  }
  await using lens = await openLens(directoryPlace(directory));
  for (const [at, name] of names.entries())
    assert.deepEqual((await lens.samples(name, 0)).values, numbersOf(at), name);
});
