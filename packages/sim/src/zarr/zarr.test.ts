import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import * as zarrita from 'zarrita';
import {
  createZipWriter,
  fileSource,
  readZip,
  type RangeSource,
  type ZipEntry,
} from '../zip/index.ts';
import { bloscDecode, bloscEncode, FRAME_EXTRA_BYTES } from './blosc.ts';
import { crc32c } from './crc32c.ts';
import {
  arrayJson,
  createShardWriter,
  groupJson,
  openShard,
  parseArrayJson,
  type ShardReader,
  type ZarrArray,
} from './index.ts';

test('the checksum is that of RFC 3720', () => {
  const check = (bytes: Uint8Array, sum: number): void => assert.equal(crc32c(bytes), sum);
  check(Buffer.alloc(32), 0x8a91_36aa);
  check(Buffer.alloc(32, 0xff), 0x62a8_ab43);
  check(Buffer.from(Array.from({ length: 32 }, (_, at) => at)), 0x46dd_794e);
  check(Buffer.from(Array.from({ length: 32 }, (_, at) => 31 - at)), 0x113f_db5c);
  check(Buffer.from('123456789'), 0xe306_9283);
  check(new Uint8Array(), 0);
});

test('the checksum of lengths that are taken in thirds is that of one bit after the other', () => {
  const bytes = noise(10_000);
  for (const length of [4095, 4096, 4097, 4103, 4104, 4119, 4120, 4121, 9999])
    for (const from of [0, 1]) {
      const part = bytes.subarray(from, from + length);
      assert.equal(crc32c(part), bitByBit(part), `${length} from ${from}`);
    }
});

function bitByBit(bytes: Uint8Array): number {
  let sum = -1;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (-(sum & 1) & 0x82f6_3b78);
  }
  return ~sum >>> 0;
}

test('a frame gives back what it was made of, and says when it cannot', () => {
  for (const elementBytes of [2, 4, 8])
    for (const plain of [smooth(4096), noise(4096), new Uint8Array(0), new Uint8Array(64)]) {
      const memory = new Uint8Array(plain.length + FRAME_EXTRA_BYTES);
      const frame = memory.subarray(0, bloscEncode(elementBytes, plain, memory));
      assert.deepEqual(bloscDecode(elementBytes, frame, plain.length).slice(), plain);
      assert.throws(() => bloscDecode(elementBytes, frame, plain.length + 8), RangeError);
      for (let length = 0; length < frame.length; length += 1 + (frame.length >> 4))
        assert.throws(
          () => bloscDecode(elementBytes, frame.subarray(0, length), plain.length),
          RangeError,
        );
    }
});

const array: ZarrArray = {
  shape: [50, 70, 3],
  type: 'float64',
  shard: [32, 128, 3],
  inner: [16, 64, 3],
  dimensions: ['frame', 'sample', 'component'],
  attributes: { unit: 'm/s' },
};
const shardShape = { chunks: 4, elementBytes: 8, chunkBytes: 16 * 64 * 3 * 8 };
const valueAt = (frame: number, sample: number, component: number): number =>
  sample === 3 ? Number.NaN : Math.sin(frame / 7) * sample + component;

test('zarrita, which knows nothing of us, reads what was written', async (t) => {
  await using stored = await write(t);
  const store = {
    get: async (key: string): Promise<Uint8Array | undefined> => {
      const entry = stored.entries.get(key.slice(1));
      return entry && (await stored.source.read(entry.offsetBytes, entry.sizeBytes));
    },
    getRange: async (
      key: string,
      range: { offset: number; length: number } | { suffixLength: number },
    ): Promise<Uint8Array | undefined> => {
      const entry = stored.entries.get(key.slice(1));
      if (entry === undefined) return undefined;
      const [offset, length] =
        'suffixLength' in range
          ? [entry.sizeBytes - range.suffixLength, range.suffixLength]
          : [range.offset, range.length];
      return await stored.source.read(entry.offsetBytes + offset, length);
    },
  };
  const opened = await zarrita.open.v3(zarrita.root(store).resolve('wind'), { kind: 'array' });
  assert.deepEqual(opened.attrs, { unit: 'm/s' });
  const { data, shape } = await zarrita.get(opened as zarrita.Array<'float64'>);
  assert.deepEqual(shape, array.shape);
  let at = 0;
  for (let frame = 0; frame < 50; frame += 1)
    for (let sample = 0; sample < 70; sample += 1)
      for (let component = 0; component < 3; component += 1) {
        assert.ok(
          Object.is(data[at], valueAt(frame, sample, component)),
          `${frame} ${sample} ${component}`,
        );
        at += 1;
      }
});

test('one damaged chunk is named, and its neighbours are read', async (t) => {
  await using stored = await write(t);
  const entry = stored.entries.get('wind/c/0/0/0')!;
  const damaged: RangeSource = {
    ...stored.source,
    async read(offset, length, signal) {
      const bytes = await stored.source.read(offset, length, signal);
      // A byte of the first chunk.
      const place = entry.offsetBytes + 40 - offset;
      if (place >= 0 && place < length) bytes[place]! ^= 1;
      return bytes;
    },
  };
  const shard = await openShard(damaged, entry, shardShape);
  const stored0 = await storedIn(damaged, shard, 0);
  assert.throws(() => shard.unpack(0, stored0), /chunk 0 of wind\/c\/0\/0\/0 is damaged/);
  const plain = shard.unpack(2, await storedIn(damaged, shard, 2)).slice();
  assert.equal(new Float64Array(plain.buffer)[3], valueAt(16, 1, 0));
  const indexDamaged: RangeSource = {
    ...stored.source,
    read: async (offset, length) =>
      (await stored.source.read(offset, length)).map((byte) => byte ^ 4),
  };
  await assert.rejects(openShard(indexDamaged, entry, shardShape), /the index of .* is damaged/);
});

test('what was not written is absent', async (t) => {
  const file = path.join(directoryOf(t), 'a.zip');
  await using handle = await open(file, 'wx');
  const zip = createZipWriter(handle);
  const shape = { chunks: 2, elementBytes: 8, chunkBytes: 64 };
  const shard = createShardWriter(zip.begin('c'), shape);
  await shard.put(1, smooth(64));
  const entry = await shard.end();
  await zip.finish();
  await using source = await fileSource(file);
  const reader = await openShard(source, entry, shape);
  assert.equal(reader.placeOf(0), undefined);
  assert.deepEqual(reader.unpack(1, await storedIn(source, reader, 1)).slice(), smooth(64));
});

test('metadata of any other form is refused', () => {
  assert.deepEqual(parseArrayJson(arrayJson(array)), array);
  for (const change of ['"gzip"', '"zfp"']) {
    const other = arrayJson(array).replace('"blosc"', change);
    assert.throws(() => parseArrayJson(other), RangeError);
  }
  for (const json of [
    '',
    '[]',
    '{}',
    'null',
    '{"shape":[1e99]}',
    arrayJson(array).replace('16,', '17,'),
  ])
    assert.throws(() => parseArrayJson(json), RangeError);
});

interface Stored extends AsyncDisposable {
  readonly source: RangeSource;
  readonly entries: ReadonlyMap<string, ZipEntry>;
}

/** Two by two shards of two by two chunks; the last ones reach over the array's edges. */
async function write(t: TestContext): Promise<Stored> {
  const file = path.join(directoryOf(t), 'a.lens');
  {
    await using handle = await open(file, 'wx');
    const zip = createZipWriter(handle);
    await zip.add('zarr.json', Buffer.from(groupJson({})));
    await zip.add('wind/zarr.json', Buffer.from(arrayJson(array)));
    for (const row of [0, 1]) {
      const shard = createShardWriter(zip.begin(`wind/c/${row}/0/0`), shardShape);
      for (const number of [0, 1, 2, 3]) {
        const chunk = new Float64Array(16 * 64 * 3).fill(Number.NaN);
        const [frame, sample] = [row * 32 + (number >> 1) * 16, (number & 1) * 64];
        for (let at = 0; at < chunk.length; at += 1)
          chunk[at] = valueAt(
            frame + Math.floor(at / 192),
            sample + (Math.floor(at / 3) % 64),
            at % 3,
          );
        await shard.put(number, new Uint8Array(chunk.buffer));
      }
      await shard.end();
    }
    await zip.finish();
  }
  const source = await fileSource(file);
  return {
    source,
    entries: await readZip(source),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

async function storedIn(
  source: RangeSource,
  shard: ShardReader,
  number: number,
): Promise<Uint8Array> {
  const { offsetBytes, lengthBytes } = shard.placeOf(number)!;
  return await source.read(offsetBytes, lengthBytes);
}

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-zarr-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function smooth(bytes: number): Uint8Array {
  return new Uint8Array(Float64Array.from({ length: bytes / 8 }, (_, at) => at / 3).buffer);
}

function noise(bytes: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}
