// Sealed objects: nothing but the exact bytes under the exact key, kind and part number opens.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf } from '@stillpoint/core';
import { randomFrom } from '../test-streams.ts';
import { dedupIdOf, newKeys, openKeys, type VaultKeys } from './keys.ts';
import {
  createOpener,
  createSealer,
  HEADER_BYTES,
  LAST_PART,
  newSalt,
  openWhole,
  saltOf,
  sealWhole,
  TAG_BYTES,
} from './sealed-object.ts';

const kinds: readonly (readonly [string, () => VaultKeys])[] = [
  ['encrypted', newKeys],
  ['none', () => openKeys('5f0f4c3e-8a1d-4a55-9c1b-0d6a3c1e2b47')],
];

for (const [name, make] of kinds) {
  describe(`with keys of kind ${name}`, () => {
    test('parts come back by their numbers, of any size', () => {
      const keys = make();
      const salt = newSalt();
      const sealer = createSealer(keys, 'SPPACK01', salt);
      const opener = createOpener(keys, 'SPPACK01', salt);
      for (const [part, bytes] of [
        [0, 0],
        [1, 1],
        [16_383, 70_000],
        [LAST_PART, 48],
      ] as const) {
        const plain = Buffer.alloc(bytes, part);
        const stored = sealer.seal(part, plain);
        assert.equal(stored.length, bytes + TAG_BYTES);
        assert.deepEqual(opener.open(part, stored), plain);
        assert.equal(opener.open(part === 0 ? 1 : 0, stored), undefined, 'as another part');
      }
      assert.equal(opener.open(0, Buffer.alloc(TAG_BYTES - 1)), undefined);
      assert.equal(opener.open(0, Buffer.alloc(0)), undefined);
    });

    test('every flipped bit of a whole object is found', () => {
      const keys = make();
      const stored = sealWhole(keys, 'SPSNAP01', Buffer.from('{"id":"a1b2c3d4e5f6"}'));
      assert.ok(openWhole(keys, 'SPSNAP01', stored) !== undefined);
      for (let bit = 0; bit < stored.length * 8; bit++) {
        const flipped = Buffer.from(stored);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(openWhole(keys, 'SPSNAP01', flipped), undefined, `bit ${bit}`);
      }
    });

    test('what is cut off or has more behind it does not open', () => {
      const keys = make();
      const stored = sealWhole(keys, 'SPSNAP01', Buffer.from('{}'));
      for (let bytes = 0; bytes < stored.length; bytes++) {
        assert.equal(openWhole(keys, 'SPSNAP01', stored.subarray(0, bytes)), undefined);
      }
      assert.equal(openWhole(keys, 'SPSNAP01', Buffer.concat([stored, Buffer.of(0)])), undefined);
    });

    test('sealed again it has the same bytes; another content has another salt', () => {
      const keys = make();
      const [once, again, other] = ['{}', '{}', '{"a":1}'].map((text) =>
        sealWhole(keys, 'SPSNAP01', Buffer.from(text)),
      );
      assert.ok(once !== undefined && again !== undefined && other !== undefined);
      assert.deepEqual(again, once);
      const [a, b] = [once, other].map((stored) => saltOf(keys, 'SPSNAP01', stored));
      assert.notDeepEqual(a, b);
      const local = sealWhole(keys, 'SPLOCAL1', Buffer.from('{}'));
      assert.notDeepEqual(saltOf(keys, 'SPLOCAL1', local), a, 'and so has another kind');
    });

    test('a whole object opens neither as another kind nor with other keys', () => {
      const keys = make();
      const stored = sealWhole(keys, 'SPSNAP01', Buffer.from('{}'));
      assert.equal(openWhole(keys, 'SPINDEX1', stored), undefined);
      assert.equal(saltOf(keys, 'SPPACK01', stored), undefined);
      const elsewhere = name === 'encrypted' ? newKeys() : openKeys('another vault');
      assert.equal(openWhole(elsewhere, 'SPSNAP01', stored), undefined);
      for (const [, others] of kinds.filter(([kind]) => kind !== name)) {
        assert.equal(openWhole(others(), 'SPSNAP01', stored), undefined, 'of the other cipher');
      }
    });

    test('parts of two objects under one key are not exchanged for each other', () => {
      const keys = make();
      const [one, two] = [newSalt(), newSalt()];
      const plain = Buffer.from('the same in both');
      const stored = createSealer(keys, 'SPPACK01', one).seal(0, plain);
      assert.notDeepEqual(createSealer(keys, 'SPPACK01', two).seal(0, plain), stored);
      assert.equal(createOpener(keys, 'SPPACK01', two).open(0, stored), undefined);
    });

    test('any bytes are refused without an exception', () => {
      const keys = make();
      const random = randomFrom(8);
      const good = sealWhole(keys, 'SPINDEX1', Buffer.alloc(300, 7));
      for (let round = 0; round < 500; round++) {
        const bytes = Buffer.from(good.subarray(0, Math.floor(random() * (good.length + 1))));
        for (let n = 0; n < bytes.length / 20; n++) {
          bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
        }
        if (bytes.equals(good)) continue;
        assert.equal(openWhole(keys, 'SPINDEX1', bytes), undefined);
      }
    });
  });
}

test('an encrypted object shows nothing of its content, a plain one hides nothing', () => {
  const secret = Buffer.from('the only copy of their work');
  const salt = newSalt();
  const keys = newKeys();
  const header = createSealer(keys, 'SPPACK01', salt).header;
  assert.equal(header.length, HEADER_BYTES);
  assert.equal(createSealer(keys, 'SPPACK01', salt).seal(0, secret).includes('copy'), false);
  assert.ok(createSealer(openKeys('x'), 'SPPACK01', salt).seal(0, secret).includes('copy'));
});

test('a dedup id is that of one vault: another has another for the same bytes', () => {
  const digest = digestOf(Buffer.from('known file'));
  const keys = newKeys();
  assert.equal(dedupIdOf(keys, digest), dedupIdOf({ ...keys }, digest));
  assert.match(dedupIdOf(keys, digest), /^[0-9a-f]{64}$/);
  const ids = [keys, newKeys(), openKeys('a'), openKeys('b')].map((one) => dedupIdOf(one, digest));
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(ids.includes(digest.slice(-64)), false);
});
