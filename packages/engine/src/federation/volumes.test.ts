// A member that lies on another file system than the project: a volume that is mounted into it. A rename does not reach there.
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createTestMember } from './testing/test-member.ts';
import { treeState } from './testing/tree-state.ts';

const memory = '/dev/shm';

test('a member on a volume of its own is restored, in place and from nothing', async (t) => {
  await using member = await createTestMember();
  const other = await stat(memory).catch(() => undefined);
  if (other === undefined || other.dev === (await stat(member.project)).dev) {
    t.skip('there is no second file system');
    return;
  }
  const work = await mkdtemp(path.join(memory, 'stillpoint-git-'));
  try {
    member.workDirectory = () => mkdtemp(path.join(work, 'restore-'));
    await member.write('src/run.sh', '#!/bin/sh\n', 0o755);
    const before = treeState(member.directory);
    const snapshot = await member.capture();
    await member.write('src/run.sh', 'broken', 0o644);
    await member.write('tracked.txt', 'broken');
    await member.restore(snapshot.record);
    assert.deepEqual(treeState(member.directory), before);
    await rm(member.directory, { recursive: true });
    await member.restore(snapshot.record);
    assert.equal(member.git('status', '--porcelain').trim(), '?? src/run.sh');
    member.git('fsck');
  } finally {
    await rm(work, { recursive: true });
  }
});
