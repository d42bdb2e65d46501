// Every kind of work tree, on real repositories: captured, wrecked, restored in place and on an empty machine, byte-equal
// with the same `git status`, and undone. Nothing that a user can see changes by a capture. `npm run test:soak` tries every kind,
// `npm test` those that are like no other: the same ones every time, so that what fails fails again.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { newSnapshotId } from '@stillpoint/core';
import { createTestMember, type TestMember } from './testing/test-member.ts';
import { gitState, runGit, treeState } from './testing/tree-state.ts';
import { workTreeCases, type WorkTreeCase } from './testing/work-tree-cases.ts';

const everyday = workTreeCases.filter(({ like }) => like === undefined);
const cases = process.env['STILLPOINT_SOAK'] === undefined ? everyday : workTreeCases;

test('a kind that is left to the soak is like one that is tried every time', () => {
  const tried = new Set(everyday.map(({ name }) => name));
  for (const { name, like } of workTreeCases) assert.ok(tried.has(like ?? name), name);
});

test('work trees', { concurrency: 4 }, async (t) => {
  t.diagnostic(`${cases.length} of ${workTreeCases.length} kinds`);
  await Promise.all(cases.map((one) => t.test(`work tree: ${one.name}`, () => comesBack(one))));
});

async function comesBack({ arrange, wishes, options, wreck }: WorkTreeCase): Promise<void> {
  await using member = await createTestMember(options);
  await mkdir(path.join(member.directory, '.git/info'), { recursive: true });
  await arrange(member);
  const driver = () => member.driver(wishes);
  await driver().probe(new AbortController().signal);
  const then = stateOf(member.directory);
  const visible = treeState(member.directory, { skip: [] });
  const snapshot = await member.capture({ driver: driver() });
  assert.deepEqual(treeState(member.directory, { skip: [] }), visible, 'a capture changes nothing');

  const elsewhere = await member.elsewhere();
  await member.restore(snapshot.record, { driver: elsewhere.driver });
  assert.deepEqual(stateOf(elsewhere.directory), then, 'on an empty machine');
  assertWhole(elsewhere.directory);

  await (wreck ?? wreckEverything)(member);
  const broken = stateOf(member.directory);
  const protecting = driver();
  await protecting.protect?.(snapshot.record, member.objects);
  const undo = await member.capture({ driver: protecting, history: [snapshot.record] });
  await member.restore(snapshot.record, { driver: driver(), undo: undo.id });
  assert.deepEqual(stateOf(member.directory), then, 'in place');
  await member.restore(undo.record, { driver: driver() });
  assert.deepEqual(stateOf(member.directory), broken, 'undone');
  // With what the restore before it has put there.
  assertWhole(member.directory);
}

function stateOf(directory: string): unknown {
  return [treeState(directory), gitState(directory)];
}

function assertWhole(directory: string): void {
  const words = runGit(directory, 'fsck', '--full', '--no-dangling', '--no-progress').trim();
  assert.ok(/^(notice: .*\n?)*$/.test(words), words);
}

/** What an agent on a bad day does: other work, other commits, garbage, and no way back in the repository itself. */
async function wreckEverything(m: TestMember): Promise<void> {
  for (const [operation, ...signs] of [
    ['merge', 'MERGE_HEAD'],
    ['rebase', 'rebase-merge', 'rebase-apply'],
    ['cherry-pick', 'CHERRY_PICK_HEAD'],
  ] as const) {
    if (signs.some((sign) => existsSync(path.join(m.directory, '.git', sign))))
      m.git(operation, '--abort');
  }
  m.git('checkout', '-qf', '--orphan', `wreck-${newSnapshotId()}`);
  m.git('rm', '-rfq', '--ignore-unmatch', '--sparse', '.');
  m.git('clean', '-qfdx');
  await m.write('tracked.txt', 'wrecked\n');
  await m.write('src', 'a file now\n');
  m.git('add', '.');
  m.git('commit', '-qm', 'wrecked');
  for (const branch of ['main', 'side']) {
    try {
      m.git('branch', '-qD', branch);
    } catch {
      // not there
    }
  }
  m.git('reflog', 'expire', '--expire=all', '--all');
  m.git('gc', '-q', '--prune=now');
  await m.write('tracked.txt', 'and dirty\n');
}
