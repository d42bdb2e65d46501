// The worker threads: the same outcome there as here, memory that changes hands and memory that must not, errors that keep their
// code, and an end that leaves nobody waiting.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { digestFromHex, digestHex, digestOf, isFailure } from '@stillpoint/core';
import { createOpener } from '../crypto/sealed-object.ts';
import { dedupIdOf, newKeys } from '../crypto/keys.ts';
import { decodeChunk } from '../format/chunk-codec.ts';
import { ENTRY_BYTES, readEntry } from '../format/pack-table.ts';
import { noise, randomFrom } from '../test-streams.ts';
import { createPackFiller, packBufferBytes } from './pack-draft.ts';
import type { CompressedChunk, FinishedPack, PlainChunk, Workers } from './jobs.ts';
import { createWorkers } from './workers.ts';

const keys = newKeys();
const limits = { packBytes: 1_000_000, packChunks: 100, bodyBytes: 10_000 };

function chunksOf(seed: number, count: number): PlainChunk[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, n) => {
    const plain = Uint8Array.from(noise(random, 1 + n * 97));
    return { hex: digestHex(digestOf(plain)), plain };
  });
}

async function packOf(workers: Workers, chunks: readonly CompressedChunk[]): Promise<FinishedPack> {
  const filler = createPackFiller(limits, new Uint8Array(packBufferBytes(limits)));
  for (const chunk of chunks) filler.add(chunk);
  return await workers.run('pack', { keys, draft: filler.finish() });
}

for (const [where, startAtBytes] of [
  ['there', 0],
  ['here', Infinity],
] as const) {
  describe(`jobs done ${where}`, () => {
    test('chunks are compressed, sealed into a pack, and come out of it as they went in', async () => {
      await using workers = createWorkers({ startAtBytes, threads: 2 });
      const given = chunksOf(1, 60);
      const expected = given.map(({ plain }) => Buffer.from(plain));
      const compressed = await workers.run('compress', given);
      const { hex, salt, content, table } = await packOf(workers, compressed);
      assert.equal(digestHex(digestOf(content)), hex);
      const opener = createOpener(keys, 'SPPACK01', salt);
      for (const [part, plain] of expected.entries()) {
        const entry = readEntry(Buffer.from(table), part * ENTRY_BYTES);
        const digest = digestOf(plain);
        assert.equal(entry.id, dedupIdOf(keys, digest));
        const stored = content.subarray(entry.offset, entry.offset + entry.storedBytes);
        const body = opener.open(part, stored);
        assert.ok(body !== undefined);
        const decoded = decodeChunk({ ...entry, hex: digestHex(digest), body });
        assert.ok(typeof decoded !== 'string', String(decoded));
        assert.equal(Buffer.compare(decoded, plain), 0);
      }
    });

    test('what a job throws rejects that job and no other', async () => {
      await using workers = createWorkers({ startAtBytes, threads: 1 });
      const [chunk] = chunksOf(2, 1);
      assert.ok(chunk !== undefined);
      const wrong = { content: new Uint8Array(10), table: new Uint8Array(ENTRY_BYTES) };
      const refused = workers.run('pack', { keys, draft: wrong });
      const fine = workers.run('compress', [chunk]);
      await assert.rejects(refused);
      const [compressed] = await fine;
      assert.equal(compressed?.hex, chunk.hex);
    });

    test('the end rejects what is still to be done', async () => {
      const workers = createWorkers({ startAtBytes, threads: 1 });
      const running = Array.from({ length: 8 }, (_, n) => workers.run('compress', chunksOf(n, 20)));
      const outcomes = Promise.allSettled(running);
      await workers[Symbol.asyncDispose]();
      assert.equal((await outcomes).at(-1)?.status, 'rejected');
      await assert.rejects(workers.run('compress', chunksOf(1, 1)), /is closed/);
    });
  });
}

test('many jobs at once are each answered with their own outcome', async () => {
  await using workers = createWorkers({ startAtBytes: 0, threads: 3 });
  const jobs = Array.from({ length: 50 }, (_, n) => chunksOf(n, 1 + (n % 7)));
  const names = jobs.map((chunks) => chunks.map(({ hex }) => hex));
  const results = await Promise.all(jobs.map((chunks) => workers.run('compress', chunks)));
  assert.deepEqual(
    results.map((chunks) => chunks.map(({ hex }) => hex)),
    names,
  );
  for (const { hex } of results.flat()) assert.match(digestFromHex(hex), /^blake3:/);
});

test('what was given is gone here, and comes back with the result in it', async () => {
  await using workers = createWorkers({ startAtBytes: 0, threads: 1 });
  const given = chunksOf(3, 5);
  const sizes = given.map(({ plain }) => plain.buffer.byteLength);
  const compressing = workers.run('compress', given);
  assert.ok(given.every(({ plain }) => plain.length === 0));
  const compressed = await compressing;
  assert.deepEqual(
    compressed.map(({ body }) => body.buffer.byteLength),
    sizes,
  );
});

test('a small session starts no thread', async () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
  await using workers = createWorkers();
  await workers.run('compress', chunksOf(4, 10));
  const after = process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
  assert.equal(after, before);
});

test('threads end by themselves, also while they start or have something to do', async () => {
  for (const afterAnswer of [false, true]) {
    const codes: unknown[] = [];
    const watch = (thread: Worker): void => {
      thread.once('exit', (code) => codes.push(code));
    };
    process.on('worker', watch);
    try {
      const workers = createWorkers({ startAtBytes: 0, threads: 2 });
      if (afterAnswer) await workers.run('compress', chunksOf(9, 1));
      const jobs = Array.from({ length: 8 }, (_, n) => workers.run('compress', chunksOf(n, 50)));
      const running = Promise.allSettled(jobs);
      // Threads are announced after this turn.
      await setImmediate();
      await workers[Symbol.asyncDispose]();
      await running;
    } finally {
      process.off('worker', watch);
    }
    // One that is terminated ends with 1.
    assert.deepEqual(codes, [0, 0]);
  }
});

test('a thread that is lost rejects what it was at, and everything from then on', async () => {
  const started = once(process, 'worker') as Promise<[Worker]>;
  await using workers = createWorkers({ startAtBytes: 0, threads: 1 });
  const running = workers.run('compress', chunksOf(5, 50));
  running.catch(() => {});
  const [thread] = await started;
  await thread.terminate();
  await assert.rejects(running, (error) => isFailure(error, 'VAULT_THREAD_FAILED'));
  const later = workers.run('compress', chunksOf(6, 1));
  await assert.rejects(later, (error) => isFailure(error, 'VAULT_THREAD_FAILED'));
});
