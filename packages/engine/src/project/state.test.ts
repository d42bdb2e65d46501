import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure, newSnapshotId, systemClock } from '@stillpoint/core';
import { openProjectState, type ProjectState } from './state.ts';

async function withProject(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-state-'));
  try {
    await mkdir(path.join(directory, 'project'));
    await body(path.join(directory, 'project'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

const open = (projectDirectory: string): Promise<ProjectState> =>
  openProjectState({ projectDirectory, clock: systemClock });

test('a project keeps its identity, ignores itself for git, and remembers its undo point', async () => {
  await withProject(async (directory) => {
    const first = await open(directory);
    assert.equal(await first.readUndo(), undefined);
    const point = { undo: newSnapshotId(), restored: newSnapshotId() };
    await first.writeUndo(point);
    const second = await open(directory);
    assert.equal(second.id, first.id);
    assert.deepEqual(await second.readUndo(), point);
    assert.equal(await readFile(path.join(directory, '.stillpoint', '.gitignore'), 'utf8'), '*\n');
  });
});

test('a moved project is the same one; a copied one is refused', async () => {
  await withProject(async (directory) => {
    const { id } = await open(directory);
    await cp(directory, `${directory}-copy`, { recursive: true });
    await assert.rejects(open(`${directory}-copy`), (error) => isFailure(error, 'PROJECT_COPIED'));
    await rename(directory, `${directory}-moved`);
    assert.equal((await open(`${directory}-moved`)).id, id);
  });
});

test('the vault that was used is remembered', async () => {
  await withProject(async (directory) => {
    const state = await open(directory);
    assert.equal(state.vaultId, undefined);
    await state.rememberVault('v', '/backup');
    const { vaultId, vaultPlace } = await open(directory);
    assert.deepEqual([vaultId, vaultPlace], ['v', '/backup']);
  });
});

test('a broken seal is remembered until it is cleared, and an undo point can be given up', async () => {
  await withProject(async (directory) => {
    const state = await open(directory);
    assert.equal(await state.readBrokenSeal(), undefined);
    const seal = { snapshot: newSnapshotId(), sources: ['db'], at: '2026-11-21T16:04:05.678Z' };
    await state.writeBrokenSeal(seal);
    assert.deepEqual(await (await open(directory)).readBrokenSeal(), seal);
    await state.clearBrokenSeal();
    await state.clearBrokenSeal();
    assert.equal(await state.readBrokenSeal(), undefined);
    await state.writeUndo({ undo: newSnapshotId(), restored: newSnapshotId() });
    await state.clearUndo();
    assert.equal(await state.readUndo(), undefined);
  });
});
