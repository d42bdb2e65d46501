// What snapshots of a member cost and hold as its history grows, is rewritten and collected; and that a mark is a moment.
import assert from 'node:assert/strict';
import { mkdir, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, type Json } from '@stillpoint/core';
import { createTestMember } from './testing/test-member.ts';
import { gitState, runGit, treeState } from './testing/tree-state.ts';

test('nothing changed: no pack, no content, only what is there already', async () => {
  await using member = await createTestMember();
  await member.write('untracked', 'u');
  await member.write('tracked.txt', 'staged');
  member.git('add', 'tracked.txt');
  const first = await member.capture();
  const stored = member.objects.bytesStored();
  const second = await member.capture({ history: [first.record] });
  assert.deepEqual(second.record, first.record);
  assert.equal(member.objects.bytesStored(), stored);
});

test('history that was rewritten and collected comes back, on top of the new one and on an empty machine', async () => {
  await using member = await createTestMember();
  await member.write('tracked.txt', 'second\n');
  member.git('commit', '-qam', 'second');
  const then = [treeState(member.directory), gitState(member.directory)];
  const first = await member.capture();
  member.git('checkout', '-q', '--orphan', 'rewritten');
  member.git('commit', '-qm', 'rewritten');
  member.git('branch', '-qD', 'main');
  member.git('branch', '-m', 'main');
  member.git('reflog', 'expire', '--expire=all', '--all');
  member.git('gc', '-q', '--prune=now');
  const second = await member.capture({ history: [first.record] });
  for (const place of [
    await member.elsewhere(),
    { driver: member.driver(), directory: member.directory },
  ]) {
    await member.restore(first.record, { driver: place.driver });
    assert.deepEqual([treeState(place.directory), gitState(place.directory)], then);
    runGit(place.directory, 'fsck', '--full');
  }
  await rm(member.directory, { recursive: true });
  await member.restore(second.record);
  assert.equal(member.git('log', '--format=%s').trim(), 'rewritten');
});

test('a mark is a moment: what is written before it is in, what is written after it is not', async () => {
  await using member = await createTestMember();
  await member.write('untracked', 'before');
  let then: unknown;
  const snapshot = await member.capture({
    async beforeMark() {
      await member.write('tracked.txt', 'committed between warm-up and mark\n');
      member.git('commit', '-qam', 'between');
      member.git('tag', 'between');
      await member.write('untracked', 'BEFORE');
      await member.write('new', 'new');
      await member.write('src/deep/code.ts', 'staged');
      member.git('add', 'src');
      then = [treeState(member.directory), gitState(member.directory)];
    },
    async beforeCapture() {
      await member.write('tracked.txt', 'after');
      member.git('commit', '-qam', 'after');
      member.git('tag', '-d', 'between');
      await member.write('untracked', 'after!');
      await unlink(path.join(member.directory, 'new'));
    },
  });
  const elsewhere = await member.elsewhere();
  await member.restore(snapshot.record, { driver: elsewhere.driver });
  assert.deepEqual([treeState(elsewhere.directory), gitState(elsewhere.directory)], then);
});

test('the same size and the same times, other bytes: still seen', async () => {
  await using member = await createTestMember();
  const file = path.join(member.directory, 'tracked.txt');
  const time = new Date('2020-01-01T00:00:00Z');
  await utimes(file, time, time);
  const first = await member.capture();
  await writeFile(file, 'two\n');
  await utimes(file, time, time);
  const second = await member.capture({ history: [first.record] });
  await writeFile(file, 'six\n');
  await utimes(file, time, time);
  await member.restore(second.record);
  assert.equal(treeState(member.directory).join(), treeState(member.directory).join());
  const elsewhere = await member.elsewhere();
  await member.restore(second.record, { driver: elsewhere.driver });
  assert.deepEqual(treeState(elsewhere.directory), treeState(member.directory));
  await member.restore(first.record);
  assert.match(member.git('status', '--porcelain'), /^$/);
});

// `npm run test:soak`: thirty thousand.
const directories = process.env['STILLPOINT_SOAK'] === undefined ? 20 : 100;

test(`${300 * directories} files, and only the changed ones are read again`, async () => {
  await using member = await createTestMember();
  for (let d = 0; d < directories; d++) {
    const directory = path.join(member.directory, `d${d}`);
    await mkdir(directory);
    const files = Array.from({ length: 300 }, (_, at) =>
      writeFile(path.join(directory, `f${at}`), `${d} ${at % 10}`),
    );
    await Promise.all(files);
  }
  member.git('add', '.');
  member.git('commit', '-qm', 'many');
  await writeFile(path.join(member.directory, 'd7/f7'), 'dirty');
  const first = await member.capture();
  const second = await member.capture({ history: [first.record] });
  assert.deepEqual(second.record, first.record);
  const elsewhere = await member.elsewhere();
  await member.restore(second.record, { driver: elsewhere.driver });
  assert.deepEqual(treeState(elsewhere.directory), treeState(member.directory));
  assert.deepEqual(gitState(elsewhere.directory), gitState(member.directory));
});

test('damage is found before anything is switched', async () => {
  await using member = await createTestMember();
  await member.write('untracked', 'precious');
  const snapshot = await member.capture();
  const other = await createTestMember();
  await using _ = other;
  await other.write('untracked', 'PRECIOUS');
  const foreign = await other.capture();
  const listing = (foreign.record as { listing: Json }).listing;
  const mixed = { ...(snapshot.record as Record<string, Json>), listing };
  // The listing of another snapshot names content that these packs and objects do not hold.
  await assert.rejects(member.restore(mixed), (error) => isFailure(error));
  assert.equal(member.git('status', '--porcelain').trim(), '?? untracked');
  await assert.rejects(member.restore({ version: 2 }), (error) =>
    isFailure(error, 'MEMBER_RECORD_INVALID'),
  );
});
