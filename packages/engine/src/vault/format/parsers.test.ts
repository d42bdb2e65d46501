// Whatever bytes a store gives: parsers give what was written or say that it is nothing, with errors of the catalogue only, and with no
// more memory than the format allows. Some of the bytes are sealed right and hostile all the same, as whoever may write to a vault
// that is not encrypted can make them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { canonicalBytes, digestHex, digestOf, isFailure, newSnapshotId } from '@stillpoint/core';
import type { Store } from '../contract.ts';
import { dedupIdOf, openKeys, type VaultKeys } from '../crypto/keys.ts';
import { createSealer, LAST_PART, newSalt, sealWhole, TAG_BYTES } from '../crypto/sealed-object.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, noise, randomFrom, refsOf } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';
import { readChunkList, writeChunkList } from './chunk-list.ts';
import { readDescription, writeDescription } from './description.ts';
import { INDEX_BYTES_MAX, readIndexFile, writeIndexFile } from './index-file.ts';
import { indexKey, packKey, snapshotKey } from './layout.ts';
import {
  CHUNK_BYTES_MAX,
  ENTRY_BYTES,
  FOOTER_BYTES,
  readFooter,
  writeEntry,
  writeFooter,
  type IndexedPack,
  type TableEntry,
} from './pack-table.ts';

const vaultId = '5f0f4c3e-8a1d-4a55-9c1b-0d6a3c1e2b47';
const keys = openKeys(vaultId);
const ROUNDS = 3000;

function mutated(good: Uint8Array, random: () => number): Buffer {
  const bytes = Buffer.from(good);
  for (let n = 0; n < 1 + random() * 3; n++) {
    const at = Math.floor(random() * bytes.length);
    if (random() < 0.3 && at + 4 <= bytes.length) bytes.writeUInt32LE(0xffff_ffff, at);
    else bytes[at] = Math.floor(random() * 256);
  }
  return random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

function tableOf(...entries: readonly TableEntry[]): Buffer {
  const table = Buffer.alloc(entries.length * ENTRY_BYTES);
  for (const [n, entry] of entries.entries()) writeEntry(table, n * ENTRY_BYTES, entry);
  return table;
}

const someEntry: TableEntry = {
  id: 'ab'.repeat(32),
  offset: 48,
  storedBytes: 100,
  plainBytes: 84,
  encoding: 0,
};
const somePack: IndexedPack = {
  hex: 'cd'.repeat(32),
  salt: newSalt(),
  bytes: 400,
  table: tableOf(someEntry, { ...someEntry, id: 'ef'.repeat(32), offset: 148 }),
};

describe('an index file', () => {
  const sealed = (content: Uint8Array, encoding = 0): Buffer =>
    sealWhole(keys, 'SPINDEX1', Buffer.concat([Buffer.of(encoding), content]));

  test('is read as it was written, with two packs or thousands of chunks', () => {
    const many = tableOf(
      ...Array.from({ length: 5000 }, (_, n) => ({ ...someEntry, offset: 48 + 100 * n })),
    );
    const packs = [somePack, { ...somePack, hex: '01'.repeat(32), bytes: 2 ** 40, table: many }];
    for (const written of [[], packs]) {
      const read = readIndexFile(keys, writeIndexFile(keys, written))!;
      assert.equal(read.length, written.length);
      for (const [n, { hex, salt, bytes, table }] of written.entries()) {
        assert.deepEqual([read[n]!.hex, read[n]!.bytes], [hex, bytes]);
        assert.deepEqual(Buffer.from(read[n]!.salt), Buffer.from(salt));
        assert.deepEqual(Buffer.from(read[n]!.table), Buffer.from(table));
      }
    }
  });

  test('sealed right, with any content: packs whose tables lie within it, or nothing', () => {
    const random = randomFrom(1);
    const intro = Buffer.alloc(8);
    intro.writeUInt32LE(1);
    const section = Buffer.alloc(80);
    section.writeUInt32LE(2, 72);
    const content = Buffer.concat([intro, section, somePack.table]);
    assert.equal(readIndexFile(keys, sealed(content))!.length, 1);
    for (let round = 0; round < ROUNDS; round++) {
      const hostile = mutated(content, random);
      for (const pack of readIndexFile(keys, sealed(hostile)) ?? []) {
        assert.equal(pack.table.length % ENTRY_BYTES, 0);
        assert.ok(pack.table.length <= hostile.length);
      }
      assert.doesNotThrow(() => readIndexFile(keys, sealed(hostile, 1)));
      assert.doesNotThrow(() => readIndexFile(keys, mutated(sealed(content), random)));
    }
    assert.equal(readIndexFile(keys, sealed(content, 2)), undefined, 'of another encoding');
    assert.equal(readIndexFile(keys, sealed(Buffer.alloc(0))), undefined);
  });

  test('that would become larger than any is not made so', () => {
    const bomb = zstdCompressSync(Buffer.alloc(INDEX_BYTES_MAX + 1));
    assert.ok(bomb.length < 100_000);
    assert.equal(readIndexFile(keys, sealed(bomb, 1)), undefined);
  });
});

test('the footer of a pack: its own bytes or nothing', () => {
  const good = Buffer.alloc(FOOTER_BYTES);
  writeFooter(good, 0, 3);
  assert.equal(readFooter(good), 3);
  for (let bit = 0; bit < FOOTER_BYTES * 8; bit++) {
    const flipped = Buffer.from(good);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(readFooter(flipped), undefined, `bit ${bit}`);
  }
  const random = randomFrom(2);
  for (let round = 0; round < ROUNDS; round++) {
    const chunks = readFooter(mutated(good, random));
    assert.ok(chunks === undefined || chunks === 3);
  }
  const endless = Buffer.from(good);
  endless.writeUInt32LE(0xffff_ffff, 4);
  assert.equal(readFooter(endless), undefined);
});

test('vault.json: what was written, a newer format, or nothing', () => {
  const good = writeDescription({
    id: vaultId,
    createdAt: '2026-01-02T03:04:05.000Z',
    encryption: 'none',
  });
  assert.ok(readDescription(good) !== undefined);
  for (let bit = 0; bit < good.length * 8; bit++) {
    const flipped = Buffer.from(good);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const found = readDescription(flipped);
    assert.ok(found === undefined || 'tooNew' in found, `bit ${bit}`);
  }
  const random = randomFrom(3);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = mutated(good, random);
    if (bytes.equals(good)) continue;
    const found = readDescription(bytes);
    assert.ok(found === undefined || 'tooNew' in found);
  }
  const padded = Buffer.concat([good, Buffer.alloc(5000, ' ')]);
  assert.equal(readDescription(padded), undefined);
  assert.equal(
    readDescription(canonicalBytes({ ...JSON.parse(Buffer.from(good).toString()), a: 1 })),
    undefined,
  );
});

test('a chunk list: entries that sum up, none of them empty, or nothing', () => {
  const entry = { hex: 'ab'.repeat(32), bytes: 10 };
  const list = writeChunkList([entry, entry]);
  assert.deepEqual(readChunkList(list, 20), [entry, entry]);
  assert.equal(readChunkList(list, 21), undefined);
  assert.equal(readChunkList(list.subarray(1), 20), undefined);
  assert.equal(readChunkList(Buffer.alloc(0), 0), undefined);
  // A list of lists of nothing would be walked for ever.
  assert.equal(readChunkList(writeChunkList([{ ...entry, bytes: 0 }]), 0), undefined);
  const huge = { ...entry, bytes: 2 ** 53 };
  assert.equal(readChunkList(writeChunkList([huge]), 2 ** 53), undefined);
  const random = randomFrom(4);
  for (let round = 0; round < ROUNDS; round++) {
    const entries = readChunkList(mutated(list, random), 20);
    assert.ok(entries === undefined || entries.length * 40 <= list.length);
  }
});

describe('in a vault that is not encrypted', () => {
  interface Forged {
    readonly store: Store;
    readonly keys: VaultKeys;
  }

  async function begin(): Promise<Forged> {
    const store = createMemoryStore();
    await using vault = await createVault(store);
    return { store, keys: openKeys(vault.id) };
  }

  /** A chunk in a pack and an index of it, sealed right; the entry says what it likes. */
  async function forge(
    forged: Forged,
    plain: Uint8Array,
    entry: Partial<TableEntry>,
    body = plain,
  ): Promise<void> {
    const salt = newSalt();
    const sealer = createSealer(forged.keys, 'SPPACK01', salt);
    const table = tableOf({
      id: dedupIdOf(forged.keys, digestOf(plain)),
      offset: sealer.header.length,
      storedBytes: body.length + TAG_BYTES,
      plainBytes: plain.length,
      encoding: 0,
      ...entry,
    });
    const footer = Buffer.alloc(FOOTER_BYTES);
    writeFooter(footer, 0, 1);
    const parts = [sealer.header, sealer.seal(0, body), sealer.seal(LAST_PART, table), footer];
    const stored = Buffer.concat(parts);
    const hex = digestHex(digestOf(stored));
    await forged.store.put(packKey(hex), stored);
    const index = writeIndexFile(forged.keys, [{ hex, salt, bytes: stored.length, table }]);
    await forged.store.put(indexKey(digestHex(digestOf(index))), index);
  }

  const plain = noise(randomFrom(9), 3000);
  const ref = { digest: digestOf(plain), bytes: plain.length, depth: 0 };

  test('a chunk whose entry is right is read', async () => {
    const forged = await begin();
    await forge(forged, plain, {});
    await using vault = await openVault(forged.store);
    assert.deepEqual(Buffer.from(await vault.readBytes(ref)), plain);
  });

  const lies: readonly (readonly [string, Partial<TableEntry>, Uint8Array?])[] = [
    ['grows to gigabytes', { plainBytes: 0xffff_ffff, encoding: 1 }],
    ['is said to be larger than any', { plainBytes: CHUNK_BYTES_MAX + 1 }],
    ['takes more than it has', { storedBytes: 0xffff_ffff }],
    ['takes less than a seal', { storedBytes: 3 }],
    ['lies behind the end of its pack', { offset: 0xffff_0000 }],
    ['lies somewhere else in its pack', { offset: 0 }],
    ['is of an unknown encoding', { encoding: 7 }],
    ['decompresses without end', { encoding: 1 }, zstdCompressSync(Buffer.alloc(64 * 1024 * 1024))],
    ['does not decompress', { encoding: 1 }],
    ['is another', {}, Buffer.alloc(3000, 1)],
  ];
  for (const [how, entry, body] of lies) {
    test(`a chunk that ${how} is damage`, async () => {
      const forged = await begin();
      await forge(forged, plain, entry, body);
      await using vault = await openVault(forged.store);
      await assert.rejects(vault.readBytes(ref), (error) => isFailure(error, 'CHUNK_DAMAGED'));
      const { damages } = await vault.verify(refsOf(ref), { ...never, deep: true });
      assert.ok(damages.length > 0);
    });
  }

  test("any bytes under right names: listed, refused by errors of the catalogue, and in nobody's way", async () => {
    const forged = await begin();
    const random = randomFrom(6);
    await forge(forged, plain, {});
    const samples = await Array.fromAsync(forged.store.list('index/'), ({ key }) =>
      forged.store.get(key),
    );
    for (let round = 0; round < 60; round++) {
      const content = mutated(samples[0]!, random);
      const hex = digestHex(digestOf(content));
      await forged.store.put(indexKey(hex), content);
      await forged.store.put(packKey(hex), content);
      await forged.store.put(snapshotKey(newSnapshotId(), digestOf(content)), content);
    }
    await using vault = await openVault(forged.store);
    assert.deepEqual(Buffer.from(await vault.readBytes(ref)), plain);
    const entries = await vault.list();
    assert.equal(entries.length, 60);
    for (const entry of entries) {
      await assert.rejects(vault.readManifest(entry), (error) =>
        isFailure(error, 'MANIFEST_DAMAGED'),
      );
    }
    const { damages } = await vault.verify(refsOf(ref), { ...never, deep: true });
    assert.ok(damages.every(({ key }) => key.startsWith('index/')));
    assert.ok(damages.length >= 50);
  });
});
