import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  chownSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { makeRuntimeDirectory } from './directories.ts';
import { placeOf, type Place } from './place.ts';
import { isRoot, removeShared, testOptions } from './testing.ts';

after(removeShared);

function placeIn(t: TestContext, name = 'run'): Place {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'stillpoint-run-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const runtimeParent = path.join(directory, name);
  const runtimeDirectory = path.join(runtimeParent, '12345678');
  return { ...placeOf(testOptions()), runtimeParent, runtimeDirectory };
}

async function assertRefused(place: Place, reason: RegExp): Promise<void> {
  await assert.rejects(makeRuntimeDirectory(place, undefined), (error) => {
    assert.ok(isFailure(error, 'POSTGRES_RUNTIME_UNSAFE'));
    assert.match(error.message, reason);
    return true;
  });
}

test('the socket directory is made, private, and found again', async (t) => {
  const place = placeIn(t);
  assert.equal(await makeRuntimeDirectory(place, undefined), place.runtimeDirectory);
  chmodSync(place.runtimeDirectory, 0o750);
  await makeRuntimeDirectory(place, undefined);
  assert.equal(lstatSync(place.runtimeDirectory).mode & 0o777, 0o700);
  const inner = await makeRuntimeDirectory(place, undefined, 'p1');
  assert.equal(lstatSync(inner).mode & 0o777, 0o700);
});

test('a symlink in the place of the socket directory or its parent is refused', async (t) => {
  const place = placeIn(t);
  symlinkSync(os.tmpdir(), place.runtimeParent);
  await assertRefused(place, /symlink/);
  rmSync(place.runtimeParent);
  mkdirSync(place.runtimeParent, { mode: 0o700 });
  symlinkSync(os.tmpdir(), place.runtimeDirectory);
  await assertRefused(place, /symlink/);
});

test('a directory that others can write to is refused', async (t) => {
  const place = placeIn(t);
  mkdirSync(place.runtimeParent);
  chmodSync(place.runtimeParent, 0o777);
  await assertRefused(place, /others may write/);
});

test('a name too long for a socket is refused', async (t) => {
  await assertRefused(placeIn(t, 'x'.repeat(90)), /too long/);
});

const asRoot = isRoot ? false : 'only root can make a directory of somebody else';
test('a directory that belongs to somebody else is refused', { skip: asRoot }, async (t) => {
  const place = placeIn(t);
  mkdirSync(place.runtimeDirectory, { recursive: true, mode: 0o700 });
  chownSync(place.runtimeDirectory, 65_534, 65_534);
  await assertRefused(place, /belongs to uid 65534/);
  chownSync(place.runtimeParent, 65_534, 65_534);
  await assertRefused(place, /belongs to uid 65534/);
});
