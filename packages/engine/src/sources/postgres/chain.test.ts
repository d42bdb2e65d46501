import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUuid, type Json } from '@stillpoint/core';
import { createMemoryObjects } from '../testkit/memory-objects.ts';
import { findPast, type LiveState } from './chain.ts';
import { formatLsn, type Lsn } from './lsn.ts';
import type { PostgresRecord } from './record.ts';
import { writeWalList } from './wal-list.ts';

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
  const stream = { digest: 'blake3:00', bytes: 1, depth: 0 };
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
    const past = await findPast(iterable, liveOf(incarnation), own.objects);
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
  const past = await findPast(iterable, liveOf(newUuid(), origin.record), origin.objects);
  assert.equal(past.predecessor?.base.incarnation, origin.record.incarnation);
  assert.ok(read() <= 308, `${read()} were read`);
});

test('the furthest of a few records counts, for the wall clock may have gone back between them', async () => {
  const incarnation = newUuid();
  const far = await recordOf({ incarnation, walTo: at(7) });
  const near = await recordOf({ incarnation, walTo: at(3) });
  const { iterable } = history(near.record, near.record, far.record, near.record);
  const past = await findPast(iterable, liveOf(incarnation), far.objects);
  assert.equal(formatLsn(past.predecessor!.position), far.record.walTo);
});
