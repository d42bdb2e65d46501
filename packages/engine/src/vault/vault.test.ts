// What goes into a vault comes out of it, once stored however often it was given.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestHex, digestOf, isFailure, newSnapshotId, type ErrorCode } from '@stillpoint/core';
import type { StreamRef } from '../sources/contract.ts';
import type { Store, Vault } from './contract.ts';
import { createFaultyStore, type Fault, type StoreCall } from './stores/faulty.ts';
import { createMemoryStore } from './stores/memory.ts';
import { createReadonlyStore } from './stores/readonly.ts';
import { never, noise, pieces, randomFrom, refsOf, smallTuning } from './test-streams.ts';
import { createVault, openVault } from './vault.ts';

const make = (store: Store): Promise<Vault> => createVault(store, { tuning: smallTuning });
const code = (name: ErrorCode) => (error: unknown) => isFailure(error, name);
/** Empties the store first. */
async function makeAnew(store: Store): Promise<Vault> {
  for (const { key } of await Array.fromAsync(store.list(''))) await store.delete(key);
  return await make(store);
}
const deep = { ...never, deep: true };

async function write(vault: Vault, content: Uint8Array): Promise<StreamRef> {
  await using session = await vault.openSession(never);
  const ref = await session.sink().writeBytes(content);
  await session.flush();
  return ref;
}

describe('streams', () => {
  test('every size around the borders of chunks and lists comes back, however it is cut', async () => {
    const store = createMemoryStore();
    const random = randomFrom(20260731);
    const { chunkBytes, listEntries } = smallTuning;
    const written: { content: Buffer; ref: StreamRef }[] = [];
    await using vault = await make(store);
    await using session = await vault.openSession(never);
    const sink = session.sink();
    for (const chunks of [0, 1, 2, listEntries, listEntries ** 2, listEntries ** 3]) {
      for (const bytes of [-1, 0, 1].map((more) => chunks * chunkBytes + more)) {
        if (bytes < 0) continue;
        const content = noise(random, bytes);
        const ref = await sink.writeStream(pieces(content, random));
        assert.deepEqual(await sink.writeStream(pieces(content, random)), ref, 'cut the same');
        assert.deepEqual(await sink.writeBytes(content), ref, 'cut the same in one piece');
        assert.equal(ref.bytes, bytes);
        written.push({ content, ref });
      }
    }
    assert.ok(Math.max(...written.map(({ ref }) => ref.depth)) >= 3);
    await session.flush();
    await using reader = await openVault(store, { tuning: { ...smallTuning, blockBytes: 4096 } });
    for (const { content, ref } of written) {
      assert.equal(Buffer.compare(await reader.readBytes(ref), content), 0, `${content.length}`);
    }
    const report = await reader.verify(refsOf(...written.map(({ ref }) => ref)), deep);
    assert.deepEqual(report.damages, []);
  });

  test('default sizes: streams of some megabytes, many at the same time', async () => {
    const store = createMemoryStore();
    const random = randomFrom(7);
    const contents = Array.from({ length: 6 }, (_, n) => noise(random, n * 700_001));
    await using vault = await createVault(store);
    await using session = await vault.openSession(never);
    const sink = session.sink();
    const refs = await Promise.all(contents.map((content) => sink.writeStream([content])));
    await session.flush();
    for (const [n, ref] of refs.entries()) {
      assert.equal(Buffer.compare(await vault.readBytes(ref), contents[n] as Buffer), 0);
    }
  });

  test('what compresses is stored small, what does not is stored as it is', async () => {
    await using vault = await make(createMemoryStore());
    await using session = await vault.openSession(never);
    const zeros = session.sink();
    await zeros.writeBytes(Buffer.alloc(1024));
    const random = session.sink();
    const next = randomFrom(3);
    await random.writeBytes(Buffer.from(Array.from({ length: 1024 }, () => next() * 256)));
    await session.flush();
    assert.ok(zeros.stats().bytesStored < 100);
    const { bytesStored } = random.stats();
    assert.ok(bytesStored >= 1024 && bytesStored < 1024 + 200, 'itself, its tags, and a list');
  });

  test('a consumer may stop in the middle', async () => {
    await using vault = await make(createMemoryStore());
    const content = noise(randomFrom(1), 100_000);
    const ref = await write(vault, content);
    for await (const piece of vault.readStream(ref)) {
      assert.equal(Buffer.compare(piece, content.subarray(0, piece.length)), 0);
      break;
    }
    assert.equal(Buffer.compare(await vault.readBytes(ref), content), 0);
  });

  test('a reference that says another length is refused', async () => {
    await using vault = await make(createMemoryStore());
    const ref = await write(vault, noise(randomFrom(1), 5000));
    const wrong = [
      { ...ref, bytes: ref.bytes - 1 },
      { ...ref, depth: 0 },
      { ...ref, depth: ref.depth + 1 },
      { ...ref, depth: 99 },
      { ...ref, depth: -1 },
      { ...ref, digest: 'not a digest' },
    ];
    for (const one of wrong) await assert.rejects(vault.readBytes(one), code('CHUNK_DAMAGED'));
    const small = await write(vault, Buffer.from('small'));
    await assert.rejects(vault.readBytes({ ...small, bytes: 4 }), code('CHUNK_DAMAGED'));
    const unknown = { digest: digestOf(Buffer.from('?')), bytes: 1, depth: 0 };
    await assert.rejects(vault.readBytes(unknown), code('CHUNK_MISSING'));
  });

  test('an error of the producer rejects its stream and harms no other', async () => {
    await using vault = await make(createMemoryStore());
    await using session = await vault.openSession(never);
    const sink = session.sink();
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield noise(randomFrom(1), 9000);
      throw new Error('the producer broke');
    };
    await assert.rejects(sink.writeStream(broken()), /the producer broke/);
    const content = noise(randomFrom(2), 9000);
    const ref = await sink.writeBytes(content);
    await session.flush();
    assert.equal(Buffer.compare(await vault.readBytes(ref), content), 0);
  });
});

describe('storing once', () => {
  test('equal content is stored once, in one session, in the next, and in another process', async () => {
    const store = createMemoryStore();
    const content = noise(randomFrom(11), 50_000);
    await using vault = await make(store);
    await using first = await vault.openSession(never);
    const [one, two] = [first.sink(), first.sink()];
    await Promise.all([one.writeBytes(content), two.writeBytes(content)]);
    await first.flush();
    const stored = one.stats().bytesStored + two.stats().bytesStored;
    assert.ok(stored > 20_000 && stored < 60_000);
    assert.equal(two.stats().bytesIn, content.length);
    const objects = await Array.fromAsync(store.list(''));

    await using other = await openVault(store, { tuning: smallTuning });
    for (const again of [vault, other]) {
      await using session = await again.openSession(never);
      const sink = session.sink();
      await sink.writeBytes(content);
      await session.flush();
      assert.deepEqual(sink.stats(), { bytesIn: content.length, bytesStored: 0 });
    }
    assert.deepEqual(await Array.fromAsync(store.list('')), objects);
  });

  test('a change stores about what changed', async () => {
    await using vault = await make(createMemoryStore());
    const content = noise(randomFrom(12), 200_000);
    await write(vault, content);
    content[100_000] = 0xff;
    await using session = await vault.openSession(never);
    const sink = session.sink();
    await sink.writeBytes(content);
    await session.flush();
    assert.ok(sink.stats().bytesStored < 8 * smallTuning.chunkBytes);
  });

  test('a pack that was lost does not count: the next session stores its chunks anew', async () => {
    const store = createMemoryStore();
    const content = noise(randomFrom(13), 60_000);
    await using vault = await make(store);
    const ref = await write(vault, content);
    for (const { key } of await Array.fromAsync(store.list('packs/'))) await store.delete(key);
    await assert.rejects(
      (await openVault(store, { tuning: smallTuning })).readBytes(ref),
      code('CHUNK_MISSING'),
    );
    await write(vault, content);
    await using fresh = await openVault(store, { tuning: smallTuning });
    assert.equal(Buffer.compare(await fresh.readBytes(ref), content), 0);
    assert.deepEqual((await fresh.verify(refsOf(ref), deep)).damages, []);
  });

  test('of two copies the good one is read', async () => {
    const store = createMemoryStore();
    const content = noise(randomFrom(14), 900);
    await using left = await make(store);
    await using right = await openVault(store, { tuning: smallTuning });
    await using one = await left.openSession(never);
    await using two = await right.openSession(never);
    const ref = await one.sink().writeBytes(content);
    await two.sink().writeBytes(Buffer.from('so that the packs differ'));
    await two.sink().writeBytes(content);
    await Promise.all([one.flush(), two.flush()]);
    const packs = await Array.fromAsync(store.list('packs/'));
    assert.equal(packs.length, 2);
    for (const { key } of packs) {
      const kept = await store.get(key);
      await store.put(
        key,
        kept.map((byte) => byte ^ 1),
      );
      await using reader = await openVault(store, { tuning: smallTuning });
      assert.equal(Buffer.compare(await reader.readBytes(ref), content), 0);
      const report = await reader.verify(refsOf(ref), deep);
      assert.ok(report.damages.every(({ what }) => !what.includes('chunk')));
      await store.put(key, kept);
    }
  });
});

describe('sealing', () => {
  test('a snapshot is listed when it is sealed, and read as it was written', async () => {
    const store = createMemoryStore();
    await using vault = await make(store);
    await using session = await vault.openSession(never);
    const id = newSnapshotId();
    const manifest = Buffer.from('{"a":1}');
    assert.deepEqual(await vault.list(), []);
    const entry = await session.seal(id, manifest);
    const stored = await store.get(`snapshots/${id}.${digestHex(entry.digest)}`);
    assert.deepEqual(entry, { id, digest: digestOf(stored), bytes: stored.length });
    assert.deepEqual(await session.seal(id, manifest), entry, 'again is harmless');
    await assert.rejects(session.seal(id, Buffer.from('{}')), code('OBJECT_EXISTS'));
    await store.put('snapshots/readme.txt', Buffer.from('foreign'));
    await using reader = await openVault(store);
    assert.deepEqual(await reader.list(), [entry]);
    assert.deepEqual(Buffer.from(await reader.readManifest(entry)), manifest);
  });

  test('a session that was given up leaves nothing to see', async () => {
    const store = createMemoryStore();
    await using vault = await make(store);
    {
      await using session = await vault.openSession(never);
      await session.sink().writeBytes(noise(randomFrom(5), 90_000));
    }
    assert.deepEqual(await vault.list(), []);
    assert.deepEqual(await Array.fromAsync(store.list('index/')), []);
  });

  for (const phase of ['before', 'after'] as const) {
    test(`an error ${phase} a background write rejects all that follows`, async () => {
      const inner = createMemoryStore();
      const script = (call: StoreCall): Fault =>
        call.key.startsWith('packs/') && call.phase === phase ? 'fail' : 'ok';
      await using vault = await make(createFaultyStore(inner, script));
      await using session = await vault.openSession(never);
      const sink = session.sink();
      const isThat = code('VAULT_IO_FAILED');
      await assert.rejects(sink.writeBytes(noise(randomFrom(6), 300_000)), isThat);
      await assert.rejects(sink.writeBytes(Buffer.from('x')), isThat);
      await assert.rejects(session.flush(), isThat);
      await assert.rejects(session.seal(newSnapshotId(), Buffer.from('{}')), isThat);
      assert.deepEqual(await vault.list(), []);
    });
  }

  test('an index that cannot be written is no flush', async () => {
    const script = (call: StoreCall): Fault =>
      call.operation === 'put' && call.key.startsWith('index/') ? 'fail' : 'ok';
    await using vault = await make(createFaultyStore(createMemoryStore(), script));
    await using session = await vault.openSession(never);
    await session.sink().writeBytes(Buffer.from('x'));
    const both = await Promise.allSettled([session.flush(), session.flush()]);
    assert.deepEqual(
      both.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
  });

  test('aborting ends a session whose store hangs', async () => {
    const script = (call: StoreCall): Fault => (call.key.startsWith('packs/') ? 'hang' : 'ok');
    await using vault = await make(createFaultyStore(createMemoryStore(), script));
    const end = new AbortController();
    await using session = await vault.openSession({ signal: end.signal });
    await session.sink().writeBytes(Buffer.from('x'));
    const flushing = session.flush();
    end.abort(new Error('enough'));
    await assert.rejects(flushing, /enough/);
  });

  test('closing the vault ends a session whose store hangs', async () => {
    const script = (call: StoreCall): Fault => (call.key.startsWith('packs/') ? 'hang' : 'ok');
    const vault = await make(createFaultyStore(createMemoryStore(), script));
    await using session = await vault.openSession(never);
    const writing = session.sink().writeBytes(noise(randomFrom(6), 300_000));
    writing.catch(() => {});
    await vault[Symbol.asyncDispose]();
    await assert.rejects(writing, /the vault is closed/);
  });

  test('what one vault sealed another that is open finds', async () => {
    const store = createMemoryStore();
    await using early = await make(store);
    await using late = await openVault(store, { tuning: smallTuning });
    await early.verify(refsOf(), deep);
    const content = noise(randomFrom(8), 10_000);
    const ref = await write(late, content);
    assert.equal(Buffer.compare(await early.readBytes(ref), content), 0);
  });
});

describe('opening', () => {
  test('no vault, not ours, damaged, too new', async () => {
    const store = createMemoryStore();
    await assert.rejects(openVault(store), code('VAULT_MISSING'));
    await store.put('notes.txt', Buffer.from('x'));
    await assert.rejects(openVault(store), code('VAULT_DAMAGED'));
    await assert.rejects(createVault(store), code('VAULT_DAMAGED'));
    for (const content of ['', 'x', 'null', '[]', '{"format":"1","id":"x"}', '{"format":1}']) {
      await store.put('vault.json', Buffer.from(content));
      await assert.rejects(openVault(store), code('VAULT_DAMAGED'), content);
      await assert.rejects(createVault(store), code('VAULT_DAMAGED'), content);
    }
    await store.put('vault.json', Buffer.from('{"format":2,"id":"x"}'));
    await assert.rejects(openVault(store), code('VAULT_TOO_NEW'));
  });

  test('creating twice, also at the same time, gives one vault', async () => {
    const store = createMemoryStore();
    const vaults = await Promise.all([make(store), make(store), make(store)]);
    assert.equal(new Set(vaults.map(({ id }) => id)).size, 1);
    assert.equal((await make(store)).id, vaults[0]?.id);
    const content = Buffer.from(await store.get('vault.json')).toString();
    assert.match(
      content,
      /^\{"checksum":"blake3:[0-9a-f]{64}","createdAt":"[^"]+Z","encryption":"none","format":1,"id":"[0-9a-f-]{36}"\}$/,
    );
  });

  test('a vault that was taken away while it is open is neither begun again nor sealed into', async () => {
    const store = createMemoryStore();
    await using vault = await make(store);
    await using session = await vault.openSession(never);
    await session.sink().writeBytes(Buffer.from('content'));
    for (const { key } of await Array.fromAsync(store.list(''))) await store.delete(key);
    await assert.rejects(vault.openSession(never), code('VAULT_MISSING'));
    await assert.rejects(session.seal(newSnapshotId(), Buffer.from('{}')), code('VAULT_DAMAGED'));
    await using other = await makeAnew(store);
    assert.notEqual(other.id, vault.id);
    await assert.rejects(session.seal(newSnapshotId(), Buffer.from('{}')), code('VAULT_DAMAGED'));
    await assert.rejects(vault.openSession(never), code('VAULT_DAMAGED'));
    assert.deepEqual(await vault.list(), []);
  });

  test('a vault that cannot be written refuses a session at once, and is read all the same', async () => {
    const store = createMemoryStore();
    await using vault = await make(store);
    const ref = await write(vault, Buffer.from('content'));
    await using reader = await openVault(createReadonlyStore(store));
    await assert.rejects(reader.openSession(never), code('VAULT_READ_ONLY'));
    assert.equal(Buffer.from(await reader.readBytes(ref)).toString(), 'content');
  });
});
