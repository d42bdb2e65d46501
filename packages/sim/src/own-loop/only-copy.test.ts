// What could cost somebody the only copy of his work, or give a loop another state than it had.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { hashOwnState } from './own-hash.ts';
import { createCheckpointer, type Checkpointer, type OwnArrays } from './index.ts';

function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-only-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function open(
  directory: string,
  json: unknown = null,
  arrays: OwnArrays = { x: new Float64Array(4) },
): Promise<Checkpointer<OwnArrays>> {
  return createCheckpointer({ directory, runId: 'mine', state: () => ({ arrays, json }) });
}

test('a directory that was there before a run was named like it keeps its files', async (t) => {
  const directory = temporaryDirectory(t);
  const mine = path.join(directory, 'mine');
  mkdirSync(path.join(mine, 'thesis'), { recursive: true });
  writeFileSync(path.join(mine, 'thesis', 'chapter.txt'), 'the only copy');
  const checkpointer = await open(directory);
  await checkpointer.close();
  assert.deepEqual(readdirSync(mine), ['thesis']);
  assert.deepEqual(readdirSync(path.join(mine, 'thesis')), ['chapter.txt']);
});

test('a run of which every checkpoint is damaged is neither begun anew nor removed', async (t) => {
  const directory = temporaryDirectory(t);
  {
    await using checkpointer = await open(directory);
    await checkpointer.checkpoint(5);
  }
  const mine = path.join(directory, 'mine');
  truncateSync(path.join(mine, 'checkpoint_0000000005.ckpt'), 300);
  for (const file of ['latest', 'manifest.json']) {
    await assert.rejects(open(directory), (error) => isFailure(error, 'RUN_NO_CHECKPOINT'));
    assert.ok(readdirSync(mine).includes('checkpoint_0000000005.ckpt'));
    await rm(path.join(mine, file));
  }
});

test('a loop that could not be restored does not begin anew in a run that has checkpoints', async (t) => {
  const directory = temporaryDirectory(t);
  {
    await using first = await open(directory);
    await first.checkpoint(5);
  }
  const again = await open(directory);
  const manifest = path.join(directory, 'mine', 'manifest.json');
  // Root may write where nobody may, but nobody replaces a directory by a file.
  await rm(manifest);
  mkdirSync(manifest);
  await assert.rejects(again.restore());
  await rm(manifest, { recursive: true });
  assert.throws(
    () => again.tick(1),
    (error) => isFailure(error, 'RUN_NOT_RESTORED'),
  );
  await chmod(directory, 0o700);
  await again.close();
});

test('-0 in JSON comes back as -0, and is another state than 0', async (t) => {
  const directory = temporaryDirectory(t);
  const json = { v: [-0, 0, { 'a.b': -0 }], ['__proto__']: -0 };
  {
    await using first = await open(directory, json);
    await first.checkpoint(1);
  }
  await using again = await open(directory);
  const restored = await again.restore();
  assert.deepEqual(restored?.json, json);
  const x = { x: new Float64Array(1) };
  assert.notEqual(hashOwnState({ arrays: x, json: [-0] }), hashOwnState({ arrays: x, json: [0] }));
  {
    const only = temporaryDirectory(t);
    await using whole = await open(only, -0);
    await whole.checkpoint(1);
  }
});

test('arrays may have the names of what every object has', async (t) => {
  const directory = temporaryDirectory(t);
  const of = (value: number): OwnArrays =>
    Object.fromEntries(
      ['__proto__', 'constructor', 'toString'].map((name) => [name, new Float64Array([value])]),
    );
  {
    await using first = await open(directory, null, of(7));
    await first.checkpoint(1);
  }
  {
    const arrays = of(0);
    await using again = await open(directory, null, arrays);
    await again.restore();
    assert.deepEqual(
      Object.values(arrays).map((one) => (one as Float64Array)[0]),
      [7, 7, 7],
    );
  }
  await using other = await open(directory, null, { x: new Float64Array(1) });
  const restored = await other.restore(undefined, { force: true });
  assert.deepEqual(Object.keys(restored!.dropped).toSorted(), [
    '__proto__',
    'constructor',
    'toString',
  ]);
});
