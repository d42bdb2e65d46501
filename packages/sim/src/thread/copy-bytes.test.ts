// Copies are whole, whatever their length. STILLPOINT_SOAK: also of more bytes than 32 bits can count.
import assert from 'node:assert/strict';
import { freemem } from 'node:os';
import { test } from 'node:test';
import { copyBytes } from './index.ts';

const GIB = 2 ** 30;
const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const skip = !soak ? 'runs in the soak' : freemem() < 12 * GIB && 'there are no 12 GiB of memory';

test('bytes are copied whole, of any length, and nothing beside them', () => {
  for (const [length, pieceBytes] of [
    ...[0, 1, 2, 3, 8, 65_537].map((one) => [one, undefined] as const),
    ...[1, 2, 7, 999, 1000, 1001].map((one) => [1000, one] as const),
  ])
    for (const Memory of [SharedArrayBuffer, ArrayBuffer]) {
      const from = new Uint8Array(new Memory(length + 5), 3, length).map((_, at) => at % 251 || 7);
      const source = new Uint8Array(new Memory(length + 5), 3, length);
      source.set(from);
      const all = new Uint8Array(new SharedArrayBuffer(length + 9));
      copyBytes(source, all.subarray(4, 4 + length), pieceBytes);
      assert.deepEqual([...all], [0, 0, 0, 0, ...from, 0, 0, 0, 0, 0]);
    }
});

test('an array of more than eight gigabytes is copied to its last byte', { skip }, () => {
  const bytes = 9 * GIB + 3;
  const source = new Uint8Array(new SharedArrayBuffer(bytes));
  const marks = [0, 3, GIB, 4 * GIB - 1, 4 * GIB, 4.5 * GIB + 1, 8 * GIB + 7, bytes - 1];
  for (const at of marks) source[at] = 1 + (at % 200);
  const target = new Uint8Array(new SharedArrayBuffer(bytes));
  copyBytes(source, target);
  assert.deepEqual(
    marks.map((at) => target[at]),
    marks.map((at) => 1 + (at % 200)),
  );
});
