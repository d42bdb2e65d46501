// What a session may cost: few writes however many streams, bounded memory however slow the store, and, when the store fails at
// any moment, nothing but garbage.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { newSnapshotId } from '@stillpoint/core';
import type { StreamRef } from '../sources/contract.ts';
import { createFaultyStore, type Fault, type StoreCall } from './stores/faulty.ts';
import { createMemoryStore } from './stores/memory.ts';
import { never, noise, randomFrom, refsOf, smallTuning } from './test-streams.ts';
import { createVault, openVault } from './vault.ts';

test('thousands of small streams are a handful of objects', async () => {
  const calls: string[] = [];
  const store = createFaultyStore(createMemoryStore(), ({ operation, key, phase }) => {
    if (phase === 'before') calls.push(`${operation} ${key}`);
    return 'ok';
  });
  await using vault = await createVault(store);
  calls.length = 0;
  await using session = await vault.openSession(never);
  calls.length = 0;
  const sink = session.sink();
  const refs: StreamRef[] = [];
  for (let n = 0; n < 3000; n++) refs.push(await sink.writeBytes(Buffer.from(`file number ${n}`)));
  await session.flush();
  const puts = calls.filter((call) => call.startsWith('put'));
  assert.deepEqual(
    puts.map((call) => call.split('/')[0]),
    ['put packs', 'put index'],
  );
  calls.length = 0;
  for (const ref of refs) await vault.readBytes(ref);
  assert.equal(calls.length, 1, 'neighbours are read together');
});

test('a store that does not take anything stops the producer', async () => {
  const script = (call: StoreCall): Fault =>
    call.operation === 'put' && call.key.startsWith('packs/') ? 'hang' : 'ok';
  await using vault = await createVault(createFaultyStore(createMemoryStore(), script), {
    tuning: smallTuning,
  });
  const end = new AbortController();
  await using session = await vault.openSession({ signal: end.signal });
  const random = randomFrom(4);
  let produced = 0;
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      produced += smallTuning.chunkBytes;
      yield Buffer.from(Array.from({ length: smallTuning.chunkBytes }, () => random() * 256));
    }
  };
  const writing = session.sink().writeStream(endless());
  writing.catch(() => {});
  for (let turn = 0; turn < 1000; turn++) await setImmediate();
  const { packBytes, packWritesMax, waitingBytesMax, chunkBytes } = smallTuning;
  assert.ok(produced > packBytes);
  assert.ok(produced <= (packWritesMax + 2) * packBytes + waitingBytesMax + 16 * chunkBytes);
  end.abort(new Error('enough'));
  await assert.rejects(writing, /enough/);
});

test('a store that fails now and then: what is sealed is whole, and so is everything sealed before', async () => {
  const inner = createMemoryStore();
  const random = randomFrom(77);
  let sealed = 0;
  let failures = 0;
  await createVault(inner, { tuning: smallTuning });
  const expected = new Map<string, Buffer>();
  const refs: StreamRef[] = [];
  for (let round = 0; round < 60; round++) {
    const script = (): Fault => (random() < 0.02 ? 'fail' : 'ok');
    const content = noise(randomFrom(round % 7), 40_000 + round);
    try {
      await using vault = await openVault(createFaultyStore(inner, script), {
        tuning: smallTuning,
      });
      await using session = await vault.openSession(never);
      const ref = await session.sink().writeBytes(content);
      await session.seal(newSnapshotId(), Buffer.from(JSON.stringify(ref)));
      expected.set(ref.digest, content);
      refs.push(ref);
      sealed++;
    } catch (error) {
      assert.match(String(error), /the script said so/);
      failures++;
    }
  }
  assert.ok(sealed > 10 && failures > 10, `${sealed} sealed, ${failures} failed`);
  await using vault = await openVault(inner, { tuning: smallTuning });
  const entries = await vault.list();
  assert.ok(entries.length >= sealed, 'an answer that was lost may have been a seal');
  for (const entry of entries) {
    const ref = JSON.parse(Buffer.from(await vault.readManifest(entry)).toString()) as StreamRef;
    assert.deepEqual((await vault.verify(refsOf(ref), { ...never, deep: true })).damages, []);
  }
  for (const ref of refs) {
    const content = expected.get(ref.digest) as Buffer;
    assert.equal(Buffer.compare(await vault.readBytes(ref), content), 0);
  }
});
