// What is captured while others write, what is left out, and what is refused by name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, newSnapshotId, silent, systemClock, type ErrorCode } from '@stillpoint/core';
import { createFilesContext } from './context.ts';
import { beginSession } from './session.ts';
import { directoryState } from './testing/directory-state.ts';
import { createTestDirectory, type TestDirectory } from './testing/test-directory.ts';

const signal = new AbortController().signal;
const isRoot = process.getuid?.() === 0;
const failsWith = (code: ErrorCode, words?: RegExp) => (error: unknown) => {
  assert.ok(isFailure(error, code), String(error));
  if (words !== undefined) assert.match(error.message, words);
  return true;
};
/** Long enough ago that nobody doubts its times. */
const age = (it: TestDirectory) =>
  execFileSync('find', [it.directory, '-exec', 'touch', '-h', '-d', '2020-01-01', '{}', '+']);

test('what changes between begin and mark is captured as it is at the mark', async () => {
  await using it = await createTestDirectory();
  const at = (name: string) => path.join(it.directory, name);
  await it.write('appended', 'one\n');
  await it.write('removed', 'x');
  await it.write('moved', 'x');
  await it.write('turned', 'x');
  let then: string[] = [];
  const snapshot = await it.capture({
    async beforeMark() {
      await appendFile(at('appended'), 'two\n');
      await rm(at('removed'));
      await rename(at('moved'), at('moved-on'));
      await rm(at('turned'));
      await it.write('turned/inside', 'x');
      await it.write('new/file', 'x');
      then = directoryState(it.directory);
    },
    async beforeCapture() {
      await appendFile(at('appended'), 'three\n');
      await it.write('too late', 'x');
    },
  });
  await it.restore(snapshot.record);
  assert.deepEqual(directoryState(it.directory), then);
});

test('more than memory may hold changes before the mark: a named error with the file', async () => {
  await using it = await createTestDirectory();
  await it.write('run/output.log', 'x');
  const context = createFilesContext(it.options);
  const begin = {
    snapshot: newSnapshotId(),
    history: (async function* () {})(),
    sink: it.objects,
    source: it.objects,
    signal,
    progress: silent,
  };
  await using session = await beginSession(context, begin, 1000);
  await it.write('run/output.log', Buffer.alloc(1001));
  await assert.rejects(
    session.mark(signal),
    failsWith('FILES_CHANGES_TOO_LARGE', /run\/output\.log/),
  );
});

test('an unchanged file is not read again, a changed one is', async () => {
  await using it = await createTestDirectory();
  await it.write('a', 'aaaa');
  await it.write('b', 'bbbb');
  age(it);
  const probed = await it.driver().probe(signal);
  assert.deepEqual([probed.bytesTotal, probed.bytesNext], [8, 8]);
  // Changing times changes the time of that change too, which is now: only a second later nobody doubts it.
  const clock = { ...systemClock, now: () => new Date(Date.now() + 60_000) };
  const first = await it.capture({ driver: it.driver({ clock }) });
  assert.equal((await it.driver().probe(signal)).bytesNext, 0);
  await it.write('a', 'AAAA');
  assert.equal((await it.driver().probe(signal)).bytesNext, 4);
  const stored = it.objects.bytesStored();
  const second = await it.capture({ history: [first.record] });
  const listing = (second.record as { listing: { bytes: number } }).listing.bytes;
  assert.equal(it.objects.bytesStored() - stored, 4 + listing);
});

test('sockets, pipes and devices are left out, said, and stay', async () => {
  await using it = await createTestDirectory();
  await it.write('file', 'x');
  execFileSync('mkfifo', [path.join(it.directory, 'pipe')]);
  const then = directoryState(it.directory, { directoryTimes: false });
  const { notes } = await it.driver().probe(signal);
  assert.match(notes.join('\n'), /left out: pipe$/);
  const snapshot = await it.capture();
  await it.write('file', 'y');
  await it.restore(snapshot.record);
  assert.equal(directoryState(it.directory, { directoryTimes: false }).length, then.length);
  assert.ok(directoryState(it.directory).includes('pipe special'));
});

test('a pipe where a file belongs, or in a directory where a file belongs: refused, nothing is touched', async () => {
  await using it = await createTestDirectory();
  await it.write('file', 'x');
  const snapshot = await it.capture();
  const pipe = async (name: string) => {
    await rm(path.join(it.directory, 'file'), { recursive: true });
    await mkdir(path.dirname(path.join(it.directory, name)), { recursive: true });
    execFileSync('mkfifo', [path.join(it.directory, name)]);
    const before = directoryState(it.directory);
    const prepared = it.driver().prepare(snapshot.record, await it.prepareOptions());
    await assert.rejects(prepared, failsWith('FILES_IN_THE_WAY', /file/));
    assert.deepEqual(directoryState(it.directory), before);
  };
  await pipe('file');
  await pipe('file/deep/pipe');
});

test('what is excluded is neither captured nor touched, whoever excluded it when', async () => {
  await using it = await createTestDirectory();
  const at = (name: string) => path.join(it.directory, name);
  await it.write('kept', 'x');
  await it.write('tmp/.hidden/file', 'x');
  await it.write('deep/er/file.part', 'x');
  await it.write('later/file', 'x');
  const exclude = ['tmp/**', '**/*.part'];
  const snapshot = await it.capture({ driver: it.driver({ exclude }) });
  await writeFile(at('kept'), 'y');
  await writeFile(at('tmp/.hidden/file'), 'z');
  await writeFile(at('deep/er/file.part'), 'z');
  await writeFile(at('later/file'), 'z');
  await it.write('gone/with.part', 'z');
  await it.write('gone/without', 'z');
  // Other rules than when it was taken: both count.
  await it.restore(snapshot.record, it.driver({ exclude: ['later'] }));
  const state = directoryState(it.directory).map((line) => line.split(' ')[0]);
  assert.deepEqual(state, [
    '.',
    'deep',
    'deep/er',
    'deep/er/file.part',
    'gone',
    'gone/with.part',
    'kept',
    'later',
    'later/file',
    'tmp',
    'tmp/.hidden',
    'tmp/.hidden/file',
  ]);
  const read = (name: string) => execFileSync('cat', [at(name)], { encoding: 'utf8' });
  assert.deepEqual(['kept', 'tmp/.hidden/file', 'deep/er/file.part', 'later/file'].map(read), [
    'x',
    'z',
    'z',
    'z',
  ]);
});

test('what other parts of the project own in the directory is left to them', async () => {
  await using it = await createTestDirectory();
  await it.write('file', 'x');
  await it.write('vault/pack', 'x');
  const neverCaptured = [path.join(it.directory, 'vault'), path.join(it.project, 'core')];
  const driver = it.driver({ neverCaptured });
  const snapshot = await it.capture({ driver });
  await it.write('vault/more', 'x');
  await it.write('file', 'y');
  await it.restore(snapshot.record, driver);
  const names = directoryState(it.directory).map((line) => line.split(' ')[0]);
  assert.deepEqual(names, ['.', 'file', 'vault', 'vault/more', 'vault/pack']);
});

test('no directory, a file in its place: named', async () => {
  await using it = await createTestDirectory();
  await rm(it.directory, { recursive: true });
  assert.equal(await it.driver().exists(), false);
  await assert.rejects(it.driver().probe(signal), failsWith('FILES_MISSING', /uploads/));
  await assert.rejects(it.capture(), failsWith('FILES_MISSING'));
  await writeFile(it.directory, 'a file');
  await assert.rejects(it.capture(), failsWith('FILES_MISSING'));
});

test('a directory behind a link, to outside or inside: refused, also by a restore', async () => {
  await using it = await createTestDirectory();
  await it.write('file', 'x');
  const snapshot = await it.capture();
  const outside = await mkdtemp(path.join(tmpdir(), 'stillpoint-outside-'));
  try {
    for (const target of [outside, path.join(it.project, 'other')]) {
      await rm(it.directory, { recursive: true });
      await mkdir(target, { recursive: true });
      await symlink(target, it.directory);
      await assert.rejects(it.driver().probe(signal), failsWith('FILES_BEHIND_LINK'));
      const prepared = it.driver().prepare(snapshot.record, await it.prepareOptions());
      await assert.rejects(prepared, failsWith('FILES_BEHIND_LINK'));
    }
    await rm(it.directory);
    await symlink(outside, path.join(it.project, 'way'));
    const directory = path.join(it.project, 'way', 'uploads');
    const prepared = it.driver({ directory }).prepare(snapshot.record, await it.prepareOptions());
    await assert.rejects(prepared, failsWith('FILES_BEHIND_LINK'));
  } finally {
    await rm(outside, { recursive: true });
  }
});

test(
  'a file or directory that cannot be read: named before anything is paused',
  { skip: isRoot ? 'root may read everything' : false },
  async () => {
    await using it = await createTestDirectory();
    await it.write('d/secret', 'x', 0o000);
    await assert.rejects(it.capture(), failsWith('FILES_UNREADABLE', /d\/secret/));
    await chmod(path.join(it.directory, 'd/secret'), 0o600);
    await chmod(path.join(it.directory, 'd'), 0o300);
    await assert.rejects(it.driver().probe(signal), failsWith('FILES_UNREADABLE', /d/));
  },
);

test('the directory was not there, and something stands in it when it is switched: nothing is replaced', async () => {
  await using it = await createTestDirectory();
  await it.write('file', 'captured');
  const snapshot = await it.capture();
  await rm(it.directory, { recursive: true });
  const driver = it.driver();
  const placement = await driver.prepare(snapshot.record, await it.prepareOptions());
  await it.write('file', 'precious');
  await it.write('other', 'precious too');
  const context = { undo: newSnapshotId(), progress: silent };
  await assert.rejects(driver.switch(placement, context), failsWith('FILES_IN_THE_WAY', /file/));
  await rm(path.join(it.directory, 'file'));
  await driver.switch(placement, context);
  await driver.switch(placement, context);
  const names = directoryState(it.directory).map((line) => line.split(' ')[0]);
  assert.deepEqual(names, ['.', 'file', 'other']);
});

test('a damaged vault: not proved, and what prepare() left can be dropped', async () => {
  await using it = await createTestDirectory();
  await it.write('file', 'captured');
  const { record } = await it.capture();
  const options = await it.prepareOptions();
  const driver = it.driver();
  const placement = await driver.prepare(record, options);
  const { staged } = placement as { staged: string };
  await writeFile(path.join(staged, 'contents', '0'), 'tampered');
  await assert.rejects(driver.prove(placement, signal), failsWith('RESTORE_NOT_PROVED', /file/));
  await rm(path.join(staged, 'contents', '0'));
  await assert.rejects(driver.prove(placement, signal), failsWith('RESTORE_NOT_PROVED', /file/));
  await driver.abandon();
});

test('a file where the directory was: a restore is refused, and there is nothing to drop', async () => {
  await using it = await createTestDirectory();
  await it.write('file', 'captured');
  const { record } = await it.capture();
  await rm(it.directory, { recursive: true });
  await writeFile(it.directory, 'in the way');
  const driver = it.driver();
  await assert.rejects(it.restore(record, driver), (error) => isFailure(error, 'FILES_IN_THE_WAY'));
  await driver.abandon();
  assert.equal(await readFile(it.directory, 'utf8'), 'in the way');
});
