// What a session may hold: writers that wait for each other's room, chunks larger than all room, packs that no limit foresaw.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryStore } from '../stores/memory.ts';
import { never, noise, randomFrom, smallTuning } from '../test-streams.ts';
import { createVault } from '../vault.ts';

test('many streams at once that have less room together than they want all come to their end', async () => {
  const tuning = { ...smallTuning, waitingBytesMax: 3000 };
  await using vault = await createVault(createMemoryStore(), { tuning });
  await using session = await vault.openSession(never);
  const contents = Array.from({ length: 40 }, (_, n) => noise(randomFrom(n), 100 + n * 211));
  const refs = await Promise.all(contents.map((content) => session.sink().writeStream([content])));
  await session.flush();
  for (const [n, ref] of refs.entries()) {
    assert.equal(Buffer.compare(await vault.readBytes(ref), contents[n] as Buffer), 0, String(n));
  }
});

test('a chunk that is larger than all the room, and than a pack, is stored all the same', async () => {
  const writer = await createVault(createMemoryStore(), { tuning: { chunkBytes: 64 * 1024 } });
  const tuning = { ...smallTuning, waitingBytesMax: 1000, packBytes: 2000 };
  await using vault = await createVault(createMemoryStore(), { tuning });
  await using other = await writer.openSession(never);
  await using session = await vault.openSession(never);
  const content = noise(randomFrom(1), 300_000);
  const ref = await other.sink().writeBytes(content);
  await other.flush();
  const sink = session.sink();
  for await (const digest of writer.chunksOf(ref)) {
    assert.equal(await sink.addChunk(digest, () => writer.readChunk(digest)), true);
    assert.equal(await sink.addChunk(digest, () => writer.readChunk(digest)), false);
  }
  await session.flush();
  assert.equal(Buffer.compare(await vault.readBytes(ref), content), 0);
  await writer[Symbol.asyncDispose]();
});
