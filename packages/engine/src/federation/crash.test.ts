// kill -9 in the middle of a switch: the same switch finishes it, and so does the switch back. And a failure in the middle
// (a directory that cannot be written) is named and can be reversed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { isFailure, newSnapshotId, silent, type Json, type SnapshotId } from '@stillpoint/core';
import { createTestMember, type TestMember } from './testing/test-member.ts';
import { gitState, treeState } from './testing/tree-state.ts';

const signal = new AbortController().signal;
const program = fileURLToPath(new URL('testing/switch-process.ts', import.meta.url));

function switchInProcess(
  member: TestMember,
  placement: Json,
  undo: SnapshotId,
  killAt: number | null,
) {
  const order = {
    project: member.project,
    cache: path.join(member.project, '.stillpoint/cache'),
    placement,
    undo,
    killAt,
  };
  const flags = ['--no-warnings=ExperimentalWarning', '--conditions=@stillpoint/source'];
  return spawnSync(process.execPath, [...flags, program], {
    input: JSON.stringify(order),
    encoding: 'utf8',
  });
}

interface Scene {
  readonly before: unknown;
  readonly after: unknown;
  readonly there: Json;
  readonly back: Json;
  readonly undo: SnapshotId;
}

const stateOf = (member: TestMember) => [treeState(member.directory), gitState(member.directory)];

/** Two states that differ in everything a switch changes. */
async function arrange(member: TestMember): Promise<Scene> {
  await member.write('way/x', 'x');
  member.git('add', '.');
  member.git('commit', '-qm', 'way');
  member.git('branch', 'old');
  await member.write('tracked.txt', 'stashed');
  member.git('stash', '-q');
  await member.write('tracked.txt', 'staged\n');
  member.git('add', '.');
  await member.write('untracked', 'u', 0o600);
  const after = stateOf(member);
  const snapshot = await member.capture();

  member.git('stash', 'drop', '-q');
  member.git('reset', '-q', '--hard');
  member.git('checkout', '-q', '-b', 'other');
  member.git('branch', '-qD', 'old');
  member.git('branch', 'old/now-below');
  member.git('rm', '-qr', 'way');
  await member.write('way', 'a file in the way');
  await member.write('later', 'tracked later');
  await member.write('.gitignore', 'cache\nuntracked\n');
  member.git('add', '.');
  member.git('commit', '-qm', 'other work');
  await member.write('cache', 'ignored, never touched');
  await member.write('junk', 'untracked later');
  const before = stateOf(member);
  const driver = member.driver();
  await driver.protect?.(snapshot.record, member.objects);
  const undo = await member.capture({ driver, history: [snapshot.record] });
  const workDirectory = await member.workDirectory();
  const options = { source: member.objects, workDirectory, signal, progress: silent };
  const back = await driver.placementOfUndo(undo.record, { ...options, snapshot: undo.id });
  const there = await driver.prepare(snapshot.record, { ...options, snapshot: snapshot.id });
  const tree = [
    ...(after[0] as string[]),
    (before[0] as string[]).find((line) => line.startsWith('cache '))!,
  ].toSorted();
  return { before, after: [tree, undefined], there, back, undo: undo.id };
}

test(
  'killed anywhere in a switch: the same switch again, or the one back, makes it whole',
  { concurrency: 3 },
  async (t) => {
    await using counting = await createTestMember();
    const scene = await arrange(counting);
    const whole = switchInProcess(counting, scene.there, scene.undo, null);
    assert.equal(whole.status, 0, whole.stderr);
    const steps = Number(whole.stdout);
    assert.ok(steps > 10, `${steps} steps`);
    const points = Array.from({ length: steps }, (_, at) => at + 1);
    t.diagnostic(`${points.length} places to die in`);
    await Promise.all(
      points.map((killAt) =>
        t.test(`at step ${killAt}`, async () => {
          await using member = await createTestMember();
          const { before, after, there, back, undo } = await arrange(member);
          assert.equal(switchInProcess(member, there, undo, killAt).signal, 'SIGKILL');
          const driver = member.driver();
          if (killAt % 2 === 0) {
            await driver.switch(there, { undo, progress: silent });
            const [tree, git] = stateOf(member) as [string[], Record<string, string>];
            assert.deepEqual(tree, (after as [string[]])[0]);
            assert.match(git['head'] ?? '', /main/);
            assert.doesNotMatch(git['refs'] ?? '', /heads\/other|now-below/);
            assert.equal((git['stash'] ?? '').split('\n').filter(Boolean).length, 1);
            assert.match(git['index'] ?? '', /^H 100644 /);
          }
          await driver.switch(back, { undo, progress: silent });
          assert.deepEqual(stateOf(member), before);
          member.git('fsck', '--full');
        }),
      ),
    );
  },
);

test(
  'a directory that nobody may write: a named error, and the way back works',
  { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false },
  async () => {
    await using member = await createTestMember();
    await member.write('deep/inner/file', 'captured');
    member.git('add', '.');
    member.git('commit', '-qm', 'deep');
    const snapshot = await member.capture();
    await member.write('deep/inner/file', 'changed');
    const before = stateOf(member);
    const undo = await member.capture();
    const options = {
      source: member.objects,
      workDirectory: await member.workDirectory(),
      signal,
      progress: silent,
    };
    const driver = member.driver();
    const there = await driver.prepare(snapshot.record, { ...options, snapshot: snapshot.id });
    const back = await driver.placementOfUndo(undo.record, { ...options, snapshot: undo.id });
    await chmod(member.directory, 0o555);
    await chmod(path.join(member.directory, '.git'), 0o555);
    await assert.rejects(driver.switch(there, { undo: undo.id, progress: silent }), (error) =>
      isFailure(error, 'MEMBER_CHECKOUT_FAILED'),
    );
    await chmod(member.directory, 0o755);
    await chmod(path.join(member.directory, '.git'), 0o755);
    await driver.switch(back, { undo: undo.id, progress: silent });
    assert.deepEqual(stateOf(member), before);
  },
);

test('a repository in the way of a file: a named error, nothing of it is removed', async () => {
  await using member = await createTestMember();
  const snapshot = await member.capture();
  member.git('rm', '-q', 'tracked.txt');
  await member.write('.gitignore', 'tracked.txt\n');
  await mkdir(path.join(member.directory, 'tracked.txt/.git'), { recursive: true });
  await writeFile(path.join(member.directory, 'tracked.txt/precious'), 'precious');
  const driver = member.driver();
  const undo = newSnapshotId();
  await driver.protect?.(snapshot.record, member.objects);
  await assert.rejects(member.capture({ driver }), (error) =>
    isFailure(error, 'NESTED_REPOSITORY'),
  );
  await assert.rejects(member.restore(snapshot.record, { undo }), (error) =>
    isFailure(error, 'MEMBER_CHECKOUT_FAILED'),
  );
  assert.ok(
    treeState(path.join(member.directory, 'tracked.txt')).some((line) =>
      line.startsWith('precious '),
    ),
  );
});

test('a lock that somebody holds: named, nothing is changed', async () => {
  await using member = await createTestMember();
  const snapshot = await member.capture();
  await member.write('tracked.txt', 'changed');
  await writeFile(path.join(member.directory, '.git/index.lock'), '');
  const before = treeState(member.directory, { skip: [] });
  await assert.rejects(member.restore(snapshot.record), (error) =>
    isFailure(error, 'MEMBER_LOCKED'),
  );
  assert.deepEqual(treeState(member.directory, { skip: [] }), before);
});
