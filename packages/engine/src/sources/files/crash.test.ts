// kill -9 before every single change of a switch, there and back: the same switch again, or the other one, makes it whole.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, link, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { newSnapshotId, silent, type Json } from '@stillpoint/core';
import { directoryState } from './testing/directory-state.ts';
import { createTestDirectory, type TestDirectory } from './testing/test-directory.ts';

const program = fileURLToPath(new URL('testing/switch-process.ts', import.meta.url));

function switchInProcess(it: TestDirectory, placement: Json, killAt: number | null) {
  const flags = ['--no-warnings=ExperimentalWarning', '--conditions=@stillpoint/source'];
  return spawnSync(process.execPath, [...flags, program], {
    input: JSON.stringify({ options: { ...it.options, exclude: ['cache'] }, placement, killAt }),
    encoding: 'utf8',
  });
}

interface Scene {
  readonly there: Json;
  readonly back: Json;
  readonly after: readonly string[];
  readonly before: readonly string[];
}

const stateOf = (it: TestDirectory) => directoryState(it.directory, { skip: ['cache'] });

/** Two states that differ in everything a switch changes. */
async function arrange(it: TestDirectory): Promise<Scene> {
  const at = (name: string) => path.join(it.directory, name);
  const driver = it.driver({ exclude: ['cache'] });
  await it.write('same', 'same in both');
  await it.write('cache/left', 'alone');
  await it.write('changed', 'as captured');
  await it.write('way/x', 'x');
  await it.write('gone/deep/file', 'comes back');
  await symlink('changed', at('link'));
  await it.write('name-1', 'one file');
  await link(at('name-1'), at('name-2'));
  await it.write('closed/file', 'in a directory of 0500');
  await chmod(at('closed'), 0o500);
  const after = stateOf(it);
  const snapshot = await it.capture({ driver });

  await chmod(at('closed'), 0o700);
  await it.write('closed/file', 'changed');
  await it.write('changed', 'later');
  await rm(at('way'), { recursive: true });
  await it.write('way', 'a file in the way');
  await rm(at('gone'), { recursive: true });
  await rm(at('link'));
  await it.write('link/now', 'a directory');
  await rm(at('name-2'));
  await it.write('name-2', 'a file of its own');
  await mkdir(at('new/empty'), { recursive: true });
  await chmod(at('same'), 0o600);
  const before = stateOf(it);
  const there = await driver.prepare(snapshot.record, await it.prepareOptions());
  const undo = await it.capture({ driver, history: [snapshot.record] });
  const back = await driver.placementOfUndo(undo.record, await it.prepareOptions());
  return { there, back, after, before };
}

test('killed anywhere in a switch, there or back, and repeated: exact', async (t) => {
  await using it = await createTestDirectory();
  const { there, back, after, before } = await arrange(it);
  const driver = it.driver({ exclude: ['cache'] });
  const context = { undo: newSnapshotId(), progress: silent };
  const isWhole = (expected: readonly string[]) => assert.deepEqual(stateOf(it), expected);
  const ways = [
    { name: 'there', to: there, from: back, start: before, end: after },
    { name: 'back', to: back, from: there, start: after, end: before },
  ];
  for (const { name, to, from, start, end } of ways) {
    await driver.switch(from, context);
    isWhole(start);
    const whole = switchInProcess(it, to, null);
    assert.equal(whole.status, 0, whole.stderr);
    isWhole(end);
    const steps = Number(whole.stdout);
    assert.ok(steps > 12, `${steps} steps ${name}`);
    t.diagnostic(`${name}: ${steps} places to die in`);
    for (let killAt = 1; killAt <= steps; killAt++) {
      await driver.switch(from, context);
      assert.equal(switchInProcess(it, to, killAt).signal, 'SIGKILL');
      await driver.switch(killAt % 2 === 0 ? to : from, context);
      isWhole(killAt % 2 === 0 ? end : start);
    }
  }
});

test('what is written between the undo point and the switch is in neither, so it is kept', async () => {
  await using it = await createTestDirectory();
  const at = (name: string) => path.join(it.directory, name);
  await it.write('changed', 'captured');
  await it.write('same', 'captured');
  const driver = it.driver();
  const snapshot = await it.capture({ driver });
  await it.write('changed', 'in the undo point');
  await it.write('new', 'in the undo point');
  const there = await driver.prepare(snapshot.record, await it.prepareOptions());
  const undo = await it.capture({ driver, history: [snapshot.record] });
  const back = await driver.placementOfUndo(undo.record, await it.prepareOptions());
  await it.write('changed', 'too late for it');
  await it.write('same', 'too late for it');
  await it.write('late/new', 'too late for it');
  const context = { undo: undo.id, progress: silent };
  const end = `.kept-${undo.id.slice(-8)}`;
  const contents = async () => {
    const names = (await readdir(it.directory, { recursive: true })).toSorted();
    const read = names.map((name) =>
      readFile(at(name), 'utf8').then(
        (text) => `${name}: ${text}`,
        () => name,
      ),
    );
    return await Promise.all(read);
  };
  const late = [`changed${end}: too late for it`, 'late', 'late/new: too late for it'];
  const first = await driver.switch(there, context);
  assert.equal(first.kept.length, 3, first.kept.join('\n'));
  assert.deepEqual(await contents(), [
    'changed: captured',
    ...late,
    'same: captured',
    `same${end}: too late for it`,
  ]);
  await driver.switch(there, context);
  await driver.switch(back, context);
  assert.deepEqual(await contents(), [
    // Written into the file that was there, which is the one that comes back: as if nothing had been restored.
    'changed: too late for it',
    ...late,
    'new: in the undo point',
    'same: captured',
    `same${end}: too late for it`,
  ]);
});
