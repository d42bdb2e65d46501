// Vaults of format 1 as they were written when the format was made, encrypted and not. They stay readable for ever; the fixtures are
// never written again.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { digestOf, isFailure } from '@stillpoint/core';
import type { Store } from '../contract.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, refsOf } from '../test-streams.ts';
import { openVault, type VaultOptions } from '../vault.ts';
import type { Golden } from './write-golden.ts';

async function readGolden(name: string): Promise<{ golden: Golden; store: Store }> {
  const file = new URL(name, import.meta.url);
  const golden = JSON.parse(await readFile(file, 'utf8')) as Golden;
  const store = createMemoryStore();
  for (const [key, content] of Object.entries(golden.objects)) {
    await store.put(key, Buffer.from(content, 'base64'));
  }
  return { golden, store };
}

function optionsOf({ passphrases }: Golden): readonly VaultOptions[] {
  if (passphrases.length === 0) return [{}];
  return passphrases.map((text) => ({ passphrase: Buffer.from(text) }));
}

for (const name of ['format-1-plain.json', 'format-1-encrypted.json']) {
  describe(`the golden vault ${name}`, () => {
    test('is read, every stream and manifest of it', async () => {
      const { golden, store } = await readGolden(name);
      for (const options of optionsOf(golden)) {
        await using vault = await openVault(store, options);
        assert.equal(vault.id, golden.vault);
        for (const { ref, content } of golden.streams) {
          assert.equal(digestOf(await vault.readBytes(ref)), content);
        }
        const entries = await vault.list();
        assert.equal(entries.length, 2);
        for (const entry of entries) {
          const manifest = Buffer.from(await vault.readManifest(entry)).toString();
          assert.equal(manifest, golden.manifests[entry.id]);
        }
        assert.deepEqual([...(await vault.holds())], [golden.held]);
      }
    });

    test('has every shape that a stream can have, and verifies deeply', async () => {
      const { golden, store } = await readGolden(name);
      const refs = golden.streams.map(({ ref }) => ref);
      const depths = new Set(refs.map(({ depth }) => depth));
      assert.ok(depths.has(0) && depths.has(1) && Math.max(...depths) >= 3, 'lists of lists');
      assert.equal(refs.filter(({ pageBytes }) => pageBytes === 512).length, 2);
      await using vault = await openVault(store, optionsOf(golden)[0]);
      const verified = { ...never, deep: true };
      const { objects, damages } = await vault.verify(refsOf(...refs), verified);
      assert.deepEqual(damages, []);
      assert.ok(objects > 30, `${objects}`);
    });

    test('is written to: an image goes on from the one before, and what is there is not stored again', async () => {
      const { golden, store } = await readGolden(name);
      await using vault = await openVault(store, optionsOf(golden)[0]);
      await using session = await vault.openSession(never);
      const { ref } = golden.streams.at(-1)!;
      const sink = session.sink();
      const content = await vault.readBytes(ref);
      const again = await sink.writeStream([content], { pageBytes: 512, previous: ref });
      assert.deepEqual(again, ref);
      assert.equal(sink.stats().bytesStored, 0);
    });
  });
}

test('the encrypted golden vault shows nothing, and is closed without its passphrase', async () => {
  const { golden, store } = await readGolden('format-1-encrypted.json');
  for await (const { key } of store.list('')) {
    const stored = Buffer.from(await store.get(key));
    for (const word of ['golden vault', 'compresses', '"streams"', golden.passphrases[0]!]) {
      assert.equal(stored.includes(word), false, `${key}: ${word}`);
    }
  }
  await assert.rejects(openVault(store), (error) => isFailure(error, 'VAULT_KEY_NEEDED'));
});
