// The shuffle: the vectors do what the plain one does, for every length and there and back, and are what their text says.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { SHUFFLE_BYTES } from './bytes.ts';
import { createPlainShuffler, createVectorShuffler } from './shuffle.ts';
import { randomFrom } from '../checkpoint/testing/states.ts';

const vectors = createVectorShuffler();
assert.ok(vectors !== undefined, 'this Node has no vectors');
const plain = createPlainShuffler();

test('vectors give the plain shuffle’s bytes, and have them back', () => {
  const random = randomFrom(7);
  for (const size of [2, 4, 8]) {
    for (const count of [0, 1, 15, 16, 17, 31, 32, 100, 1000, 4099, SHUFFLE_BYTES / size]) {
      const bytes = count * size;
      const content = Uint8Array.from({ length: bytes }, () => random());
      for (const one of [plain, vectors]) one.input.set(content);
      for (const one of [plain, vectors]) one.shuffle(size, bytes);
      const expected = plain.output.slice(0, bytes);
      const where = `${count} numbers of ${size} bytes`;
      assert.equal(Buffer.compare(vectors.output.subarray(0, bytes), expected), 0, where);
      for (const one of [plain, vectors]) {
        one.input.set(expected);
        one.unshuffle(size, bytes);
        assert.equal(Buffer.compare(one.output.subarray(0, bytes), content), 0, where);
      }
    }
  }
});

test('numbers of three bytes are refused', () => {
  assert.throws(() => vectors.shuffle(3, 9), RangeError);
});

test('the bytes that are here are those of shuffle.wat', async () => {
  // A tool of the house, which lies outside of the package.
  const tool = new URL('../../../../tools/shuffle.ts', import.meta.url).href;
  const { renderShuffleModule, SHUFFLE_MODULE } = (await import(tool)) as {
    renderShuffleModule: () => Promise<string>;
    SHUFFLE_MODULE: string;
  };
  assert.equal(await readFile(SHUFFLE_MODULE, 'utf8'), await renderShuffleModule());
});
