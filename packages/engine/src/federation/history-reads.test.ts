// What the gate reads of a repository: relations of commits, files of a checkout and of a commit, dependency lockfiles.
import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { digestOf } from '@stillpoint/core';
import { openHistory } from './index.ts';
import { createTestMember, type TestMember } from './testing/test-member.ts';
import { gitEnvironment } from './testing/tree-state.ts';

const { signal } = new AbortController();
const everything = (): boolean => true;

async function historyOf(member: TestMember) {
  const options = { projectDirectory: member.project, environment: gitEnvironment };
  const history = await openHistory({ ...options, member: 'core' }, signal);
  assert.ok(history !== undefined);
  return history;
}

for (const format of ['sha1', 'sha256'] as const) {
  test(`${format}: HEAD, ancestors, trees, and commits that are not there`, async () => {
    await using member = await createTestMember({ format, empty: true });
    const history = await historyOf(member);
    assert.equal(await history.head(), null);
    assert.deepEqual(await history.recentCommits(), []);
    const commits: string[] = [];
    for (const word of ['one', 'two']) {
      await member.write('a.txt', word);
      member.git('add', 'a.txt');
      member.git('commit', '-qm', word);
      commits.push((await history.head())!);
    }
    const [one = '', two = ''] = commits;
    assert.equal(two, member.git('rev-parse', 'HEAD').trim());
    assert.ok(await history.isAncestor(one, two));
    assert.ok(!(await history.isAncestor(two, one)));
    assert.equal(await history.treeOf(one), member.git('rev-parse', `${one}^{tree}`).trim());
    const unknown = one.replaceAll(/./g, '0');
    assert.deepEqual(await history.recentCommits(), [one], 'not HEAD');
    member.git('branch', 'side', one);
    member.git('reset', '-q', '--hard', one);
    assert.deepEqual(await history.recentCommits(), [two], 'which no branch has any more');
    member.git('reset', '-q', '--hard', two);
    assert.equal(await history.hasCommit(one), true);
    assert.equal(await history.hasCommit(unknown), false);
    assert.equal(await history.treeOf(unknown), undefined);
    assert.equal(await history.isAncestor(unknown, two), false);
    await assert.rejects(async () => history.hasCommit('--all'), TypeError);
  });
}

test('the checkout has what is there and not ignored; a commit has what it had', async () => {
  await using member = await createTestMember({ empty: true });
  const history = await historyOf(member);
  await member.write('.gitignore', 'ignored\n');
  await member.write('tracked', '1');
  await mkdir(path.join(member.directory, 'deep'));
  await member.write('deep/gone', '1');
  await member.write('ä.txt', '1');
  member.git('add', '-A');
  member.git('commit', '-qm', 'first');
  const first = (await history.head())!;
  await member.write('ignored', '1');
  await member.write('untracked', '1');
  await rm(path.join(member.directory, 'deep/gone'));
  const sorted = async (files: Promise<readonly string[]>) => (await files).toSorted();
  assert.deepEqual(await sorted(history.checkout.list(everything)), [
    '.gitignore',
    'tracked',
    'untracked',
    'ä.txt',
  ]);
  const then = history.at(first);
  assert.deepEqual(await sorted(then.list(everything)), [
    '.gitignore',
    'deep/gone',
    'tracked',
    'ä.txt',
  ]);
  assert.equal((await then.read('deep/gone'))?.toString(), '1');
  assert.equal(await then.read('untracked'), undefined);
  assert.equal(await history.checkout.read('deep/gone'), undefined);
  assert.equal((await history.checkout.read('ä.txt'))?.toString(), '1');
});

test('dependency lockfiles as a capture finds them', async () => {
  await using member = await createTestMember({ empty: true });
  await mkdir(path.join(member.directory, 'web'));
  await member.write('package-lock.json', 'one');
  await member.write('web/uv.lock', 'two');
  const history = await historyOf(member);
  const { member: captured } = await member.capture();
  assert.deepEqual(await history.dependencyLocks(), [
    { path: 'package-lock.json', digest: digestOf(Buffer.from('one')) },
    { path: 'web/uv.lock', digest: digestOf(Buffer.from('two')) },
  ]);
  assert.deepEqual(await history.dependencyLocks(), captured?.dependencyLocks);
});

test('where there is no repository there is no history', async () => {
  await using member = await createTestMember({ empty: true });
  for (const name of ['nowhere', '.']) {
    const options = { projectDirectory: member.project, member: name };
    assert.equal(await openHistory(options, signal), undefined);
  }
});
