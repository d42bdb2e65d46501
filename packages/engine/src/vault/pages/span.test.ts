// What a thread says of a span of pages.
import assert from 'node:assert/strict';
import test from 'node:test';
import { digestHex, digestOf } from '@stillpoint/core';
import { noise, randomFrom } from '../test-streams.ts';
import { GROUP_BYTES, PAGE_HASH_BYTES, ZERO_PAGE } from './page.ts';
import { encodeSpan } from './span.ts';
import { keepPlain } from './testkit.ts';

const pageBytes = 4096;

void test('pages are named by BLAKE3, and only those that differ are gathered, in order', () => {
  const bytes = noise(randomFrom(1), 100 * pageBytes + 7);
  bytes.fill(0, 40 * pageBytes, 42 * pageBytes);
  const first = encodeSpan({ pageBytes, content: { bytes } }, keepPlain);
  assert.equal(first.changed.length, 101);
  for (const page of [0, 40, 41, 99, 100]) {
    const digest = digestHex(digestOf(bytes.subarray(page * pageBytes, (page + 1) * pageBytes)));
    const at = page * PAGE_HASH_BYTES;
    assert.equal(
      Buffer.from(first.hashes).toString('hex', at, at + PAGE_HASH_BYTES),
      digest.slice(0, 2 * PAGE_HASH_BYTES),
    );
  }
  assert.deepEqual([...first.groupOf.subarray(39, 43)], [1, ZERO_PAGE, ZERO_PAGE, 1]);
  assert.ok(first.groups.every(({ plainBytes }) => plainBytes <= GROUP_BYTES));

  const before = Buffer.from(bytes);
  const changed = [3, 4, 5, 40, 77, 100];
  for (const page of changed) bytes[page * pageBytes + 1]! ^= 1;
  const next = encodeSpan({ pageBytes, content: { bytes }, previous: first.hashes }, keepPlain);
  assert.deepEqual([...next.changed], changed);
  assert.deepEqual([...next.groupOf], [0, 0, 0, 0, 0, 0]);
  assert.deepEqual([...next.slotOf], [0, 1, 2, 3, 4, 5]);
  const wanted = changed.map((page) => bytes.subarray(page * pageBytes, (page + 1) * pageBytes));
  assert.deepEqual(Buffer.from(next.groups[0]!.body), Buffer.concat(wanted));

  const back = encodeSpan(
    { pageBytes, content: { bytes: before }, previous: first.hashes },
    keepPlain,
  );
  assert.equal(back.changed.length, 0);
  assert.equal(back.groups.length, 0);
  const grown = encodeSpan(
    {
      pageBytes,
      content: { bytes: before },
      previous: first.hashes.subarray(0, 90 * PAGE_HASH_BYTES),
    },
    keepPlain,
  );
  assert.deepEqual(
    [...grown.changed],
    Array.from({ length: 11 }, (_, n) => 90 + n),
  );
});
