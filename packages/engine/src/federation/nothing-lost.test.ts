// Nothing is lost by restoring: what was edited, ignored, moved or in the way comes back with the undo or is kept under a name.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { newSnapshotId } from '@stillpoint/core';
import { createTestMember } from './testing/test-member.ts';
import { treeState } from './testing/tree-state.ts';

test('tracked then, ignored and edited now: restore, then undo, brings the edited one back', async () => {
  await using member = await createTestMember();
  await member.write('settings.json', 'captured');
  await member.write('way/in/the', 'captured');
  member.git('add', '.');
  member.git('commit', '-qm', 'settings');
  const snapshot = await member.capture();
  member.git('rm', '-q', '--cached', 'settings.json', 'way/in/the');
  await rm(path.join(member.directory, 'way'), { recursive: true });
  await member.write('.gitignore', 'settings.json\n/way\ncache/\n');
  await member.write('settings.json', 'edited and ignored');
  await member.write('way', 'an ignored file in the way');
  await member.write('cache/x', 'never touched');
  member.git('add', '.');
  member.git('commit', '-qm', 'ignored from now on');
  const now = treeState(member.directory);
  const driver = member.driver();
  await driver.protect?.(snapshot.record, member.objects);
  const undo = await member.capture({ driver, history: [snapshot.record] });
  await member.restore(snapshot.record, { undo: undo.id });
  assert.equal(await readFile(path.join(member.directory, 'settings.json'), 'utf8'), 'captured');
  assert.equal(await readFile(path.join(member.directory, 'way/in/the'), 'utf8'), 'captured');
  assert.equal(await readFile(path.join(member.directory, 'cache/x'), 'utf8'), 'never touched');
  await member.restore(undo.record);
  assert.deepEqual(treeState(member.directory), now);
});

test('what a restore brought where nothing was goes again with its undo, even if ignored then', async () => {
  await using member = await createTestMember();
  await member.write('generated.txt', 'tracked here');
  member.git('add', '.');
  member.git('commit', '-qm', 'generated');
  const snapshot = await member.capture();
  member.git('rm', '-q', 'generated.txt');
  await member.write('.gitignore', 'generated.txt\n');
  member.git('add', '.');
  member.git('commit', '-qm', 'gone and ignored');
  const driver = member.driver();
  await driver.protect?.(snapshot.record, member.objects);
  const undo = await member.capture({ driver });
  await member.restore(snapshot.record, { undo: undo.id });
  assert.equal(existsSync(path.join(member.directory, 'generated.txt')), true);
  await member.restore(undo.record);
  assert.equal(existsSync(path.join(member.directory, 'generated.txt')), false);
});

test('what another source had then is left alone by who does not know of it, and by who does again', async () => {
  await using member = await createTestMember();
  const uploads = path.join(member.directory, 'uploads');
  await member.write('uploads/a.txt', 'of a source of its own');
  const knowing = { neverCaptured: ['core/uploads'] };
  const undo = await member.capture({ driver: member.driver(knowing) });
  // The configuration went back with the code: nobody knows of the source now.
  const ignorant = member.driver();
  const comparing = ignorant.compare(undo.record, member.objects, new AbortController().signal);
  assert.deepEqual((await comparing).details, []);
  const next = await member.capture({ driver: ignorant });
  await member.restore(undo.record, { driver: ignorant });
  assert.deepEqual(await readdir(uploads), ['a.txt']);
  await member.write('uploads/a.txt', 'newer');
  await member.restore(next.record, { driver: member.driver(knowing) });
  assert.equal(await readFile(path.join(uploads, 'a.txt'), 'utf8'), 'newer');
});

test('a link out of the tree is never followed when files are written', async () => {
  await using member = await createTestMember();
  const outside = path.join(member.project, 'outside');
  await mkdir(outside);
  const snapshot = await member.capture();
  await rm(path.join(member.directory, 'src'), { recursive: true });
  await symlink(outside, path.join(member.directory, 'src'));
  await member.restore(snapshot.record);
  assert.deepEqual(await readdir(outside), []);
  assert.equal(
    await readFile(path.join(member.directory, 'src/deep/code.ts'), 'utf8'),
    'export {};\n',
  );
});

test('moved and deleted tips are kept under the undo point and listed', async () => {
  await using member = await createTestMember();
  const snapshot = await member.capture();
  await member.write('tracked.txt', 'more');
  member.git('commit', '-qam', 'more');
  member.git('branch', 'topic');
  member.git('stash', 'list');
  const tip = member.git('rev-parse', 'HEAD').trim();
  const undo = newSnapshotId();
  const kept = await member.restore(snapshot.record, { undo });
  assert.deepEqual(
    kept.map((line) => line.replace(undo, 'UNDO')),
    [
      `core: main was ${tip.slice(0, 8)}, kept as refs/stillpoint/UNDO/heads/main`,
      `core: topic was ${tip.slice(0, 8)}, kept as refs/stillpoint/UNDO/heads/topic`,
    ],
  );
  member.git('reflog', 'expire', '--expire=all', '--all');
  member.git('gc', '-q', '--prune=now');
  assert.equal(member.git('rev-parse', `refs/stillpoint/${undo}/heads/topic`).trim(), tip);
  const again = await member.capture();
  assert.doesNotMatch(JSON.stringify(again.record), new RegExp(undo));
});

test('restored where the repository was deleted and files were left: they are set aside, not replaced', async () => {
  await using member = await createTestMember();
  const snapshot = await member.capture();
  await rm(path.join(member.directory, '.git'), { recursive: true });
  await rm(path.join(member.directory, 'src'), { recursive: true });
  await member.write('tracked.txt', 'only copy of a day of work');
  await member.write('src', 'a file in the way');
  await member.write('mine', 'mine');
  assert.equal(await member.driver().exists(), false);
  const kept = await member.restore(snapshot.record);
  const aside = /kept in (.*)$/.exec(kept.at(-1) ?? '')?.[1] ?? '';
  assert.equal(
    await readFile(path.join(aside, 'tracked.txt'), 'utf8'),
    'only copy of a day of work',
  );
  assert.equal(await readFile(path.join(aside, 'src'), 'utf8'), 'a file in the way');
  assert.equal(await readFile(path.join(member.directory, 'tracked.txt'), 'utf8'), 'one\n');
  assert.equal(member.git('status', '--porcelain').trim(), '?? mine');
});
