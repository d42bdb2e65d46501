// Heads and layers that nobody wrote: refused with IMAGE_DAMAGED, or read without leaving their bounds, and never with more memory than
// there are bytes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import { plainStreams } from '../read/stream-reader.ts';
import { noise, randomFrom } from '../test-streams.ts';
import { readHead, writeHead } from './head.ts';
import { listImage, readImage } from './image-reader.ts';
import { firstReplaced, LAYERS_MAX } from './layer-policy.ts';
import { readLayer, writeLayer, type Layer } from './layers.ts';
import { ZERO_PAGE } from './page.ts';
import { createTestImages } from './testkit.ts';

const ROUNDS = 3000;

const delta: Layer = {
  pageBytes: 512,
  kind: 'delta',
  pages: 100,
  entries: 4,
  groups: 2,
  groupDigests: noise(randomFrom(1), 64),
  groupBytes: Uint32Array.of(1024, 700),
  numbers: Uint32Array.of(0, 7, 8, 99),
  groupOf: Uint32Array.of(0, ZERO_PAGE, 0, 1),
  slotOf: Uint16Array.of(0, 0, 1, 1),
  hashes: noise(randomFrom(2), 64),
};

void test('a layer is read as it was written', () => {
  const read = readLayer(Buffer.concat(writeLayer(delta)));
  assert.ok(typeof read !== 'string');
  for (const name of [
    'groupDigests',
    'groupBytes',
    'numbers',
    'groupOf',
    'slotOf',
    'hashes',
  ] as const) {
    assert.deepEqual([...read[name]!], [...delta[name]!], name);
  }
  const { numbers: _all, ...rest } = delta;
  const full = { ...rest, kind: 'full', pages: 4 } as const;
  assert.ok(typeof readLayer(Buffer.concat(writeLayer(full))) !== 'string');
});

void test('a layer that contradicts itself is refused', () => {
  const wrong: Partial<Layer>[] = [
    { pageBytes: 100 },
    { pages: 3 },
    { pages: 99 },
    { kind: 'full' },
    { groups: 3 },
    { entries: 5 },
    { groupBytes: Uint32Array.of(1024, 0) },
    { groupBytes: Uint32Array.of(1024, 0xffff_ffff) },
    { groupBytes: Uint32Array.of(512, 700) },
    { groupOf: Uint32Array.of(0, 2, 0, 1) },
    { slotOf: Uint16Array.of(0, 0, 2, 1) },
    { numbers: Uint32Array.of(0, 7, 7, 99) },
    { numbers: Uint32Array.of(0, 8, 7, 99) },
  ];
  for (const [n, change] of wrong.entries()) {
    assert.equal(
      typeof readLayer(Buffer.concat(writeLayer({ ...delta, ...change }))),
      'string',
      `${n}`,
    );
  }
  const bytes = Buffer.concat(writeLayer(delta));
  assert.equal(typeof readLayer(bytes.subarray(0, -1)), 'string');
  assert.equal(typeof readLayer(Buffer.concat([bytes, bytes])), 'string');
  assert.equal(typeof readLayer(Buffer.alloc(0)), 'string');
});

void test('a head is read as it was written, and no other', () => {
  const ref: StreamRef = { digest: `blake3:${'ab'.repeat(32)}`, bytes: 2 ** 40, depth: 2 };
  const head = { pageBytes: 8192, bytes: 2 ** 41 + 1, layers: [{ ref, entries: 7 }] };
  const bytes = writeHead(head);
  assert.deepEqual(readHead(bytes), head);
  const put = (at: number, value: number): Buffer => {
    const other = Buffer.from(bytes);
    other.writeUInt32LE(value, at);
    return other;
  };
  for (const wrong of [
    put(0, 1),
    put(8, 511),
    put(12, 0),
    put(12, 2),
    put(20, 2 ** 31),
    put(60, 2 ** 31),
    put(64, 9),
  ]) {
    assert.equal(typeof readHead(wrong), 'string');
  }
});

void test('random damage to heads and layers ends in IMAGE_DAMAGED or a chunk that is missing, never otherwise', async () => {
  const random = randomFrom(3);
  const below = (limit: number): number => Math.floor(random() * limit);
  const images = createTestImages();
  const content = noise(random, 200 * 512);
  const first = await images.write([content], { pageBytes: 512 });
  content.fill(7, 5000, 9000);
  const ref = await images.write([content], { pageBytes: 512, previous: first });
  const named = new Set<string>();
  const groups = new Set<string>();
  const noting = { read: (hex: string) => images.reader.read((named.add(hex), hex)) };
  for await (const { hex } of listImage(noting, ref, plainStreams)) groups.add(hex);
  const indexChunks = [...named];
  assert.ok(indexChunks.length >= 3 && groups.size > indexChunks.length);
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const hit = indexChunks[below(indexChunks.length)] as string;
    const reader = {
      async read(hex: string) {
        const plain = await images.reader.read(hex);
        return hex === hit ? damage(plain, below) : plain;
      },
    };
    try {
      for await (const _ of listImage(reader, ref, plainStreams));
      let bytes = 0;
      for await (const piece of readImage(reader, ref, plainStreams, 2)) bytes += piece.length;
      assert.equal(bytes, ref.bytes);
    } catch (error) {
      if (!isFailure(error)) throw error;
      assert.ok(
        ['IMAGE_DAMAGED', 'CHUNK_MISSING', 'CHUNK_DAMAGED'].includes(error.code),
        error.code,
      );
      refused++;
    }
  }
  assert.ok(refused > ROUNDS / 4, `${refused}`);
});

function damage(plain: Uint8Array, below: (limit: number) => number): Uint8Array {
  const other = Buffer.from(plain);
  for (let n = below(3); n >= 0; n--) other[below(Math.min(other.length, 400))] = below(256);
  const end = below(8);
  if (end === 0) return other.subarray(0, below(other.length));
  return end === 1 ? Buffer.concat([other, other.subarray(0, below(40))]) : other;
}

void test('layers stay few, and deltas small beside the image', () => {
  const random = randomFrom(4);
  const pages = 100_000;
  let entries: number[] = [];
  let fullAgain = 0;
  for (let step = 0; step < 2000; step++) {
    const fresh = step === 0 ? pages : Math.floor(random() * 300);
    const live = [...entries, fresh];
    const from = firstReplaced({ entries, live, pages, groupsNamed: 1, groupsLive: 1 });
    const merged = from === 0 ? pages : live.slice(from).reduce((sum, count) => sum + count, 0);
    entries = merged === 0 ? entries : [...entries.slice(0, from), merged];
    if (from === 0) fullAgain++;
    assert.ok(entries.length <= LAYERS_MAX);
    assert.ok(entries.slice(1).reduce((sum, count) => sum + count, 0) <= pages / 2);
  }
  assert.ok(fullAgain > 1 && fullAgain < 20, `${fullAgain}`);
  const dead = { entries: [10, 2], live: [4, 1, 1], pages: 6, groupsNamed: 100, groupsLive: 4 };
  assert.equal(firstReplaced(dead), 0);
  const unchanged = { entries: [10, 2], live: [8, 2, 0], pages: 10, groupsNamed: 3, groupsLive: 3 };
  assert.equal(firstReplaced(unchanged), 2);
});
