// Images through a whole vault: sealed, verified, damaged, forgotten, as any other stream.
import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { isFailure, newSnapshotId, silent, type SnapshotId } from '@stillpoint/core';
import type { StreamRef } from '../../sources/contract.ts';
import type { SealedEntry, Store, Vault, VaultSink } from '../contract.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, noise, pieces, randomFrom, refsOf, smallTuning } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';

const pageBytes = 4096;

async function writeWith(
  vault: Vault,
  write: (sink: VaultSink) => Promise<StreamRef>,
): Promise<{ readonly ref: StreamRef; readonly bytesIn: number; readonly bytesStored: number }> {
  await using session = await vault.openSession(never);
  const sink = session.sink();
  const ref = await write(sink);
  await session.flush();
  return { ref, ...sink.stats() };
}

async function verified(vault: Vault, ...refs: StreamRef[]): Promise<void> {
  const report = await vault.verify(refsOf(...refs), { ...never, deep: true });
  assert.deepEqual(report.damages, []);
}

for (const [name, tuning] of [
  ['small', smallTuning],
  ['default', {}],
] as const) {
  void test(`an image and its successors come back and verify, with ${name} sizes`, async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, { tuning });
    const random = randomFrom(1);
    const content = noise(random, 300 * pageBytes + 100);
    const refs: { ref: StreamRef; content: Buffer }[] = [];
    for (let step = 0; step < 8; step++) {
      const previous = refs.at(-1)?.ref;
      const hints = { pageBytes, ...(previous === undefined ? {} : { previous }) };
      const { ref, bytesIn, bytesStored } = await writeWith(vault, (sink) =>
        sink.writeStream(pieces(content, random), hints),
      );
      assert.equal(ref.pageBytes, pageBytes);
      assert.equal(bytesIn, content.length, 'what was handed in, nothing of ours');
      if (step > 0) assert.ok(bytesStored < 300_000, `step ${step}: ${bytesStored}`);
      refs.push({ ref, content: Buffer.from(content) });
      for (let n = 0; n < 5; n++) content[Math.floor(random() * content.length)]! ^= 1;
    }
    await using reader = await openVault(store, { tuning });
    for (const { ref, content: expected } of refs) {
      assert.equal(Buffer.compare(await reader.readBytes(ref), expected), 0);
    }
    await verified(reader, ...refs.map(({ ref }) => ref));
  });
}

void test('a lost pack is damage of the images that need it, and the next image stores its pages anew', async () => {
  const store = createMemoryStore();
  const content = noise(randomFrom(2), 500 * pageBytes);
  const first = await inVault(store, (vault) =>
    writeWith(vault, (sink) => sink.writeStream([content], { pageBytes })),
  );
  const packs = await Array.fromAsync(store.list('packs/'));
  await store.delete(packs[Math.floor(packs.length / 2)]!.key);
  await inVault(store, async (vault) => {
    const report = await vault.verify(refsOf(first.ref), { ...never, deep: false });
    assert.ok(report.damages.length > 0);
    assert.equal(report.lost.length, 1);
    await assert.rejects(vault.readBytes(first.ref), (error) => isFailure(error));
    const again = await writeWith(vault, (sink) =>
      sink.writeStream([content], { pageBytes, previous: first.ref }),
    );
    assert.equal(Buffer.compare(await vault.readBytes(again.ref), content), 0);
    await verified(vault, again.ref);
    const lost = await writeWith(vault, (sink) =>
      sink.writeStream([content], {
        pageBytes,
        previous: { ...first.ref, digest: `blake3:${'0'.repeat(64)}` },
      }),
    );
    await verified(vault, lost.ref);
  });
});

void test('whichever pack is lost, of pages, layers or heads, the next image names nothing of it', async () => {
  const random = randomFrom(6);
  const store = createMemoryStore();
  const content = noise(random, 200 * pageBytes);
  const write = (previous?: StreamRef): ReturnType<typeof writeWith> =>
    inVault(store, (vault) =>
      writeWith(vault, (sink) =>
        sink.writeStream([content], { pageBytes, ...(previous === undefined ? {} : { previous }) }),
      ),
    );
  let { ref } = await write();
  // With deltas, so that more than one layer is taken over.
  for (let step = 0; step < 3; step++) {
    content[Math.floor(random() * content.length)]! ^= 1;
    ({ ref } = await write(ref));
  }
  const packs = (await Array.fromAsync(store.list('packs/'))).map(({ key }) => key);
  assert.ok(packs.length > 10);
  for (const key of packs) {
    const pack = await store.get(key);
    await store.delete(key);
    const next = await write(ref);
    await inVault(store, (vault) => verified(vault, next.ref));
    await store.put(key, pack);
  }
});

void test('chunks that lie in no index can be read, but no image rests on them', async () => {
  const store = createMemoryStore();
  const content = noise(randomFrom(3), 200 * pageBytes);
  const first = await inVault(store, (vault) =>
    writeWith(vault, (sink) => sink.writeStream([content], { pageBytes })),
  );
  for (const { key } of await Array.fromAsync(store.list('index/'))) await store.delete(key);
  await inVault(store, async (vault) => {
    assert.equal(Buffer.compare(await vault.readBytes(first.ref), content), 0);
    const again = await writeWith(vault, (sink) =>
      sink.writeStream([content], { pageBytes, previous: first.ref }),
    );
    await verified(vault, again.ref);
  });
});

void test('a file in worker threads gives what a stream gives, and many images at once end', async () => {
  const place = await mkdtemp(path.join(tmpdir(), 'stillpoint-image-'));
  const random = randomFrom(4);
  const content = Buffer.alloc(17 * 1024 * 1024 + 5);
  for (let at = 0; at + 8 <= content.length; at += 256) content.writeDoubleLE(random(), at);
  const file = path.join(place, 'image');
  await writeFile(file, content);
  const descriptor = openSync(file, 'r');
  try {
    await using vault = await createVault(createMemoryStore());
    {
      await using session = await vault.openSession(never);
      const sink = session.sink();
      const whole = { descriptor, bytes: content.length };
      const refs = await Promise.all([
        sink.writeFile(whole, { pageBytes }),
        sink.writeStream(pieces(content, random), { pageBytes }),
        sink.writeFile(whole, { pageBytes: 8192 }),
        sink.writeFile({ descriptor, bytes: 1000 }, { pageBytes }),
        sink.writeStream(pieces(content, random)),
      ]);
      await session.flush();
      assert.deepEqual(refs[1], refs[0]);
      for (const [n, ref] of refs.entries()) {
        const expected = n === 3 ? content.subarray(0, 1000) : content;
        assert.equal(Buffer.compare(await vault.readBytes(ref), expected), 0, `${n}`);
      }
      const short = { descriptor, bytes: content.length + 1 };
      await assert.rejects(sink.writeFile(short, { pageBytes }), (error) =>
        isFailure(error, 'VAULT_CONTENT_CHANGED'),
      );
      const after = await sink.writeFile(whole, { pageBytes });
      assert.deepEqual(after, refs[0]);
    }
  } finally {
    closeSync(descriptor);
    await rm(place, { recursive: true, force: true });
  }
});

void test('whatever snapshot is forgotten and pruned, the images of all others stay whole', async () => {
  const store = createMemoryStore();
  await using vault = await createVault(store, { tuning: smallTuning });
  const random = randomFrom(5);
  const content = noise(random, 150 * pageBytes);
  const kept = new Map<SnapshotId, { entry: SealedEntry; ref: StreamRef; content: Buffer }>();
  let previous: StreamRef | undefined;
  for (let step = 0; step < 10; step++) {
    for (let n = 0; n < 12; n++) content[Math.floor(random() * content.length)]! ^= 1;
    const id = newSnapshotId();
    {
      await using session = await vault.openSession(never);
      const hints = { pageBytes, ...(previous === undefined ? {} : { previous }) };
      const ref = await session.sink().writeStream([content], hints);
      const entry = await session.seal(id, Buffer.from('{}'), refsOf(ref));
      kept.set(id, { entry, ref, content: Buffer.from(content) });
      // Also against an image that is forgotten by then.
      previous = ref;
    }
    if (random() < 0.6) {
      const [gone] = [...kept.keys()].slice(Math.floor(random() * kept.size));
      await vault.forget(kept.get(gone!)!.entry);
      kept.delete(gone!);
    }
    await vault.prune({
      references:
        () =>
        ({ id: named }) =>
          refsOf(kept.get(named)!.ref),
      dryRun: false,
      repackShare: 0.2,
      progress: silent,
      ...never,
    });
    await verified(vault, ...[...kept.values()].map(({ ref }) => ref));
    for (const one of kept.values()) {
      assert.equal(Buffer.compare(await vault.readBytes(one.ref), one.content), 0, `step ${step}`);
    }
  }
  assert.ok(kept.size > 1 && kept.size < 9);
});

async function inVault<T>(store: Store, work: (vault: Vault) => Promise<T>): Promise<T> {
  // Closing the vault closes the store, which a memory store survives.
  await using vault = await createVault(store, { tuning: smallTuning });
  return await work(vault);
}
