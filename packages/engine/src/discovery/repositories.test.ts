import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { discoverProject } from './discover.ts';
import { makeProject } from './testing/project.ts';

test('repositories, nested ones, submodules and linked worktrees are found; other code and caches are not', async (t) => {
  const project = await makeProject(t);
  await project.write('.gitignore', 'node_modules\n.env\nvendor/\nwt/\n');
  await project.repository('origin');
  await project.repository();
  for (const place of ['vendor/lib', 'node_modules/x', '.next/cache', 'a/b/c/d', 'a/b/c/d/e']) {
    await project.repository(place);
  }
  project.git('.', 'submodule', 'add', '-q', path.join(project.directory, 'origin'), 'sub');
  project.git('.', 'worktree', 'add', '-q', 'wt');
  const { repositories } = await project.discover();
  assert.deepEqual(
    repositories.map(({ path: place, kind }) => [place, kind]),
    [
      ['.', 'repository'],
      ['a/b/c/d', 'repository'],
      ['origin', 'repository'],
      ['sub', 'submodule'],
      ['vendor/lib', 'repository'],
      ['wt', 'worktree'],
    ],
  );
});

test('.env files that git ignores belong to the repository that they lie in', async (t) => {
  const project = await makeProject(t);
  await project.write('.gitignore', '.env*\n!.env.development\n');
  await project.write('.env.development', 'A=1\n');
  await project.repository();
  await project.repository('nested');
  await project.write('.env', 'A=1\n');
  await project.write('packages/api/.env.local', 'A=1\n');
  await project.write('nested/.env', 'A=1\n');
  const { repositories } = await project.discover();
  assert.deepEqual(
    repositories.map(({ path: place, secrets }) => [place, secrets]),
    [
      ['.', ['.env', 'packages/api/.env.local']],
      ['nested', []],
    ],
  );
});

test('a .git that is no repository is told, not proposed', async (t) => {
  const project = await makeProject(t);
  await mkdir(path.join(project.directory, 'odd/.git'), { recursive: true });
  const found = await project.discover();
  assert.deepEqual(found.repositories, []);
  assert.match(found.notes.join('\n'), /odd cannot be a member/);
});

test('symbolic links are not followed out of the project', async (t) => {
  const project = await makeProject(t);
  const other = await makeProject(t);
  await other.repository('there');
  await symlink(other.directory, path.join(project.directory, 'link'));
  assert.deepEqual((await project.discover()).repositories, []);
});

test('a directory that is not there', async () => {
  await assert.rejects(
    discoverProject(path.join(tmpdir(), 'stillpoint-never'), {}),
    (error: unknown) => isFailure(error, 'INIT_DIRECTORY_MISSING'),
  );
});

test('runs of simulations are found by their checkpoints, and taken where git ignores them', async (t) => {
  const project = await makeProject(t);
  await project.write('.gitignore', '/checkpoints/\n');
  await project.repository();
  for (const file of [
    'checkpoints/terra-1/checkpoint_0000000100.ckpt',
    'checkpoints/terra-1/checkpoint_0000000200.ckpt',
    'checkpoints/terra-2/checkpoint_0000000100.ckpt',
    'data/runs/one/checkpoint_0000000001.ckpt',
    // No directory of runs can be the project itself, and models of others have other names.
    'one/checkpoint_0000000001.ckpt',
    'models/llm/checkpoint_5.ckpt',
  ])
    await project.write(file, 'x');
  const { runs, uploads } = await project.discover();
  assert.deepEqual(runs, [
    { name: 'checkpoints', path: 'checkpoints', runs: 2, likely: true },
    { name: 'runs', path: 'data/runs', runs: 1, likely: false },
  ]);
  assert.deepEqual(uploads, [], 'what holds runs is no directory of plain files');
});

test('uploads are proposed when git ignores what is in them', async (t) => {
  const project = await makeProject(t);
  await project.write('.gitignore', 'uploads/*\n!uploads/.gitkeep\nstorage/\ndata/\n');
  await project.write('uploads/.gitkeep', '');
  await project.write('media/tracked.png', 'x');
  await project.repository();
  await project.write('uploads/2026/a.png', 'x');
  await project.write('storage/b.png', 'x');
  await project.write('storage/uploads/c.png', 'x');
  await project.sqlite('data/app.db');
  await mkdir(path.join(project.directory, 'attachments'));
  const { uploads } = await project.discover();
  assert.deepEqual(
    uploads.map(({ path: place, files }) => [place, files]),
    [
      ['storage', 2],
      ['uploads', 1],
    ],
  );
});
