// Nothing in a vault changes unseen: a flipped bit, a cut, a file put in the place of another or brought from another vault is found in
// every kind of object, told by its name, and what can still be read is read right. On the golden vaults, so on every shape.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { digestOf, isFailure, silent, type StillpointError } from '@stillpoint/core';
import type { Store, StoreKey } from './contract.ts';
import { writeGolden, type Golden } from './golden/write-golden.ts';
import { createMemoryStore } from './stores/memory.ts';
import { never, randomFrom, refsOf } from './test-streams.ts';
import { openVault } from './vault.ts';

/** Of each of the two vaults; the soak looks at 2,000 in all. */
const POSITIONS = process.env['STILLPOINT_SOAK'] === undefined ? 200 : 1000;

interface Fixture {
  readonly golden: Golden;
  readonly store: Store;
  readonly objects: ReadonlyMap<StoreKey, Buffer>;
}

function fixtureOf(golden: Golden): Fixture {
  const objects = Object.entries(golden.objects).map(
    ([key, content]) => [key, Buffer.from(content, 'base64')] as const,
  );
  return { golden, store: createMemoryStore(), objects: new Map(objects) };
}

async function readFixture(name: string): Promise<Fixture> {
  const file = new URL(`golden/format-1-${name}.json`, import.meta.url);
  const fixture = fixtureOf(JSON.parse(await readFile(file, 'utf8')) as Golden);
  for (const [key, content] of fixture.objects) await fixture.store.put(key, content);
  return fixture;
}

interface Looked {
  /** All packs are read, whether a stream names them or not; and all content that can be. */
  readonly whole: boolean;
  /** false: only what shows without reading packs whole. */
  readonly deep?: boolean;
}

/** The keys of everything that opening, reading every manifest and verifying deeply complain about. Never a wrong byte. */
async function complaints(
  { golden, store }: Fixture,
  { whole, deep = true }: Looked,
): Promise<ReadonlySet<StoreKey>> {
  const found = new Set<StoreKey>();
  const complain = (error: unknown): void => {
    if (!isFailure(error)) throw error;
    for (const key of keysIn(error)) found.add(key);
  };
  const [text] = golden.passphrases;
  const options = text === undefined ? {} : { passphrase: Buffer.from(text) };
  try {
    await using vault = await openVault(store, { ...options, tuning: { readAhead: 2 } });
    for (const entry of await vault.list()) {
      try {
        const manifest = await vault.readManifest(entry);
        assert.equal(Buffer.from(manifest).toString(), golden.manifests[entry.id]);
      } catch (error) {
        complain(error);
      }
    }
    const refs = golden.streams.map(({ ref }) => ref);
    const { damages } = await vault.verify(refsOf(...refs), { ...never, deep });
    for (const { key } of damages) found.add(key);
    // That chunks are in no index any more follows from the index that is named, and is told too.
    if ([...found].some((key) => key !== 'index/' && key.startsWith('index/')))
      found.delete('index/');
    if (!whole) return found;
    const all = { share: 1, now: new Date(), progress: silent, ...never };
    for (const { key } of (await vault.checkPacks(all)).damages()) found.add(key);
    for (const { ref, content } of golden.streams) {
      await vault.readBytes(ref).then((bytes) => assert.equal(digestOf(bytes), content), complain);
    }
  } catch (error) {
    complain(error);
  }
  return found;
}

function keysIn(error: StillpointError): readonly StoreKey[] {
  if (error.code === 'VAULT_KEY_LOST') return error.message.match(/keys\/[0-9a-f]{16}/g) ?? [];
  if (error.code === 'VAULT_KEY_WRONG') {
    return error.message.match(/keys\/[0-9a-f]{16}(?= \(damaged\))/g) ?? [];
  }
  return error.code.startsWith('VAULT_') ? ['vault.json'] : [String(error.data['key'])];
}

async function found(
  fixture: Fixture,
  [key, content]: readonly [StoreKey, Uint8Array],
  how: string,
  looked: Looked = { whole: false, deep: prefixOf(key) === 'packs' },
): Promise<void> {
  await fixture.store.put(key, content);
  assert.deepEqual([...(await complaints(fixture, looked))], [key], how);
  await fixture.store.put(key, fixture.objects.get(key)!);
}

/** A hold is there or it is not: what it says means nothing. */
function guarded({ objects }: Fixture): readonly StoreKey[] {
  return [...objects.keys()].filter((key) => !key.startsWith('holds/'));
}

function prefixOf(key: StoreKey): string {
  return key.split('/')[0]!;
}

for (const name of ['plain', 'encrypted']) {
  describe(`the ${name} vault`, () => {
    test('is whole as it is', async () => {
      assert.deepEqual([...(await complaints(await readFixture(name), { whole: true }))], []);
    });

    test(`${POSITIONS} flipped bits over all kinds of objects are found and attributed`, async () => {
      const fixture = await readFixture(name);
      const random = randomFrom(name.length);
      const keys = guarded(fixture);
      const places: (readonly [StoreKey, number])[] = [];
      for (const key of keys) {
        const bits = fixture.objects.get(key)!.length * 8;
        // The first and the last bits of each, where headers and footers are, then anywhere.
        for (let n = 0; n < 16; n++) places.push([key, Math.floor((n / 16) * 64)]);
        for (let n = 0; n < 16; n++) places.push([key, bits - 1 - n * 12]);
      }
      while (places.length < POSITIONS) {
        const key = keys[Math.floor(random() * keys.length)]!;
        places.push([key, Math.floor(random() * fixture.objects.get(key)!.length * 8)]);
      }
      for (const [n, [key, bit]] of places.entries()) {
        const flipped = Buffer.from(fixture.objects.get(key)!);
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        await found(
          fixture,
          [key, flipped],
          `bit ${bit} of ${key}`,
          n % 20 === 0 ? { whole: true } : undefined,
        );
      }
    });

    test('what is cut off, emptied or has more behind it is found', async () => {
      const fixture = await readFixture(name);
      const random = randomFrom(5);
      for (const key of guarded(fixture)) {
        const good = fixture.objects.get(key)!;
        const cuts = [0, 1, 16, 47, 48, good.length - 25, good.length - 1];
        for (let n = 0; n < 5; n++) cuts.push(Math.floor(random() * good.length));
        for (const bytes of cuts) {
          const cut = good.subarray(0, Math.max(0, bytes));
          await found(fixture, [key, cut], `${key} cut to ${bytes} bytes`);
        }
        await found(fixture, [key, Buffer.concat([good, Buffer.of(0)])], `${key} made longer`);
      }
    });

    test('objects that changed places are found, both of them', async () => {
      const fixture = await readFixture(name);
      const keys = guarded(fixture);
      for (const one of keys) {
        for (const other of keys.filter((key) => key > one && prefixOf(key) === prefixOf(one))) {
          await fixture.store.put(one, fixture.objects.get(other)!);
          await fixture.store.put(other, fixture.objects.get(one)!);
          const told = await complaints(fixture, { whole: true });
          assert.deepEqual([...told].toSorted(), [one, other], `${one} and ${other}`);
          for (const key of [one, other]) await fixture.store.put(key, fixture.objects.get(key)!);
        }
      }
    });

    test('objects of another vault, whole and under their right names, are found', async () => {
      const fixture = await readFixture(name);
      const other = fixtureOf(await writeGolden(fixture.golden.passphrases[0]));
      const strange = [...other.objects].filter(([key]) => /^(index|snapshots)\//.test(key));
      assert.ok(strange.length >= 4);
      for (const [key, content] of strange) {
        await fixture.store.put(key, content);
        assert.deepEqual([...(await complaints(fixture, { whole: false }))], [key], key);
        await fixture.store.delete(key);
      }
      // A pack that nothing names is garbage, and a slot that is of another vault opens nothing: both harm nobody.
      for (const [key, content] of other.objects) {
        if (!/^(packs|keys)\//.test(key)) continue;
        await fixture.store.put(key, content);
        assert.deepEqual([...(await complaints(fixture, { whole: false }))], [], key);
        await fixture.store.delete(key);
      }
    });
  });
}
