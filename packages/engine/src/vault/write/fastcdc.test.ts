// Chunks of streams: cut by content, found again behind an insert, never too small or too large, the same however the stream came.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '@stillpoint/core';
import { pieces, randomFrom } from '../test-streams.ts';
import { createChunker } from './chunker.ts';
import { cutSizesOf, gearTableOf } from './fastcdc.ts';

const gear = gearTableOf(Buffer.alloc(32, 7));
const sizes = cutSizesOf(16 * 1024);
const cut = createChunker(gear, sizes);

async function chunksOf(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const chunks: Buffer[] = [];
  for await (const chunk of cut(content)) chunks.push(Buffer.from(chunk));
  return chunks;
}

function randomBytes(seed: number, bytes: number): Buffer {
  const random = randomFrom(seed);
  const content = Buffer.allocUnsafe(bytes);
  for (let at = 0; at < bytes; at++) content[at] = random() * 256;
  return content;
}

describe('content-defined chunks', () => {
  test('are the stream, in order', async () => {
    const content = randomBytes(1, 1_000_003);
    const chunks = await chunksOf([content]);
    assert.equal(Buffer.compare(Buffer.concat(chunks), content), 0);
    assert.ok(chunks.length > 30);
  });

  test('are cut at the same places however the stream comes in pieces', async () => {
    const content = randomBytes(2, 600_000);
    const expected = (await chunksOf([content])).map((chunk) => digestOf(chunk));
    for (const seed of [1, 2]) {
      const found = await chunksOf(pieces(content, randomFrom(seed)));
      assert.deepEqual(
        found.map((chunk) => digestOf(chunk)),
        expected,
      );
    }
    const bytewise = Array.from({ length: 60_000 }, (_, at) => content.subarray(at, at + 1));
    const begun = await chunksOf(bytewise);
    assert.deepEqual(
      begun.slice(0, -1).map((chunk) => digestOf(chunk)),
      expected.slice(0, begun.length - 1),
    );
  });

  test('are neither too small nor too large, and about the average', async () => {
    const lengths = (await chunksOf([randomBytes(3, 8_000_000)])).map(({ length }) => length);
    for (const length of lengths.slice(0, -1)) {
      assert.ok(length > sizes.minBytes && length <= sizes.maxBytes, String(length));
    }
    const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    assert.ok(mean > sizes.averageBytes * 0.8 && mean < sizes.averageBytes * 1.5, String(mean));
    const near = lengths.filter(
      (length) => length > sizes.averageBytes / 2 && length < sizes.averageBytes * 2,
    );
    assert.ok(near.length > lengths.length * 0.8, `${near.length} of ${lengths.length} are near`);
  });

  test('behind an insert and behind a deletion are the same as before', async () => {
    const content = randomBytes(4, 2_000_000);
    const before = new Set((await chunksOf([content])).map((chunk) => digestOf(chunk)));
    const changed = [
      [content.subarray(0, 500_000), Buffer.from('seven b'), content.subarray(500_000)],
      [content.subarray(0, 500_000), content.subarray(500_011)],
      [Buffer.from('x'), content],
    ];
    for (const stream of changed) {
      const after = (await chunksOf(stream)).map((chunk) => digestOf(chunk));
      const fresh = after.filter((digest) => !before.has(digest));
      assert.ok(fresh.length <= 4, `${fresh.length} of ${after.length} chunks are new`);
    }
  });

  test('of one value repeated for ever, and of a short period, stay bounded and equal', async () => {
    const period = Buffer.from('abcdefgh'.repeat(125_000));
    for (const content of [Buffer.alloc(1_000_000), Buffer.alloc(1_000_000, 0xff), period]) {
      const chunks = await chunksOf([content]);
      const lengths = chunks.map(({ length }) => length);
      assert.ok(lengths.slice(0, -1).every((length) => length > sizes.minBytes));
      assert.ok(lengths.every((length) => length <= sizes.maxBytes));
      assert.ok(new Set(chunks.slice(0, -1).map((chunk) => digestOf(chunk))).size <= 8);
    }
  });

  test('of a small stream are one, of an empty stream none', async () => {
    assert.deepEqual(await chunksOf([]), []);
    assert.deepEqual(await chunksOf([Buffer.alloc(0)]), []);
    const small = randomBytes(5, sizes.minBytes);
    assert.deepEqual(await chunksOf([small.subarray(0, 9), small.subarray(9)]), [small]);
  });

  test('depend on the key of the vault', async () => {
    const content = randomBytes(6, 1_000_000);
    const other = createChunker(gearTableOf(Buffer.alloc(32, 8)), sizes);
    const found: number[] = [];
    for await (const chunk of other([content])) found.push(chunk.length);
    const expected = (await chunksOf([content])).map(({ length }) => length);
    assert.notDeepEqual(found, expected);
  });
});
