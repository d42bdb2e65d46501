// What only a real file system does: modes, full disks, read-only media, what dead writers leave.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure, newSnapshotId, type ErrorCode } from '@stillpoint/core';
import { never, noise, randomFrom, refsOf } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';
import { createDirectoryStore } from './directory.ts';
import { newTemporaryName } from './temporary-file.ts';

const isRoot = process.getuid?.() === 0;
const code = (name: ErrorCode) => (error: unknown) => isFailure(error, name);

async function scratch(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-directory-'));
  t.after(async () => {
    // The tests take permissions away from the vault; what is protected cannot be removed.
    const vault = path.join(directory, 'vault');
    await chmod(vault, 0o700).catch(() => {});
    for (const one of await directoriesOf(directory)) await chmod(one, 0o700);
    await rm(directory, { recursive: true });
  });
  return directory;
}

/** A small file system of its own, or the reason why there is none. */
async function mountTmpfs(t: TestContext, sizeBytes: number): Promise<string | undefined> {
  if (!isRoot) return undefined;
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-tmpfs-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', directory], {
      stdio: 'pipe',
    });
  } catch {
    await rm(directory, { recursive: true });
    return undefined;
  }
  t.after(async () => {
    execFileSync('umount', ['-l', directory]);
    await rm(directory, { recursive: true });
  });
  return directory;
}

async function protectDirectories(root: string): Promise<void> {
  for (const directory of await directoriesOf(root)) await chmod(directory, 0o500);
}

async function directoriesOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory());
  return [root, ...below.map((entry) => path.join(entry.parentPath, entry.name))];
}

test('directories are 0700 and files 0600, whatever the umask', async (t) => {
  const root = path.join(await scratch(t), 'vault');
  const before = process.umask(0);
  t.after(() => process.umask(before));
  await createDirectoryStore(root).put('packs/ab/cd', Buffer.from('x'));
  for (const name of ['', 'packs', 'packs/ab', 'tmp']) {
    assert.equal((await stat(path.join(root, name))).mode & 0o777, 0o700, name);
  }
  assert.equal((await stat(path.join(root, 'packs/ab/cd'))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(path.join(root, 'tmp')), []);
});

test('a full disk is VAULT_NO_SPACE; older snapshots stay whole and the next one works', async (t) => {
  const mounted = await mountTmpfs(t, 12 * 1024 * 1024);
  if (mounted === undefined)
    return t.skip('a file system to fill cannot be mounted here (needs root)');
  await using vault = await createVault(createDirectoryStore(path.join(mounted, 'vault')));
  const content = noise(randomFrom(1), 1_000_000);
  await using first = await vault.openSession(never);
  const ref = await first.sink().writeBytes(content);
  const entry = await first.seal(newSnapshotId(), Buffer.from('{}'));

  await using second = await vault.openSession(never);
  await second.sink().writeBytes(noise(randomFrom(2), 30_000_000));
  await assert.rejects(second.seal(newSnapshotId(), Buffer.from('{}')), code('VAULT_NO_SPACE'));
  await assert.rejects(second.sink().writeBytes(content), code('VAULT_NO_SPACE'));

  await writeFile(path.join(mounted, 'filler'), Buffer.alloc(20_000_000)).catch(() => {});
  assert.equal(await vault.freeBytes(), 0);
  assert.deepEqual(await vault.list(), [entry]);
  assert.deepEqual((await vault.verify(refsOf(ref), { ...never, deep: true })).damages, []);
  await rm(path.join(mounted, 'filler'));
  assert.deepEqual(await readdir(path.join(mounted, 'vault', 'tmp')), []);
  await using third = await vault.openSession(never);
  await third.sink().writeBytes(noise(randomFrom(3), 1_000_000));
  await third.seal(newSnapshotId(), Buffer.from('{}'));
  assert.equal((await vault.list()).length, 2);
});

test('a read-only vault refuses a session with VAULT_READ_ONLY and is read', async (t) => {
  const mounted = await mountTmpfs(t, 4 * 1024 * 1024);
  if (isRoot && mounted === undefined)
    return t.skip('nothing can be mounted here, and root may write anywhere');
  const root = path.join(mounted ?? (await scratch(t)), 'vault');
  const content = noise(randomFrom(1), 100_000);
  const writer = await createVault(createDirectoryStore(root));
  const session = await writer.openSession(never);
  const ref = await session.sink().writeBytes(content);
  const entry = await session.seal(newSnapshotId(), Buffer.from('{}'));
  await writer[Symbol.asyncDispose]();
  if (mounted === undefined) await protectDirectories(root);
  else execFileSync('mount', ['-o', 'remount,ro', mounted]);

  for (const opener of [openVault, createVault]) {
    await using vault = await opener(createDirectoryStore(root));
    await assert.rejects(vault.openSession(never), code('VAULT_READ_ONLY'));
    assert.deepEqual(await vault.list(), [entry]);
    assert.equal(Buffer.compare(await vault.readBytes(ref), content), 0);
    assert.deepEqual((await vault.verify(refsOf(ref), { ...never, deep: true })).damages, []);
  }
  const store = createDirectoryStore(root);
  await assert.rejects(store.put('index/x', content), code('VAULT_READ_ONLY'));
  await assert.rejects(store.put('new/x', content), code('VAULT_READ_ONLY'));
  await assert.rejects(
    store.delete((await Array.fromAsync(store.list('packs/')))[0]?.key ?? ''),
    code('VAULT_READ_ONLY'),
  );
});

test('a vault that may not be read is VAULT_NO_ACCESS', async (t) => {
  if (isRoot) return t.skip('root may read everything');
  const root = path.join(await scratch(t), 'vault');
  await createVault(createDirectoryStore(root));
  await chmod(root, 0o000);
  await assert.rejects(openVault(createDirectoryStore(root)), code('VAULT_NO_ACCESS'));
});

test('what a dead writer left goes, what a living one writes and what is foreign stays', async (t) => {
  const root = path.join(await scratch(t), 'vault');
  const store = createDirectoryStore(root);
  await store.put('a', Buffer.from('x'));
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  const living = newTemporaryName();
  const [place, , start, random] = living.split('-');
  const dead = `${place}-${child.pid}-${start}-${random}`;
  const reused = `${place}-${process.pid}-00000000-${random}`;
  const elsewhere = `00000000-${process.pid}-${start}-${random}`;
  for (const name of [living, dead, reused, elsewhere, 'notes.txt']) {
    await writeFile(path.join(root, 'tmp', name), 'half');
  }
  await store.ensureWritable();
  assert.deepEqual(
    (await readdir(path.join(root, 'tmp'))).toSorted(),
    [living, elsewhere, 'notes.txt'].toSorted(),
  );
  assert.deepEqual(await Array.fromAsync(store.list('')), [{ key: 'a', bytes: 1 }]);
});

test('foreign names are passed over, linked directories are followed', async (t) => {
  const base = await scratch(t);
  const root = path.join(base, 'vault');
  const store = createDirectoryStore(root);
  await store.put('packs/aa/b', Buffer.from('x'));
  await writeFile(path.join(root, '.DS_Store'), 'x');
  await writeFile(path.join(root, 'packs', 'Übung'), 'x');
  await symlink('nowhere', path.join(root, 'packs', 'dangling'));
  await mkdir(path.join(base, 'elsewhere'));
  await rename(path.join(root, 'packs', 'aa'), path.join(base, 'elsewhere', 'aa'));
  await symlink(path.join(base, 'elsewhere', 'aa'), path.join(root, 'packs', 'aa'));
  await store.put('packs/aa/c', Buffer.from('y'));
  assert.deepEqual(await Array.fromAsync(store.list('')), [
    { key: 'packs/aa/b', bytes: 1 },
    { key: 'packs/aa/c', bytes: 1 },
  ]);
});

test('a directory that was removed under the store is made again', async (t) => {
  const root = path.join(await scratch(t), 'vault');
  const store = createDirectoryStore(root);
  await store.put('packs/aa/b', Buffer.from('x'));
  await rm(root, { recursive: true });
  await store.put('packs/aa/b', Buffer.from('x'));
  assert.deepEqual(await store.stat('packs/aa/b'), { bytes: 1 });
});

test('a file where the vault should be is a named error', async (t) => {
  const file = path.join(await scratch(t), 'vault');
  await writeFile(file, 'not a directory');
  await assert.rejects(openVault(createDirectoryStore(file)), isFailure);
  await assert.rejects(createVault(createDirectoryStore(file)), isFailure);
});

test('nothing is made by looking', async (t) => {
  const root = path.join(await scratch(t), 'a', 'vault');
  const store = createDirectoryStore(root);
  await assert.rejects(openVault(store), code('VAULT_MISSING'));
  assert.ok(((await store.freeBytes()) ?? 0) > 0);
  await assert.rejects(stat(path.dirname(root)), { code: 'ENOENT' });
});
