import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { digestFromHex } from '@stillpoint/core';
import { dedupIdOf, newKeys, openKeys, type VaultKeys } from '../crypto/keys.ts';
import { ENTRY_BYTES, writeEntry, type IndexedPack } from '../format/pack-table.ts';
import { createChunkIndex } from './chunk-index.ts';

/** 64 hex digits for a number, always the same. */
function digest(n: number): string {
  return createHash('sha256').update(`chunk ${n}`).digest('hex');
}

function packOf(keys: VaultKeys, chunks: readonly number[]): IndexedPack {
  const table = Buffer.alloc(chunks.length * ENTRY_BYTES);
  for (const [part, n] of chunks.entries()) {
    const id = dedupIdOf(keys, digestFromHex(digest(n)));
    const place = { offset: part * 100, storedBytes: n + 16, plainBytes: n, encoding: n % 2 };
    writeEntry(table, part * ENTRY_BYTES, { id, ...place });
  }
  return { hex: randomBytes(32).toString('hex'), salt: randomBytes(32), bytes: 1000, table };
}

test('every chunk of many packs is found where it lies, and no other', () => {
  const keys = newKeys();
  const index = createChunkIndex(keys);
  const packs: IndexedPack[] = [];
  // From one chunk a pack to hundreds; past the sizes at which the table grows.
  for (let n = 0, size = 1; n < 5000; n += size, size = (size * 7) % 311) {
    const pack = packOf(
      keys,
      Array.from({ length: size }, (_, part) => n + part),
    );
    assert.equal(index.addPack(pack), true);
    packs.push(pack);
  }
  let n = 0;
  for (const pack of packs) {
    assert.ok(index.hasPack(pack.hex));
    for (let part = 0; part < pack.table.length / ENTRY_BYTES; part++, n++) {
      assert.ok(index.has(digest(n)));
      const [found, ...more] = index.locate(digest(n));
      assert.deepEqual(more, []);
      assert.deepEqual(found, {
        hex: digest(n),
        pack: { hex: pack.hex, salt: pack.salt, bytes: pack.bytes },
        part,
        offset: part * 100,
        storedBytes: n + 16,
        plainBytes: n,
        encoding: n % 2,
      });
    }
  }
  for (let unknown = n; unknown < n + 1000; unknown++) {
    assert.equal(index.has(digest(unknown)), false);
    assert.deepEqual(index.locate(digest(unknown)), []);
  }
  assert.equal(createChunkIndex(openKeys('another')).has(digest(0)), false);
});

test('of the copies of a chunk the latest comes first, also after the table has grown', () => {
  const keys = openKeys('a vault');
  const index = createChunkIndex(keys);
  const copies = [1, 2, 3].map(() => packOf(keys, [7, 8]));
  for (const pack of copies) index.addPack(pack);
  const latestFirst = copies.map(({ hex }) => hex).toReversed();
  const found = (): string[] => index.locate(digest(7)).map(({ pack }) => pack.hex);
  assert.deepEqual(found(), latestFirst);
  index.addPack(
    packOf(
      keys,
      Array.from({ length: 4000 }, (_, n) => 100 + n),
    ),
  );
  assert.deepEqual(found(), latestFirst);
});

test('a pack that is added twice counts once, and what it was cut from may be used again', () => {
  const keys = openKeys('a vault');
  const index = createChunkIndex(keys);
  const pack = packOf(keys, [1, 2]);
  const content = Buffer.concat([pack.table, randomBytes(100)]);
  const cut = { ...pack, table: content.subarray(0, pack.table.length) };
  assert.equal(index.addPack(cut), true);
  content.fill(0);
  assert.equal(index.addPack(cut), false);
  assert.equal(index.locate(digest(1)).length, 1);
  assert.equal(index.locate(digest(2))[0]?.part, 1);
});

test('ids that begin alike are told apart', () => {
  const keys = openKeys('a vault');
  const index = createChunkIndex(keys);
  const real = packOf(keys, [1]);
  const like = Buffer.from(real.table);
  like.writeUInt8(like.readUInt8(31) ^ 1, 31);
  index.addPack({ ...packOf(keys, [2]), table: like });
  assert.equal(index.has(digest(1)), false);
  index.addPack(real);
  assert.deepEqual(
    index.locate(digest(1)).map(({ pack }) => pack.hex),
    [real.hex],
  );
});
