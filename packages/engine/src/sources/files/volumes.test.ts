// A directory on a file system of its own: what is prepared for it lies inside it, under a name that nobody captures.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { newSnapshotId, silent } from '@stillpoint/core';
import { directoryState } from './testing/directory-state.ts';
import { createTestDirectory } from './testing/test-directory.ts';

const volume = '/dev/shm';
const isOther = existsSync(volume) && (await stat(volume)).dev !== (await stat(tmpdir())).dev;
const skip = isOther ? false : `${volume} is no other file system`;

test(
  'a directory on another file system is restored, and nothing is left in it',
  { skip },
  async () => {
    await using it = await createTestDirectory();
    const directory = await mkdtemp(path.join(volume, 'stillpoint-files-'));
    const { projectDirectory: _, ...options } = it.options;
    const driver = it.driver({ ...options, projectDirectory: volume, directory });
    try {
      await mkdir(path.join(directory, 'd'));
      await writeFile(path.join(directory, 'd/file'), 'captured');
      await symlink('d', path.join(directory, 'link'));
      const state = () => directoryState(directory, { directoryTimes: false });
      const then = state();
      const snapshot = await it.capture({ driver });
      await rm(path.join(directory, 'link'));
      await writeFile(path.join(directory, 'd/file'), 'changed');
      await writeFile(path.join(directory, 'new'), 'new');
      const now = state();

      const room = await driver.roomToPrepare?.(snapshot.record, snapshot.id);
      assert.deepEqual(room, { directory, bytes: 'captured'.length });
      const there = await driver.prepare(snapshot.record, await it.prepareOptions());
      const undo = await it.capture({ driver, history: [snapshot.record] });
      const back = await driver.placementOfUndo(undo.record, await it.prepareOptions());
      const context = { undo: newSnapshotId(), progress: silent };
      await driver.switch(there, context);
      await driver.switch(back, context);
      await driver.switch(there, context);
      await driver.finish(there, back);
      assert.deepEqual(state(), then);

      await it.restore(undo.record, driver);
      assert.deepEqual(state(), now);
      await driver.prepare(snapshot.record, await it.prepareOptions());
      assert.equal((await readdir(directory)).length, 3, 'it is prepared in the directory');
      await driver.abandon();
      assert.deepEqual(state(), now);
    } finally {
      await rm(directory, { recursive: true });
    }
  },
);
