// Key slots: who has a passphrase opens the vault, nobody else does, and no order of deaths loses the keys.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canonicalBytes, digestOf, isFailure, systemClock, type ErrorCode } from '@stillpoint/core';
import type { Store, Vault } from '../contract.ts';
import { beginVault, describeVault } from '../describe.ts';
import { createFaultyStore } from '../stores/faulty.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, randomFrom } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';
import { defaultCost, readSlot, unwrapKeys, wrapKeys, type Cost } from './key-slot.ts';
import { addSlot, listSlots, removeSlot, unlock } from './key-slots.ts';
import { createKeyring } from './keyring.ts';
import { newKeys } from './keys.ts';

/** Milliseconds instead of half a second. */
const cost: Cost = { n: 16, r: 1, p: 1 };
const vaultId = '5f0f4c3e-8a1d-4a55-9c1b-0d6a3c1e2b47';
const phrase = (text: string): Uint8Array => Buffer.from(text.padEnd(16, '.'));
const first = phrase('correct horse');
const second = phrase('battery staple');
const code =
  (expected: ErrorCode) =>
  (error: unknown): boolean =>
    isFailure(error, expected);

const make = (store: Store, passphrase = first): Promise<Vault> =>
  createVault(store, { encryption: { passphrase, cost } });

async function keysOf(store: Store, prefix: string): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
}

describe('a slot', () => {
  const options = { name: '0123456789abcdef', vault: vaultId, label: null, cost };
  const createdAt = '2026-01-02T03:04:05.000Z';

  test('opens with its passphrase, and with no other', async () => {
    const keys = newKeys();
    const stored = await wrapKeys(keys, first, { ...options, createdAt });
    const slot = readSlot(options.name, stored);
    assert.ok(slot !== undefined);
    assert.deepEqual(await unwrapKeys(slot, options.name, first), {
      ...keys,
      idKey: Buffer.from(keys.idKey),
      dataKey: Buffer.from(keys.dataKey),
    });
    assert.equal(await unwrapKeys(slot, options.name, second), undefined);
    assert.equal(await unwrapKeys(slot, 'f123456789abcdef', first), undefined, 'another name');
    const elsewhere = { ...slot, vault: '6f0f4c3e-8a1d-4a55-9c1b-0d6a3c1e2b47' };
    assert.equal(await unwrapKeys(elsewhere, options.name, first), undefined, 'another vault');
  });

  test('every flipped bit is found without a passphrase', async () => {
    const stored = await wrapKeys(newKeys(), first, { ...options, label: 'laptop', createdAt });
    for (let bit = 0; bit < stored.length * 8; bit++) {
      const flipped = Buffer.from(stored);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      assert.equal(readSlot(options.name, flipped), undefined, `bit ${bit}`);
    }
    for (let bytes = 0; bytes < stored.length; bytes++) {
      assert.equal(readSlot(options.name, stored.subarray(0, bytes)), undefined);
    }
    assert.equal(readSlot('f123456789abcdef', stored), undefined, 'under another name');
  });

  test('costs what it must: half a second and 128 MiB for whoever guesses', () => {
    assert.deepEqual(defaultCost, { n: 131_072, r: 8, p: 1 });
  });

  test('that asks for memory or time without end is not tried', async () => {
    const greedy: readonly Cost[] = [
      { n: 2 ** 30, r: 8, p: 1 },
      { n: 2 ** 17, r: 1024, p: 1 },
      { n: 16, r: 2 ** 20, p: 16 },
      { n: 16, r: 8, p: 1000 },
      { n: 1000, r: 8, p: 1 },
      { n: 2 ** 16, r: 1, p: 1 },
      { n: 0, r: 0, p: 0 },
    ];
    const good = await wrapKeys(newKeys(), first, { ...options, createdAt });
    for (const asked of greedy) {
      const { checksum: _checksum, ...rest } = JSON.parse(Buffer.from(good).toString());
      const slot = { ...rest, kdf: { ...rest.kdf, ...asked } };
      const checksum = digestOf(canonicalBytes({ ...slot, slot: options.name }));
      const hostile = canonicalBytes({ ...slot, checksum });
      assert.equal(readSlot(options.name, hostile), undefined, JSON.stringify(asked));
    }
  });

  test('any bytes are refused without an exception', async () => {
    const good = await wrapKeys(newKeys(), first, { ...options, createdAt });
    const random = randomFrom(21);
    for (let round = 0; round < 1000; round++) {
      const bytes = Buffer.from(good);
      const from = Math.floor(random() * bytes.length);
      for (let n = 0; n < 1 + random() * 4; n++) {
        bytes[from + Math.floor(random() * 8)] = Math.floor(random() * 256);
      }
      const cut = bytes.subarray(0, random() < 0.5 ? undefined : Math.floor(random() * 600));
      if (!cut.equals(good)) assert.equal(readSlot(options.name, cut), undefined);
    }
    for (const text of ['', '{}', '[]', 'null', '{"__proto__":1}', 'x'.repeat(5000)]) {
      assert.equal(readSlot(options.name, Buffer.from(text)), undefined);
    }
  });
});

describe('an encrypted vault', () => {
  test('opens with its passphrase; without one, with another, or a short one it says so', async () => {
    const store = createMemoryStore();
    const { id } = await make(store);
    await using vault = await openVault(store, { passphrase: first });
    assert.deepEqual([vault.id, vault.encryption], [id, 'aes-256-gcm']);
    await assert.rejects(openVault(store), code('VAULT_KEY_NEEDED'));
    await assert.rejects(openVault(store, { passphrase: second }), code('VAULT_KEY_WRONG'));
    const short = Buffer.from('fifteen bytes..');
    await assert.rejects(openVault(store, { passphrase: short }), code('VAULT_KEY_SHORT'));
    await assert.rejects(make(createMemoryStore(), short), code('VAULT_KEY_SHORT'));
    await assert.rejects(
      createVault(store),
      code('VAULT_KEY_NEEDED'),
      'to open is to know the key',
    );
  });

  test('one that is not encrypted refuses a passphrase: who gives one believes in it', async () => {
    const store = createMemoryStore();
    await using plain = await createVault(store);
    assert.deepEqual([plain.encryption, plain.keyring], ['none', undefined]);
    await assert.rejects(openVault(store, { passphrase: first }), code('VAULT_ENCRYPTION_DIFFERS'));
    await assert.rejects(make(store), code('VAULT_ENCRYPTION_DIFFERS'));
  });

  test('shows nothing of what it holds, and holds the same', async () => {
    const store = createMemoryStore();
    await using vault = await make(store);
    await using session = await vault.openSession(never);
    const content = Buffer.from('the only copy of their work '.repeat(3));
    const ref = await session.sink().writeBytes(content);
    const entry = await session.seal('a1b2c3d4e5f6' as never, Buffer.from('{"name":"their work"}'));
    for await (const { key } of store.list('')) {
      const stored = Buffer.from(await store.get(key));
      assert.equal(stored.includes('their work'), false, key);
      assert.equal(stored.includes(Buffer.from(ref.digest.slice(-64), 'hex')), false, key);
    }
    await using again = await openVault(store, { passphrase: first });
    assert.deepEqual(Buffer.from(await again.readBytes(ref)), content);
    assert.equal(Buffer.from(await again.readManifest(entry)).toString(), '{"name":"their work"}');
  });

  test('without a slot it is lost, and says so; with a damaged one it names it', async () => {
    const store = createMemoryStore();
    await make(store);
    const [key = ''] = await keysOf(store, 'keys/');
    const good = await store.get(key);
    const damaged = Uint8Array.from(good);
    damaged[40]! ^= 1;
    await store.put(key, damaged);
    const namesIt = (error: unknown): boolean =>
      isFailure(error, 'VAULT_KEY_LOST') && error.message.includes(key);
    await assert.rejects(openVault(store, { passphrase: first }), namesIt);
    await store.delete(key);
    await assert.rejects(openVault(store, { passphrase: first }), code('VAULT_KEY_LOST'));
  });

  test('a slot that the disk does not give now is no lost key', async () => {
    const store = createMemoryStore();
    await make(store);
    const faulty = createFaultyStore(store, ({ operation, key }) =>
      operation === 'get' && key.startsWith('keys/') ? 'fail' : 'ok',
    );
    await assert.rejects(openVault(faulty, { passphrase: first }), code('VAULT_IO_FAILED'));
  });

  test('verify finds a damaged slot, though another one opens the vault', async () => {
    const store = createMemoryStore();
    await using vault = await make(store);
    const id = vault.id;
    const other = await addSlot(store, newKeys(), {
      vault: id,
      passphrase: second,
      label: null,
      createdAt: systemClock.now().toISOString(),
      cost,
    });
    const key = `keys/${other.name}`;
    await store.put(key, (await store.get(key)).subarray(1));
    const { damages } = await vault.verify((async function* () {})(), { ...never, deep: false });
    assert.deepEqual(
      damages.map((damage) => damage.key),
      [key],
    );
  });

  test('a store with a vault.json that says "none" now is not opened with the passphrase', async () => {
    const store = createMemoryStore();
    await make(store);
    const plain = createMemoryStore();
    await createVault(plain);
    await store.put('vault.json', await plain.get('vault.json'));
    await assert.rejects(openVault(store, { passphrase: first }), code('VAULT_ENCRYPTION_DIFFERS'));
  });
});

describe('beginning a vault', () => {
  test('of many at once, with one passphrase, all open the same vault', async () => {
    const store = createMemoryStore();
    const vaults = await Promise.all(Array.from({ length: 4 }, () => make(store)));
    assert.equal(new Set(vaults.map(({ id }) => id)).size, 1);
    assert.equal((await keysOf(store, 'keys/')).length, 1, 'the slots of the others are gone');
  });

  test('whoever begins it has the keys that its passphrase opens; whoever comes later tries the passphrase', async () => {
    const store = createMemoryStore();
    const begin = () => beginVault(store, { passphrase: first, cost }, systemClock);
    const begun = await begin();
    assert.ok(begun !== undefined);
    const { id, ...rest } = begun;
    assert.deepEqual(await unlock(store, id, first), rest);
    assert.equal(await begin(), undefined);
  });

  test('of two at once with two passphrases one wins, and the other is told', async () => {
    const store = createMemoryStore();
    const results = await Promise.allSettled([make(store, first), make(store, second)]);
    const states = results.map(({ status }) => status).toSorted();
    assert.deepEqual(states, ['fulfilled', 'rejected']);
    for (const result of results) {
      if (result.status === 'rejected') assert.ok(isFailure(result.reason, 'VAULT_KEY_WRONG'));
    }
  });

  test('whatever call fails, before or after it took effect, the next one opens or makes the vault', async () => {
    for (let call = 0; call < 12; call++) {
      for (const phase of ['before', 'after'] as const) {
        const store = createMemoryStore();
        let calls = 0;
        const faulty = createFaultyStore(store, (one) =>
          one.phase === phase && calls++ === call ? 'fail' : 'ok',
        );
        await make(faulty).catch((error: unknown) => assert.match(String(error), /script/));
        await using vault = await make(store);
        const slots = await listSlots(store, vault.id);
        assert.equal(slots.length, 1, `after call ${call} ${phase}`);
        await openVault(store, { passphrase: first });
      }
    }
  });

  test('a slot that a dead creator left opens nothing, and is no obstacle', async () => {
    const store = createMemoryStore();
    const left = { vault: vaultId, passphrase: first, label: null, createdAt: 'x', cost };
    await addSlot(store, newKeys(), left);
    await assert.rejects(openVault(store, { passphrase: first }), code('VAULT_MISSING'));
    await using vault = await make(store);
    assert.equal((await listSlots(store, vault.id)).length, 1);
    await beginVault(store, 'none', systemClock);
    assert.equal((await describeVault(store)).encryption, 'aes-256-gcm', 'begun is begun');
  });
});

describe('the keyring', () => {
  async function withTwo(store: Store): Promise<{ readonly vault: Vault; readonly other: string }> {
    const vault = await make(store);
    const { keys } = await unlock(store, vault.id, first);
    const slot = { vault: vault.id, passphrase: second, label: 'safe', createdAt: 'then', cost };
    const { name } = await addSlot(store, keys, slot);
    return { vault, other: name };
  }

  test('a second slot opens the vault, and the first can go then', async () => {
    const store = createMemoryStore();
    const { other } = await withTwo(store);
    await using vault = await openVault(store, { passphrase: second });
    const keyring = vault.keyring!;
    assert.equal(keyring.opened, other);
    const slots = await keyring.list();
    assert.deepEqual(new Set(slots.map(({ label }) => label)), new Set([null, 'safe']));
    const old = slots.find(({ name }) => name !== other)!;
    await assert.rejects(keyring.remove(other), code('VAULT_KEY_IN_USE'));
    await keyring.remove(old.name);
    await assert.rejects(keyring.remove(old.name), code('VAULT_KEY_SLOT_UNKNOWN'));
    await assert.rejects(openVault(store, { passphrase: first }), code('VAULT_KEY_WRONG'));
    await openVault(store, { passphrase: second });
  });

  test('of two that remove each other, one is put back', async () => {
    const store = createMemoryStore();
    const { vault, other } = await withTwo(store);
    const { opened } = vault.keyring!;
    const removed = await Promise.allSettled([
      removeSlot(store, vault.id, { slot: other, opened }),
      removeSlot(store, vault.id, { slot: opened, opened: other }),
    ]);
    assert.ok(removed.some(({ status }) => status === 'rejected'));
    assert.ok((await listSlots(store, vault.id)).length >= 1);
  });

  test('changing the passphrase: the new one opens, the old one does not, whenever it dies one does', async () => {
    const store = createMemoryStore();
    const { vault } = await withTwo(store);
    const third = phrase('another one');
    const { keys, slot } = await unlock(store, vault.id, first);
    const keyring = createKeyring(store, { vault: vault.id, keys, opened: slot, cost });
    await keyring.change({ passphrase: third, label: null, at: new Date() });
    await assert.rejects(openVault(store, { passphrase: first }), code('VAULT_KEY_WRONG'));
    await openVault(store, { passphrase: second });
    const opened = await unlock(store, vault.id, third);
    assert.equal(opened.slot, keyring.opened);
  });
});
