// Every kind of tree comes back as it was, whatever was done to it meanwhile; and so does what the restore replaced.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmod,
  chown,
  link,
  lutimes,
  mkdir,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { newSnapshotId, silent } from '@stillpoint/core';
import type { StreamRef } from '../contract.ts';
import { directoryState } from './testing/directory-state.ts';
import { createTestDirectory, type TestDirectory } from './testing/test-directory.ts';

interface Case {
  readonly name: string;
  readonly arrange: (it: TestDirectory, at: (name: string) => string) => unknown;
  /** What happens after the snapshot; by default everything goes. */
  readonly wreck?: (it: TestDirectory, at: (name: string) => string) => unknown;
  readonly skip?: string | false;
}

const isRoot = process.getuid?.() === 0;

const cases: readonly Case[] = [
  { name: 'nothing at all', arrange: () => {}, wreck: (it) => it.write('junk/file', 'x') },
  { name: 'an empty file', arrange: (it) => it.write('empty', '') },
  {
    name: 'empty directories, one in another',
    arrange: (_, at) => mkdir(at('a/b/c'), { recursive: true }),
    wreck: (_, at) => rm(at('a/b'), { recursive: true }),
  },
  {
    name: 'names in every encoding',
    async arrange(it, at) {
      for (const name of ['sp ace', 'new\nline', 'quo"te', '\u00fc', '-dash', '*', '\u{1f600}'])
        await it.write(name, name);
      await it.write(Buffer.from('latin1-\xe9\xff', 'latin1'), 'raw');
      await it.write(Buffer.from('d\xe9p/\xfe', 'latin1'), 'deep');
      await symlink(Buffer.from('t\xe9', 'latin1'), Buffer.from(`${at('link-')}\xe9`, 'latin1'));
    },
    wreck: (it) => it.write(Buffer.from('latin1-\xe9\xff', 'latin1'), 'changed'),
  },
  {
    name: 'a repository, as files',
    arrange: (it) => it.write('clone/.git/HEAD', 'ref: refs/heads/main\n'),
  },
  {
    name: 'links: to a file, dangling, to a directory, out of the tree',
    async arrange(it, at) {
      await it.write('d/file', 'x');
      await symlink('d/file', at('to-file'));
      await symlink('nowhere', at('dangling'));
      await symlink('d', at('to-directory'));
      await symlink('/etc', at('out'));
      await lutimes(at('dangling'), 1_500_000_000.25, 1_500_000_000.25);
    },
    async wreck(_, at) {
      await rm(at('to-file'));
      await rm(at('out'));
      await symlink('elsewhere', at('out'));
    },
  },
  {
    name: 'modes: 0600, 0400, 0777, setuid, and directories that close',
    async arrange(it, at) {
      await it.write('private', 'p', 0o600);
      await it.write('readonly', 'r', 0o400);
      await it.write('open', 'o', 0o777);
      await it.write('setuid', 's', 0o4755);
      await it.write('closed/file', 'x');
      await chmod(at('closed'), 0o555);
    },
    async wreck(it, at) {
      await chmod(at('closed'), 0o755);
      await it.write('closed/file', 'changed');
      await it.write('closed/more', 'more');
      await chmod(at('closed'), 0o555);
      await chmod(at('open'), 0o600);
      await chmod(at('readonly'), 0o600);
    },
  },
  {
    name: 'the directory itself does not let anybody write',
    async arrange(it, at) {
      await it.write('file', 'x');
      await chmod(at('.'), 0o500);
    },
    async wreck(it, at) {
      await chmod(at('.'), 0o700);
      await it.write('file', 'changed');
      await chmod(at('.'), 0o500);
    },
  },
  {
    name: 'times, to the microsecond',
    async arrange(it, at) {
      await it.write('old/file', 'x');
      await it.write('future', 'x');
      await it.write('before 1970', 'x');
      await utimes(at('old/file'), 1, 1_234_567_890.123_457);
      await utimes(at('future'), 1, 4_000_000_000.999_999);
      await utimes(at('before 1970'), 1, -1000.5);
      await utimes(at('old'), 1, 1_000_000_000);
    },
  },
  {
    name: 'only the time changed',
    arrange: (it) => it.write('file', 'x'),
    wreck: (_, at) => utimes(at('file'), 1, 1),
  },
  {
    name: 'same size and time, other bytes',
    async arrange(it, at) {
      await it.write('file', 'captured');
      await utimes(at('file'), 1, 1_600_000_000);
    },
    async wreck(it, at) {
      await it.write('file', 'tampered');
      await utimes(at('file'), 1, 1_600_000_000);
    },
  },
  {
    name: 'two names of one file become two files',
    async arrange(it, at) {
      await it.write('one', 'shared');
      await mkdir(at('d'));
      await link(at('one'), at('d/two'));
      await link(at('one'), at('three'));
    },
    async wreck(it, at) {
      await rm(at('d/two'));
      await it.write('d/two', 'shared');
    },
  },
  {
    name: 'two files become two names of one',
    async arrange(it) {
      await it.write('one', 'same');
      await it.write('two', 'same');
    },
    async wreck(_, at) {
      await rm(at('two'));
      await link(at('one'), at('two'));
    },
  },
  {
    name: 'a file becomes a directory, a directory a file, a directory a link, a link a file',
    async arrange(it, at) {
      await it.write('file', 'x');
      await it.write('directory/deep/file', 'x');
      await it.write('target/file', 'x');
      await it.write('turned/file', 'x');
      await symlink('target', at('link'));
    },
    async wreck(it, at) {
      await rm(at('file'));
      await it.write('file/inside', 'x');
      await rm(at('directory'), { recursive: true });
      await it.write('directory', 'x');
      await rename(at('turned'), at('moved'));
      await symlink('target', at('turned'));
      await rm(at('link'));
      await it.write('link', 'x');
    },
  },
  {
    name: 'larger than one piece, and full of holes',
    async arrange(it, at) {
      await it.write('big', Buffer.alloc(5_000_000, 'stillpoint\0'));
      await it.write('sparse', 'begins');
      await truncate(at('sparse'), 40_000_000);
    },
    wreck: (it) => it.write('big', Buffer.alloc(5_000_000, 'other')),
  },
  {
    name: 'owners',
    skip: isRoot ? false : 'only root may give files away',
    async arrange(it, at) {
      await it.write('d/hers', 'x', 0o4750);
      await chown(at('d/hers'), 12_345, 23_456);
      await chown(at('d'), 12_345, 23_456);
    },
    async wreck(it, at) {
      await chown(at('d'), 0, 0);
      await chown(at('d/hers'), 0, 0);
    },
  },
];

for (const { name, arrange, wreck, skip = false } of cases) {
  test(`tree: ${name}`, { skip }, async () => {
    await using it = await createTestDirectory();
    const at = (part: string) => path.join(it.directory, part);
    await arrange(it, at);
    const then = directoryState(it.directory);
    const driver = it.driver();
    const snapshot = await it.capture({ driver });
    if (wreck === undefined) execFileSync('find', [it.directory, '-mindepth', '1', '-delete']);
    else await wreck(it, at);
    const now = directoryState(it.directory);
    if (name !== 'nothing at all') assert.notDeepEqual(now, then, 'the wreck must show');
    const there = await driver.prepare(snapshot.record, await it.prepareOptions());
    await driver.prove(there, new AbortController().signal);
    const undo = await it.capture({ driver, history: [snapshot.record] });
    const back = await driver.placementOfUndo(undo.record, await it.prepareOptions());
    assert.deepEqual(directoryState(it.directory), now, 'nothing live is touched until the switch');
    const context = { undo: newSnapshotId(), progress: silent };
    await driver.switch(there, context);
    assert.deepEqual(directoryState(it.directory), then);
    await driver.switch(back, context);
    assert.deepEqual(directoryState(it.directory), now);
    await driver.switch(there, context);
    await driver.finish(there, back);
    assert.deepEqual(directoryState(it.directory), then);
    assert.equal(
      (await driver.compare(snapshot.record, it.objects, new AbortController().signal)).summary,
      'nothing changes',
    );
    // The undo point is a snapshot like any other: another machine restores it from the vault alone.
    await it.restore(undo.record, it.driver());
    assert.deepEqual(directoryState(it.directory), now);
  });
}

test('what was not touched stays the same file, with who has it open', async () => {
  await using it = await createTestDirectory();
  await it.write('same', 'x');
  await it.write('changed', 'x');
  const root = await stat(it.directory);
  const same = await stat(path.join(it.directory, 'same'));
  const driver = it.driver();
  const snapshot = await it.capture({ driver });
  await writeFile(path.join(it.directory, 'changed'), 'later');
  await it.restore(snapshot.record, driver);
  assert.equal((await stat(it.directory)).ino, root.ino);
  assert.equal((await stat(path.join(it.directory, 'same'))).ino, same.ino);
});

test('a sparse file comes back sparse', async () => {
  await using it = await createTestDirectory();
  await it.write('sparse', 'begins');
  await truncate(path.join(it.directory, 'sparse'), 64_000_000);
  const snapshot = await it.capture();
  await rm(path.join(it.directory, 'sparse'));
  // The vault hands out pieces; the one of the tests hands out a file whole.
  const pieces = {
    readBytes: (ref: StreamRef) => it.objects.readBytes(ref),
    async *readStream(ref: StreamRef) {
      const whole = await it.objects.readBytes(ref);
      for (let from = 0; from < whole.length; from += 1_000_000)
        yield whole.subarray(from, from + 1_000_000);
    },
  };
  const driver = it.driver();
  const options = { ...(await it.prepareOptions()), source: pieces };
  await driver.switch(await driver.prepare(snapshot.record, options), {
    undo: newSnapshotId(),
    progress: silent,
  });
  const { blocks, size } = await stat(path.join(it.directory, 'sparse'));
  assert.equal(size, 64_000_000);
  assert.ok(blocks * 512 < 4_000_000, `${blocks} blocks`);
});
