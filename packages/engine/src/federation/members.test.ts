// Members as they come: beside each other, in each other, as submodules, linked worktrees and shallow clones; and what is
// refused by name before anything is paused.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import type { SourceDriver } from '../sources/contract.ts';
import { createTestMember, type TestMember } from './testing/test-member.ts';
import { gitState, runGit, treeState } from './testing/tree-state.ts';

const signal = new AbortController().signal;

async function refused(driver: SourceDriver, code: ErrorCode, words?: string): Promise<void> {
  await assert.rejects(driver.probe(signal), (error) => {
    assert.ok(isFailure(error, code), String(error));
    if (words !== undefined) assert.ok(error.message.includes(words), error.message);
    return true;
  });
}

async function initRepository(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  runGit(directory, 'init', '-q', '-b', 'main');
  await writeFile(path.join(directory, 'file'), directory);
  runGit(directory, 'add', '.');
  runGit(directory, 'commit', '-qm', 'first');
}

test('refused: no directory, no repository, a bare one', async () => {
  await using member = await createTestMember();
  await refused(member.driver({ path: 'gone' }), 'MEMBER_MISSING', 'gone');
  await mkdir(path.join(member.project, 'plain'));
  await refused(member.driver({ path: 'plain' }), 'MEMBER_NOT_REPOSITORY', 'plain');
  runGit(member.project, 'init', '-q', '--bare', 'bare');
  await refused(member.driver({ path: 'bare' }), 'MEMBER_BARE', 'bare');
});

test('refused: a nested repository that is no member; fine when it is one or is ignored', async () => {
  await using member = await createTestMember();
  await initRepository(path.join(member.directory, 'ext/a'));
  await refused(member.driver(), 'NESTED_REPOSITORY', 'core/ext/a');
  const driver = member.driver({ otherMembers: ['core', 'core/ext/a', 'other'] });
  const snapshot = await member.capture({ driver });
  assert.equal(snapshot.member?.dirty, false);
  const nested = treeState(path.join(member.directory, 'ext/a'), { skip: [] });
  await member.write('ext/b/untracked', 'x');
  await member.restore(snapshot.record, { driver });
  assert.deepEqual(treeState(path.join(member.directory, 'ext/a'), { skip: [] }), nested);
  assert.equal(existsSync(path.join(member.directory, 'ext/b')), false);
  await member.write('.gitignore', '/ext/\n');
  await member.driver().probe(signal);
});

test('refused: an empty nested repository too', async () => {
  await using member = await createTestMember();
  await mkdir(path.join(member.directory, 'ext/a'), { recursive: true });
  runGit(path.join(member.directory, 'ext/a'), 'init', '-q');
  await refused(member.driver(), 'NESTED_REPOSITORY', 'core/ext/a');
});

test('refused: a submodule that is no member; captured with it when it is one', async () => {
  await using member = await createTestMember();
  const origin = path.join(member.project, 'origin');
  await initRepository(origin);
  member.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', origin, 'sub');
  member.git('commit', '-qm', 'with a submodule');
  await refused(member.driver(), 'SUBMODULE_NOT_MEMBER', 'core/sub');

  const both = { otherMembers: ['core', 'core/sub'] };
  const outer = () => member.driver(both);
  const inner = () => member.driver({ ...both, path: 'core/sub' });
  await member.write('sub/file', 'dirty in the submodule');
  const state = () => [
    treeState(member.directory),
    gitState(member.directory),
    gitState(path.join(member.directory, 'sub')),
  ];
  const then = state();
  const [one, two] = [
    await member.capture({ driver: outer() }),
    await member.capture({ driver: inner() }),
  ];
  await member.write('sub/file', 'changed');
  runGit(path.join(member.directory, 'sub'), 'commit', '-qam', 'moved');
  member.git('add', 'sub');
  await member.restore(one.record, { driver: outer() });
  await member.restore(two.record, { driver: inner() });
  assert.deepEqual(state(), then);

  const elsewhere = await member.elsewhere();
  await member.restore(one.record, { driver: elsewhere.driver });
  assert.deepEqual(await readdir(path.join(elsewhere.directory, 'sub')), []);
  member.git('submodule', '--quiet', 'deinit', '-f', 'sub');
  await member.driver().probe(signal);
});

test('refused: a partial clone', async () => {
  await using member = await createTestMember();
  member.git('config', 'uploadpack.allowFilter', 'true');
  runGit(
    member.project,
    'clone',
    '-q',
    '--no-local',
    '--filter=blob:none',
    `file://${member.directory}`,
    'partial',
  );
  await refused(member.driver({ path: 'partial' }), 'PARTIAL_CLONE', 'origin');
});

test('refused: a pipe in the place of a tracked file, and an unknown ref storage', async () => {
  await using member = await createTestMember();
  await rm(path.join(member.directory, 'tracked.txt'));
  execFileSync('mkfifo', [path.join(member.directory, 'tracked.txt')]);
  await assert.rejects(member.capture(), (error) => isFailure(error, 'MEMBER_SPECIAL_FILE'));
  member.git('config', 'core.repositoryformatversion', '1');
  member.git('config', 'extensions.refStorage', 'reftable');
  await refused(member.driver(), 'MEMBER_UNSUPPORTED', 'reftable');
});

test('refused: missing objects are found before the freeze', async () => {
  await using member = await createTestMember();
  const blob = member.git('rev-parse', 'HEAD:tracked.txt').trim();
  await rm(path.join(member.directory, '.git/objects', blob.slice(0, 2), blob.slice(2)));
  let marked = false;
  const capturing = member.capture({
    beforeMark: () => {
      marked = true;
    },
  });
  await assert.rejects(capturing, (error) => isFailure(error, 'MEMBER_DAMAGED'));
  assert.equal(marked, false);
});

test('a linked worktree: in place only its own branch moves; elsewhere it is a repository of its own', async () => {
  await using member = await createTestMember();
  const linked = path.join(member.project, 'linked');
  member.git('worktree', 'add', '-q', '-b', 'feature', linked);
  await writeFile(path.join(linked, 'tracked.txt'), 'in the worktree');
  const driver = () => member.driver({ path: 'linked' });
  const state = (directory: string) => [
    treeState(directory),
    runGit(directory, 'status', '--porcelain=v2', '-z'),
    runGit(directory, 'rev-parse', 'HEAD'),
  ];
  const then = state(linked);
  const snapshot = await member.capture({ driver: driver() });
  runGit(linked, 'commit', '-qam', 'in feature');
  const moved = runGit(linked, 'rev-parse', 'HEAD').trim();
  await member.write('tracked.txt', 'in main');
  member.git('commit', '-qam', 'in main');
  const main = gitState(member.directory)['status'];
  const kept = await member.restore(snapshot.record, { driver: driver() });
  assert.deepEqual(state(linked), then);
  assert.equal(gitState(member.directory)['status'], main, 'the main worktree is left alone');
  assert.match(kept.join(), new RegExp(`linked: feature was ${moved.slice(0, 8)}`));

  const elsewhere = await member.elsewhere();
  await member.restore(snapshot.record, { driver: elsewhere.driver });
  assert.deepEqual(state(elsewhere.directory), then);
  runGit(elsewhere.directory, 'fsck', '--full');
});

test('a shallow clone stays shallow, and is whole again after it was deepened', async () => {
  await using member = await createTestMember();
  for (const n of ['2', '3']) {
    await member.write('tracked.txt', n);
    member.git('commit', '-qam', n);
  }
  runGit(member.project, 'clone', '-q', '--depth=1', `file://${member.directory}`, 'shallow');
  const shallow = path.join(member.project, 'shallow');
  const driver = () => member.driver({ path: 'shallow' });
  const log = (directory: string) => runGit(directory, 'log', '--format=%H');
  const before = [log(shallow), gitState(shallow), treeState(shallow)];
  const first = await member.capture({ driver: driver() });
  runGit(shallow, 'fetch', '-q', '--unshallow');
  const deep = await member.capture({ driver: driver(), history: [first.record] });
  const full = log(shallow);
  const elsewhere = await member.elsewhere();
  await member.restore(deep.record, { driver: elsewhere.driver });
  assert.equal(log(elsewhere.directory), full);
  runGit(elsewhere.directory, 'fsck', '--full');
  await member.restore(first.record, { driver: driver() });
  assert.deepEqual([log(shallow), gitState(shallow), treeState(shallow)], before);
  await member.restore(deep.record, { driver: driver() });
  assert.equal(log(shallow), full);
  assert.equal(existsSync(path.join(shallow, '.git/shallow')), false);
});

test('objects borrowed from another repository are captured', async () => {
  await using member = await createTestMember();
  runGit(member.project, 'clone', '-q', '--shared', member.directory, 'borrower');
  const snapshot = await member.capture({ driver: member.driver({ path: 'borrower' }) });
  const elsewhere = await member.elsewhere();
  await member.restore(snapshot.record, { driver: elsewhere.driver });
  runGit(elsewhere.directory, 'fsck', '--full', '--strict');
});

test('ignored files are captured only when named', async () => {
  await using member = await createTestMember();
  await member.write('.gitignore', '.env\n*.local\n');
  await member.write('.env', 'TOKEN=abc');
  await member.write('a/b.local', 'local');
  const plain = await member.capture();
  assert.doesNotMatch(await listingOf(member, plain.record), /\.env|b\.local/);
  const named = await member.capture({
    driver: member.driver({ include: ['.env', '**/*.local'] }),
  });
  const driver = () => member.driver({ include: ['.env', '**/*.local'] });
  await member.write('.env', 'TOKEN=changed');
  await member.write('later.local', 'came later');
  await rm(path.join(member.directory, 'a/b.local'));
  await member.restore(named.record, { driver: driver() });
  assert.equal(await readFile(path.join(member.directory, '.env'), 'utf8'), 'TOKEN=abc');
  assert.equal(await readFile(path.join(member.directory, 'a/b.local'), 'utf8'), 'local');
  assert.equal(existsSync(path.join(member.directory, 'later.local')), false);
  await member.write('.env', 'TOKEN=mine');
  await member.restore(plain.record);
  assert.equal(await readFile(path.join(member.directory, '.env'), 'utf8'), 'TOKEN=mine');
});

async function listingOf(member: TestMember, record: unknown): Promise<string> {
  const { listing } = record as { listing: Parameters<TestMember['objects']['readBytes']>[0] };
  return Buffer.from(await member.objects.readBytes(listing)).toString('utf8');
}

test('the project as a member: its .stillpoint and lockfile are left out', async () => {
  await using member = await createTestMember();
  runGit(member.project, 'init', '-q', '-b', 'main');
  await writeFile(path.join(member.project, 'app.ts'), 'x');
  await mkdir(path.join(member.project, '.stillpoint'), { recursive: true });
  await writeFile(path.join(member.project, '.stillpoint/state'), 'private');
  await writeFile(path.join(member.project, 'stillpoint.lock'), '{}');
  const driver = () => member.driver({ path: '.', otherMembers: ['core'] });
  const snapshot = await member.capture({ driver: driver() });
  const names = (await listingOf(member, snapshot.record)).trim().split('\n');
  assert.deepEqual(
    names.map((line) => (JSON.parse(line) as { path: string }).path),
    ['app.ts'],
  );
  await writeFile(path.join(member.project, 'app.ts'), 'changed');
  await member.restore(snapshot.record, { driver: driver() });
  assert.equal(await readFile(path.join(member.project, '.stillpoint/state'), 'utf8'), 'private');
  assert.equal(await readFile(path.join(member.project, 'stillpoint.lock'), 'utf8'), '{}');
  assert.equal(existsSync(path.join(member.directory, 'tracked.txt')), true);
});

test('no token leaves the machine: remotes, headers, helpers', async () => {
  await using member = await createTestMember();
  const settings = {
    'remote.origin.url': 'https://user:SECRET@example.org/x.git?private_token=SECRET',
    'remote.ssh.url': 'ssh://git:SECRET@example.org/x.git',
    'remote.scp.url': 'git@example.org:x.git',
    'http.https://example.org/.extraheader': 'AUTHORIZATION: basic SECRET',
    'credential.helper': '!echo SECRET',
    'url.https://user:SECRET@example.org/.insteadOf': 'https://example.org/',
    'branch.main.remote': 'https://SECRET@example.org/x.git',
    'submodule.x.url': 'https://u:SECRET@example.org/y',
    'alias.x': '!echo SECRET',
    'core.sshCommand': 'ssh -i SECRET',
    'lfs.url': 'https://u:SECRET@example.org/lfs',
  };
  for (const [key, value] of Object.entries(settings)) member.git('config', key, value);
  const snapshot = await member.capture();
  assert.doesNotMatch(JSON.stringify(snapshot), /SECRET/);
  for (const digest of streamsIn(snapshot.record)) {
    const content = await member.objects.readBytes({ digest, bytes: 0, depth: 0 });
    assert.equal(Buffer.from(content).includes('SECRET'), false);
  }
  const cache = path.join(member.project, '.stillpoint/cache');
  for (const file of await readdir(cache)) {
    assert.equal((await readFile(path.join(cache, file))).includes('SECRET'), false);
  }
  assert.deepEqual(snapshot.member?.remotes, [
    { name: 'origin', url: 'https://example.org/x.git' },
    { name: 'ssh', url: 'ssh://git@example.org/x.git' },
    { name: 'scp', url: 'git@example.org:x.git' },
  ]);
});

function streamsIn(record: unknown): string[] {
  return [...JSON.stringify(record).matchAll(/"digest":"([^"]+)"/g)].map(
    ([, digest = '']) => digest,
  );
}

test('the lockfile learns commit, branch, dirt and the digests of dependency locks', async () => {
  await using member = await createTestMember();
  await member.write('package-lock.json', '{}');
  await member.write('a/b/uv.lock', 'uv');
  await member.write('a/b/c/d/e/yarn.lock', 'too deep');
  const dirty = (await member.capture()).member;
  assert.equal(dirty?.dirty, true);
  assert.deepEqual(
    dirty?.dependencyLocks.map(({ path }) => path),
    ['a/b/uv.lock', 'package-lock.json'],
  );
  member.git('add', '.');
  member.git('commit', '-qm', 'locks');
  const clean = (await member.capture()).member;
  assert.equal(clean?.dirty, false);
  assert.equal(clean?.branch, 'main');
  assert.equal(clean?.commit, member.git('rev-parse', 'HEAD').trim());
  assert.deepEqual(clean?.dependencyLocks, dirty?.dependencyLocks, 'the same from the cache');
  await member.write('tracked.txt', 'dirty');
  assert.equal((await member.capture()).member?.dirty, true);
});

test('git-lfs: pointers in commits, content on the disk and in the store come back', async () => {
  await using member = await createTestMember();
  const content = Buffer.alloc(5000, 'large');
  const id = createHash('sha256').update(content).digest('hex');
  const store = path.join('lfs/objects', id.slice(0, 2), id.slice(2, 4));
  await mkdir(path.join(member.directory, '.git', store), { recursive: true });
  await writeFile(path.join(member.directory, '.git', store, id), content);
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${id}\nsize 5000\n`;
  await member.write('big.bin', pointer);
  member.git('add', '.');
  member.git('commit', '-qm', 'pointer');
  await member.write('big.bin', content);
  const snapshot = await member.capture();
  const elsewhere = await member.elsewhere();
  await member.restore(snapshot.record, { driver: elsewhere.driver });
  assert.deepEqual(await readFile(path.join(elsewhere.directory, 'big.bin')), content);
  assert.deepEqual(await readFile(path.join(elsewhere.directory, '.git', store, id)), content);
});

test('a copied repository without its main one is named', async () => {
  await using member = await createTestMember();
  member.git('worktree', 'add', '-q', path.join(member.project, 'linked'));
  await cp(path.join(member.project, 'linked'), path.join(member.project, 'copy'), {
    recursive: true,
  });
  await writeFile(path.join(member.project, 'copy/.git'), 'gitdir: /nowhere/at/all\n');
  await refused(member.driver({ path: 'copy' }), 'MEMBER_NOT_REPOSITORY', 'copy');
});
