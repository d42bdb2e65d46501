// Pieces and spans without a server: cutting, storing, and laying out as segments across forks.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, newUuid } from '@stillpoint/core';
import { createMemoryObjects } from '../testkit/memory-objects.ts';
import { bytesBetween, lsnAfter, parseLsn, type Lsn } from './lsn.ts';
import { createWalCollector } from './wal-collector.ts';
import {
  LEAF_PIECES,
  PIECE_BYTES,
  readWalList,
  walStreams,
  writeWalList,
  type WalList,
  type WalSpan,
} from './wal-list.ts';
import { materialiseWal } from './wal-materialise.ts';

const SEGMENT_BYTES = 1024 * 1024;
const START = parseLsn('0/2000000');

/** WAL of which each byte tells where it is and whose it is. */
function fill(from: Lsn, bytes: number, seed: number): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: bytes }, (_, i) => (Number(from % 251n) + i * 7 + seed) % 256),
  );
}

async function makeSpan(
  objects: ReturnType<typeof createMemoryObjects>,
  from: Lsn,
  bytes: number,
  seed: number,
) {
  const collector = createWalCollector(objects, from);
  const content = fill(from, bytes, seed);
  for (let at = 0; at < bytes; at += 100_003) {
    await collector.write(lsnAfter(from, at), content.subarray(at, at + 100_003));
  }
  await collector.flush();
  const span: WalSpan = {
    incarnation: newUuid(),
    timeline: seed,
    from,
    forkLsn: undefined,
    pieces: collector.pieces,
  };
  return { span, content };
}

test('pieces follow each other, end where the capture ended and never cross a boundary', async () => {
  const objects = createMemoryObjects();
  const from = lsnAfter(START, 12_345);
  const { span, content } = await makeSpan(objects, from, PIECE_BYTES * 2 + 777, 1);
  let position = from;
  for (const { start, ref } of span.pieces) {
    assert.equal(start, position);
    assert.equal(
      start / BigInt(PIECE_BYTES),
      (start + BigInt(ref.bytes) - 1n) / BigInt(PIECE_BYTES),
    );
    const at = bytesBetween(from, start);
    assert.deepEqual(
      Buffer.from(await objects.readBytes(ref)),
      content.subarray(at, at + ref.bytes),
    );
    position = lsnAfter(position, ref.bytes);
  }
  assert.equal(bytesBetween(from, position), content.length);
  const collector = createWalCollector(objects, from);
  await assert.rejects(collector.write(lsnAfter(from, 1), Buffer.from('x')), TypeError);
});

test('an error of the sink is told, and nothing stays unhandled', async () => {
  const sink = {
    writeBytes: () => Promise.reject(new Error('full')),
    writeStream: () => Promise.reject(new Error('full')),
    writeFile: () => Promise.reject(new Error('full')),
  };
  const collector = createWalCollector(sink, START);
  await collector.write(START, Buffer.from('x'));
  await assert.rejects(collector.flush(), /full/);
});

test('a list reads back as it was written', async () => {
  const objects = createMemoryObjects();
  const { span } = await makeSpan(objects, START, 5000, 1);
  const list: WalList = {
    spans: [{ ...span, forkLsn: lsnAfter(START, 4000) }],
    history: '1\t0/3000000\tx\n',
  };
  assert.deepEqual(await readWalList(objects, await writeWalList(objects, list)), list);
});

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Snapshots one after the other, a little WAL between them; what each stored. */
async function* takeMany(objects: ReturnType<typeof createMemoryObjects>, bytes: number) {
  let from = START;
  let span: WalSpan = {
    incarnation: newUuid(),
    timeline: 1,
    from,
    forkLsn: undefined,
    pieces: [],
  };
  for (;;) {
    const before = objects.bytesStored();
    const { span: added } = await makeSpan(objects, from, bytes, 1);
    span = { ...span, pieces: [...span.pieces, ...added.pieces] };
    from = lsnAfter(from, bytes);
    const ref = await writeWalList(objects, { spans: [span], history: null });
    yield { ref, span, storedBytes: objects.bytesStored() - before };
  }
}

test('the list of many snapshots costs each of them its end only, and names every stream it needs', async () => {
  const objects = createMemoryObjects();
  const bytes = 1000;
  let count = 0;
  for await (const { ref, span, storedBytes } of takeMany(objects, bytes)) {
    count += 1;
    // A leaf, the end and the new piece: not the whole list.
    assert.ok(storedBytes < bytes + 2 * LEAF_PIECES * 150, `${storedBytes} at ${count}`);
    if (count % 100 !== 0) continue;
    assert.deepEqual((await readWalList(objects, ref)).spans, [span]);
    const read = new Set<string>();
    const watching = {
      readStream: (one: typeof ref) => objects.readStream(one),
      readBytes: (one: typeof ref) => (read.add(one.digest), objects.readBytes(one)),
    };
    const named = new Set((await allOf(walStreams(objects, ref))).map(({ digest }) => digest));
    await readWalList(watching, ref);
    assert.ok(read.isSubsetOf(named));
    assert.ok(span.pieces.every((piece) => named.has(piece.ref.digest)));
    if (count === 500) return;
  }
});

test('a stretch that is read again from elsewhere is not stored again', async () => {
  const objects = createMemoryObjects();
  const whole = randomBytes(PIECE_BYTES * 4);
  const collect = async (from: Lsn, stops: readonly number[]) => {
    const collector = createWalCollector(objects, from);
    for (const stop of stops) {
      const at = bytesBetween(START, collector.position);
      await collector.write(collector.position, whole.subarray(at, stop));
      await collector.flush();
    }
    return collector.pieces;
  };
  await collect(START, [whole.length]);
  const before = objects.bytesStored();
  assert.equal(before, whole.length);
  await collect(lsnAfter(START, PIECE_BYTES), [whole.length]);
  assert.equal(objects.bytesStored(), before, 'from another boundary');
  await collect(lsnAfter(START, PIECE_BYTES + 5), [whole.length]);
  assert.equal(
    objects.bytesStored() - before,
    PIECE_BYTES - 5,
    'only the rest of the piece in which it began',
  );
});

test("segments across a fork: the ancestor before it, the descendant after it, the descendant's name", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-wal-'));
  try {
    const objects = createMemoryObjects();
    const first = await makeSpan(objects, START, SEGMENT_BYTES * 2 + 5000, 1);
    const end = lsnAfter(START, SEGMENT_BYTES * 2 + 5000);
    const second = await makeSpan(objects, end, SEGMENT_BYTES, 2);
    const list: WalList = {
      spans: [{ ...first.span, forkLsn: end }, second.span],
      history: 'history',
    };
    const to = lsnAfter(end, SEGMENT_BYTES - 100);
    const signal = new AbortController().signal;
    await materialiseWal({
      list,
      from: lsnAfter(START, 40),
      to,
      segmentBytes: SEGMENT_BYTES,
      directory,
      source: objects,
      signal,
    });
    assert.deepEqual((await readdir(directory)).toSorted(), [
      '00000001'.padEnd(16, '0') + '00000020',
      '00000001'.padEnd(16, '0') + '00000021',
      '00000002.history',
      '00000002'.padEnd(16, '0') + '00000022',
      '00000002'.padEnd(16, '0') + '00000023',
    ]);
    const whole = Buffer.concat(
      await Promise.all(
        [
          '00000001'.padEnd(16, '0') + '00000020',
          '00000001'.padEnd(16, '0') + '00000021',
          '00000002'.padEnd(16, '0') + '00000022',
          '00000002'.padEnd(16, '0') + '00000023',
        ].map((name) => readFile(path.join(directory, name))),
      ),
    );
    const expected = Buffer.concat([
      first.content,
      second.content.subarray(0, SEGMENT_BYTES - 100),
    ]);
    assert.equal(whole.length, 4 * SEGMENT_BYTES);
    assert.ok(whole.subarray(0, expected.length).equals(expected));
    assert.ok(whole.subarray(expected.length).every((byte) => byte === 0));
    const gap: WalList = {
      ...list,
      spans: [{ ...first.span, pieces: first.span.pieces.slice(0, 1) }, second.span],
    };
    await assert.rejects(
      materialiseWal({
        list: gap,
        from: START,
        to,
        segmentBytes: SEGMENT_BYTES,
        directory,
        source: objects,
        signal,
      }),
      (error) => isFailure(error, 'POSTGRES_WAL_LOST'),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
