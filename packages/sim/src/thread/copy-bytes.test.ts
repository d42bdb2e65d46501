import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyBytes } from './index.ts';

test('bytes are copied whole, of any length, and nothing beside them', () => {
  for (const length of [0, 1, 2, 3, 8, 65_537])
    for (const Memory of [SharedArrayBuffer, ArrayBuffer]) {
      const from = new Uint8Array(new Memory(length + 5), 3, length).map((_, at) => at % 251 || 7);
      const source = new Uint8Array(new Memory(length + 5), 3, length);
      source.set(from);
      const all = new Uint8Array(new SharedArrayBuffer(length + 9));
      copyBytes(source, all.subarray(4, 4 + length));
      assert.deepEqual([...all], [0, 0, 0, 0, ...from, 0, 0, 0, 0, 0]);
    }
});
