import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalBytes, newUuid, type Json } from '@stillpoint/core';
import { createMemoryObjects, type MemoryObjects } from '../testkit/memory-objects.ts';
import { findPast, type LiveState } from './chain.ts';
import { formatLsn, type Lsn } from './lsn.ts';
import type { PostgresRecord } from './record.ts';
import { LEAF_PIECES, writeWalList } from './wal-list.ts';

const systemId = '7000000000000000001';
const at = (megabytes: number): Lsn => BigInt(megabytes * 1024 * 1024) as Lsn;

async function recordOf(facts: {
  readonly incarnation: string;
  readonly walTo: Lsn;
  readonly systemId?: string;
}): Promise<{ record: PostgresRecord; objects: ReturnType<typeof createMemoryObjects> }> {
  const objects = createMemoryObjects();
  const { incarnation, walTo } = facts;
  const span = { incarnation, timeline: 1, from: at(1), forkLsn: undefined, pieces: [] };
  const wal = await writeWalList(objects, { spans: [span], history: null });
  const empty = { version: 1, directories: [], files: [] };
  const stream = await objects.writeBytes(canonicalBytes(empty));
  const lsn = formatLsn(at(1));
  const record: PostgresRecord = {
    version: 1,
    incarnation,
    ancestors: [],
    systemId: facts.systemId ?? systemId,
    major: 18,
    versionString: '18.0',
    arch: 'linux-x64',
    walSegmentBytes: 16 * 1024 * 1024,
    pageBytes: 8192,
    base: {
      listing: stream,
      manifest: stream,
      startLsn: lsn,
      stopLsn: lsn,
      timeline: 1,
      incarnation,
      bytes: 1,
    },
    wal,
    walFrom: lsn,
    walTo: formatLsn(walTo),
    mark: { name: `mark ${newUuid()}`, lsn: formatLsn(walTo), timeline: 1 },
    databases: [],
    sequences: stream,
    createdWith: 'test',
  };
  return { record, objects };
}

const vaulted = (objects: MemoryObjects) => ({ source: objects, sink: objects });

/** Counts how far anybody looks. */
function history(...records: readonly PostgresRecord[]): {
  readonly iterable: AsyncIterable<Json>;
  readonly read: () => number;
} {
  let read = 0;
  async function* walk(): AsyncIterable<Json> {
    for (const record of records) {
      read += 1;
      yield record;
    }
  }
  return { iterable: walk(), read: () => read };
}

function liveOf(incarnation: string, origin?: PostgresRecord): LiveState {
  const from =
    origin === undefined
      ? undefined
      : { record: origin as Json, timeline: 1, forkLsn: origin.walTo };
  return { incarnation, timeline: 1, systemId, origin: from };
}

test('of a thousand earlier records a few are read, wherever the first that serves is', async () => {
  const incarnation = newUuid();
  const own = await recordOf({ incarnation, walTo: at(3) });
  const before = await recordOf({ incarnation: newUuid(), walTo: at(2) });
  const strange = await recordOf({ incarnation: newUuid(), walTo: at(9), systemId: '8' });
  for (const older of [before, strange]) {
    const many = Array.from({ length: 1000 }, () => older.record);
    // One life has few snapshots yet, an earlier one a thousand.
    const { iterable, read } = history(own.record, ...many);
    const past = await findPast(iterable, liveOf(incarnation), vaulted(own.objects));
    assert.equal(formatLsn(past.predecessor!.position), own.record.walTo);
    assert.ok(read() <= 8, `${read()} were read`);
  }
});

test('the record that was restored is found however far back it is, and nothing behind it is read', async () => {
  const origin = await recordOf({ incarnation: newUuid(), walTo: at(2) });
  const later = await recordOf({ incarnation: origin.record.incarnation, walTo: at(5) });
  const many = (count: number): PostgresRecord[] =>
    Array.from({ length: count }, () => later.record);
  const { iterable, read } = history(...many(300), origin.record, ...many(700));
  const past = await findPast(iterable, liveOf(newUuid(), origin.record), vaulted(origin.objects));
  assert.equal(past.predecessor?.base.incarnation, origin.record.incarnation);
  assert.ok(read() <= 308, `${read()} were read`);
});

test('the furthest of a few records counts, for the wall clock may have gone back between them', async () => {
  const incarnation = newUuid();
  const far = await recordOf({ incarnation, walTo: at(7) });
  const near = await recordOf({ incarnation, walTo: at(3) });
  const { iterable } = history(near.record, near.record, far.record, near.record);
  const past = await findPast(iterable, liveOf(incarnation), vaulted(far.objects));
  assert.equal(formatLsn(past.predecessor!.position), far.record.walTo);
});

test('what the vault has lost is not continued; what only the older snapshot needs may be lost', async () => {
  const incarnation = newUuid();
  const { record, objects } = await recordOf({ incarnation, walTo: at(3) });
  const piece = { start: at(1), ref: await objects.writeBytes(Buffer.from('a piece')) };
  const pieces = Array.from({ length: LEAF_PIECES + 1 }, () => piece);
  const span = { incarnation, timeline: 1, from: at(1), forkLsn: undefined, pieces };
  const noted = new Set<string>();
  const noting = {
    ...objects,
    async writeBytes(content: Uint8Array) {
      const ref = await objects.writeBytes(content);
      noted.add(ref.digest);
      return ref;
    },
  };
  const wal = await writeWalList(noting, { spans: [span], history: null });
  assert.equal(noted.size, 2, 'a leaf and the list');
  const sequences = await objects.writeBytes(Buffer.from('[]'));
  const long = { ...record, wal, sequences };
  const found = (): ReturnType<typeof findPast> =>
    findPast(history(long).iterable, liveOf(incarnation), vaulted(objects));
  objects.lose(sequences.digest);
  assert.equal((await found()).predecessor?.spans[0]?.pieces.length, LEAF_PIECES + 1);
  for (const digest of [piece.ref.digest, ...noted]) {
    const content = await objects.readBytes({ digest, bytes: 0, depth: 0 });
    objects.lose(digest);
    assert.deepEqual(await found(), { base: record.base, predecessor: undefined, lost: true });
    await objects.writeBytes(content);
  }
});
