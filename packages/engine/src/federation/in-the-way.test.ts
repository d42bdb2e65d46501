// Merged, split and linked repositories: a restore that could not be exact, or whose undo could not, is refused before it begins.
import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { createTestMember, type DriverWishes, type TestMember } from './testing/test-member.ts';
import { runGit, treeState } from './testing/tree-state.ts';

async function refused(
  member: TestMember,
  record: Parameters<TestMember['restore']>[0],
  wishes: DriverWishes,
  what: RegExp,
): Promise<void> {
  const before = treeState(member.directory);
  await assert.rejects(
    member.restore(record, { driver: member.driver(wishes) }),
    (error) => isFailure(error, 'MEMBER_IN_THE_WAY') && what.test(error.message),
  );
  assert.deepEqual(treeState(member.directory), before);
}

async function makeInner(member: TestMember): Promise<string> {
  const inner = path.join(member.directory, 'inner');
  await mkdir(inner);
  runGit(inner, 'init', '-q', '-b', 'main');
  await member.write('inner/file.txt', 'inner');
  runGit(inner, 'add', '.');
  runGit(inner, 'commit', '-qm', 'inner');
  return inner;
}

test('a repository that was merged into the one around it is not put back over its files', async () => {
  await using member = await createTestMember();
  const inner = await makeInner(member);
  const wishes = { path: 'core/inner', otherMembers: ['core'] };
  const snapshot = await member.capture({ driver: member.driver(wishes) });
  await rm(path.join(inner, '.git'), { recursive: true });
  member.git('add', '.');
  await member.write('inner/file.txt', 'uncommitted');
  await refused(member, snapshot.record, wishes, /tracked by core/);
});

test('files that lie in a repository of its own now are not left out of a restore', async () => {
  await using member = await createTestMember();
  await member.write('inner/file.txt', 'of the outer one');
  member.git('add', '.');
  member.git('commit', '-qm', 'with inner');
  const snapshot = await member.capture();
  member.git('rm', '-q', '-r', '--cached', 'inner');
  await rm(path.join(member.directory, 'inner'), { recursive: true });
  await makeInner(member);
  await refused(member, snapshot.record, {}, /inner is a repository of its own/);
  const asMember = { otherMembers: ['core/inner'] };
  await refused(member, snapshot.record, asMember, /belongs to another member/);
});

test('a member whose directory is a link to another is not restored through it', async () => {
  await using member = await createTestMember();
  const snapshot = await member.capture();
  const elsewhere = path.join(member.project, 'elsewhere');
  await rename(member.directory, elsewhere);
  await symlink('elsewhere', member.directory);
  await refused(member, snapshot.record, {}, /core is a link to elsewhere/);
});
