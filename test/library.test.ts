// The library as the README shows it: typed, interruptible, with progress.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createStillpoint, isFailure, type ProgressEvent } from 'stillpoint';
import { createProject } from './fixture/project.ts';

test('snapshot, list, plan, restore, undo, verify from a program', async () => {
  await using project = await createProject({ extensions: [], database: false });
  const file = path.join(project.directory, 'counter.txt');
  await using stillpoint = await createStillpoint(
    { members: ['.'] },
    { projectDirectory: project.directory },
  );
  await writeFile(file, 'kept');
  const events: ProgressEvent[] = [];
  const { id, members } = await stillpoint.snapshot({
    name: 'before',
    message: 'a message',
    onProgress: (event) => events.push(event),
  });
  assert.equal(members[0]!.dirty, true);
  assert.ok(events.some((event) => event.type === 'phase:started' && event.phase === 'freeze'));
  await writeFile(file, 'broken');
  const plan = await stillpoint.plan('before');
  assert.equal(plan.snapshot.id, id);
  const { undo } = await stillpoint.restore('latest');
  assert.equal(await readFile(file, 'utf8'), 'kept');
  const back = await stillpoint.undo();
  assert.equal(back.snapshot, undo);
  assert.equal(await readFile(file, 'utf8'), 'broken');
  assert.equal((await stillpoint.list()).length, 3);
  const [verified] = await stillpoint.verify({ ref: id, deep: true });
  assert.deepEqual(verified!.report.damages, []);
});

test('an aborted call rejects and leaves nothing', async () => {
  await using project = await createProject({ extensions: [], database: false });
  await using stillpoint = await createStillpoint(project.directory);
  const signal = AbortSignal.abort(new Error('never mind'));
  await assert.rejects(stillpoint.snapshot({ signal }), /never mind/);
  assert.deepEqual(await stillpoint.list(), []);
  await assert.rejects(stillpoint.restore('nothing'), (error) => isFailure(error, 'VAULT_EMPTY'));
});

test("a call that is aborted on its way rejects with the reason, leaves nothing, and is in nobody's way", async () => {
  await using project = await createProject({ extensions: [], database: false });
  const file = path.join(project.directory, 'counter.txt');
  await using stillpoint = await createStillpoint(project.directory);
  const abortAt = (
    phase: string,
  ): { signal: AbortSignal; onProgress: (event: ProgressEvent) => void } => {
    const controller = new AbortController();
    return {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'phase:started' && event.phase === phase)
          controller.abort(new Error(`enough of ${phase}`));
      },
    };
  };
  for (const phase of ['check', 'warm up', 'freeze', 'capture']) {
    await assert.rejects(stillpoint.snapshot(abortAt(phase)), new RegExp(`enough of ${phase}`));
    assert.deepEqual(await stillpoint.list(), [], phase);
  }
  await stillpoint.snapshot({ name: 'good' });
  await writeFile(file, 'newer');
  await assert.rejects(stillpoint.restore('good', abortAt('prepare')), /enough of prepare/);
  assert.equal(await readFile(file, 'utf8'), 'newer');
  await stillpoint.restore('good');
  assert.equal(await readFile(file, 'utf8'), '0\n');
});
