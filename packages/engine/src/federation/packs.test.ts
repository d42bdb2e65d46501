// What the packs of a repository cost over many snapshots: few, in proportion to what the history holds, and any snapshot may go.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { failure, newSnapshotId, type Json } from '@stillpoint/core';
import type { ObjectSource, StreamRef } from '../sources/contract.ts';
import type { MemoryObjects } from '../sources/testkit/memory-objects.ts';
import { gitReferences } from './driver.ts';
import { firstToMerge, packLimit } from './packs.ts';
import { createTestMember, type TestMember } from './testing/test-member.ts';
import { gitState, runGit, treeState } from './testing/tree-state.ts';

const { signal } = new AbortController();
const packsOf = (record: Json) => (record as unknown as { packs: StreamRef[] }).packs;
const bytesOf = (record: Json) => packsOf(record).reduce((sum, { bytes }) => sum + bytes, 0);
const stateOf = (directory: string) => [treeState(directory), gitState(directory)];

async function commit(member: TestMember, name: string, content: string | Buffer): Promise<void> {
  await member.write(name, content);
  member.git('add', '.');
  member.git('commit', '-qm', name);
}

async function restoresElsewhere(
  member: TestMember,
  record: Json,
  state: unknown,
  source: ObjectSource = member.objects,
): Promise<void> {
  const elsewhere = await member.elsewhere();
  await member.restore(record, { driver: elsewhere.driver, source });
  assert.deepEqual(stateOf(elsewhere.directory), state);
  runGit(elsewhere.directory, 'fsck', '--full', '--strict');
}

/** What is left of a vault in which only this record is kept. */
async function pruned(objects: MemoryObjects, record: Json): Promise<ObjectSource> {
  const kept = new Set<string>();
  for await (const { digest } of gitReferences(record, objects)) kept.add(digest);
  const check = ({ digest }: StreamRef) => {
    if (!kept.has(digest)) throw failure('CHUNK_MISSING', { chunk: digest, key: '', offset: 0 });
  };
  return {
    readBytes: async (ref) => (check(ref), await objects.readBytes(ref)),
    async *readStream(ref) {
      check(ref);
      yield* objects.readStream(ref);
    },
  };
}

for (const [format, snapshots] of [
  // Packs are merged every seven snapshots or so: `npm run test:soak` does it some more times.
  ['sha1', process.env['STILLPOINT_SOAK'] === undefined ? 17 : 30],
  ['sha256', 10],
] as const) {
  test(`${format}: ${snapshots} snapshots with a commit each: few packs, few bytes, each exact, and any may be forgotten`, async () => {
    await using member = await createTestMember({ format });
    const filler = randomBytes(400_000);
    await commit(member, 'large', filler);
    let records: Json[] = [];
    const states = new Map<Json, unknown>();
    let late = 0;
    for (let n = 1; n <= snapshots; n++) {
      filler.writeUInt32LE(n, n * 600);
      await commit(member, 'changing', filler.subarray(0, 20_000));
      const beforeMark = async () => {
        // Every fifth has a second pack, of what came after the warm-up.
        if (n % 5 === 0) await commit(member, `late ${(late += 1)}`, 'late');
      };
      const { record } = await member.capture({ history: records, beforeMark });
      records.unshift(record);
      states.set(record, stateOf(member.directory));
      assert.ok(packsOf(record).length <= packLimit);
      // Any one may be gone when the next is taken; the newest, now and then.
      if (n % 4 === 0) records = records.filter((_, at) => at !== (n % 8 === 0 ? 0 : 2));
    }
    const whole = (await member.capture()).record;
    const ratio = bytesOf(records[0]!) / bytesOf(whole);
    assert.ok(ratio < 1.5, `${ratio} of one pack with everything`);
    const stored = new Map(records.flatMap(packsOf).map(({ digest, bytes }) => [digest, bytes]));
    const storedBytes = [...stored.values()].reduce((sum, bytes) => sum + bytes, 0);
    assert.ok(storedBytes < 3 * bytesOf(whole), `${storedBytes} for ${bytesOf(whole)}`);
    for (const at of new Set([0, snapshots >> 1, records.length - 1])) {
      const record = records[at]!;
      const source = await pruned(member.objects, record);
      await restoresElsewhere(member, record, states.get(record), source);
    }
  });
}

test('each snapshot adds one pack with what is new', async () => {
  await using member = await createTestMember();
  await commit(member, 'large', randomBytes(200_000));
  const records: Json[] = [];
  for (let n = 1; n < packLimit; n++) {
    await commit(member, 'tracked.txt', `${n}\n`);
    const stored = member.objects.bytesStored();
    records.unshift((await member.capture({ history: records })).record);
    assert.equal(packsOf(records[0]!).length, n);
    if (n > 1) assert.ok(member.objects.bytesStored() - stored < 20_000);
  }
});

test('a staged change stores itself, not the whole tree again', async () => {
  await using member = await createTestMember();
  await commit(member, 'large', randomBytes(200_000));
  const first = await member.capture();
  const stage = async (content: string) => {
    await member.write('staged', content);
    member.git('add', 'staged');
    member.git('write-tree');
  };
  await stage('one');
  const second = await member.capture({
    history: [first.record],
    beforeMark: () => stage('two'),
  });
  assert.equal(packsOf(second.record).length, 3);
  assert.ok(bytesOf(second.record) - bytesOf(first.record) < 2000);
  member.git('commit', '-qm', 'what was staged');
  const third = await member.capture({ history: [second.record] });
  assert.ok((third.record as unknown as { deadBytes: number }).deadBytes < 2000);
  await restoresElsewhere(member, third.record, stateOf(member.directory));
});

for (const how of ['is deleted', 'is deleted and collected'] as const) {
  test(`a large branch that ${how} leaves the packs of the next snapshot, not those of an undo point`, async () => {
    await using member = await createTestMember();
    member.git('checkout', '-qb', 'other');
    await commit(member, 'large', randomBytes(300_000));
    member.git('checkout', '-q', 'main');
    const first = (await member.capture()).record;
    member.git('branch', '-qD', 'other');
    if (how !== 'is deleted') {
      member.git('reflog', 'expire', '--expire=all', '--all');
      member.git('gc', '-q', '--prune=now');
    }
    const driver = member.driver();
    const forUndo: typeof driver = {
      ...driver,
      begin: (options) => driver.begin({ ...options, forUndo: true }),
    };
    const undo = (await member.capture({ driver: forUndo, history: [first] })).record;
    assert.deepEqual(packsOf(undo), packsOf(first));
    // What is dead is remembered from capture to capture.
    const next = (await member.capture({ history: [undo, first] })).record;
    assert.ok(bytesOf(next) < 5000, `${bytesOf(next)}`);
    await restoresElsewhere(member, next, stateOf(member.directory));
  });
}

test('packs that cannot be read any more are not merged: the history is stored whole again, and that is said', async () => {
  await using member = await createTestMember();
  const records: Json[] = [];
  const take = async (source: ObjectSource) => {
    await commit(member, 'tracked.txt', `${records.length}\n`);
    const said: string[] = [];
    await using session = await member.driver().begin({
      snapshot: newSnapshotId(),
      history: (async function* () {
        yield* records;
      })(),
      sink: member.objects,
      source,
      signal,
      progress: (event) => void (event.type === 'note:said' && said.push(event.level)),
    });
    await session.mark(signal);
    records.unshift((await session.capture()).record);
    return said;
  };
  while (records.length < packLimit - 1) assert.deepEqual(await take(member.objects), []);
  const [lost] = packsOf(records[0]!).slice(-1);
  const source: ObjectSource = {
    readBytes: (ref) => member.objects.readBytes(ref),
    readStream(ref) {
      if (ref.digest !== lost!.digest) return member.objects.readStream(ref);
      throw failure('CHUNK_MISSING', { chunk: ref.digest, key: '', offset: 0 });
    },
  };
  assert.deepEqual(await take(source), ['warn']);
  assert.equal(packsOf(records[0]!).length, 1);
  await restoresElsewhere(member, records[0]!, stateOf(member.directory));
});

test('what is merged: from where packs are not twice as large as all after them; always few are left', () => {
  assert.equal(firstToMerge([100, 1, 1, 1, 1, 1, 1, 1], 7), 1);
  assert.equal(firstToMerge([1000, 100, 10, 7, 1], 7), 2);
  assert.equal(firstToMerge([6, 2, 1], 7), 2);
  assert.equal(firstToMerge([128, 64, 32, 16, 8, 4, 2, 1, 1], 7), 0);
  assert.equal(firstToMerge([6561, 2187, 729, 243, 81, 27, 9, 3], 7), 6);
  // Many rounds: the largest is hardly ever part of it.
  let packs = [10_000];
  let merged = 0;
  for (let round = 0; round < 1000; round += 1) {
    packs.push(1 + (round % 7));
    if (packs.length <= 7) continue;
    const first = firstToMerge(packs, 7);
    const sum = packs.slice(first).reduce((all, one) => all + one, 0);
    merged += sum;
    packs = [...packs.slice(0, first), sum];
    assert.ok(packs.length <= 7);
  }
  const total = packs.reduce((all, one) => all + one, 0);
  assert.ok(merged < total * 4, `${merged} merged for ${total}`);
});
