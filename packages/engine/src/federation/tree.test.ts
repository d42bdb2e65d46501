// What `diff` sees of a member, on real repositories.
import assert from 'node:assert/strict';
import { chmod, rm, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { TreeView } from '../sources/contract.ts';
import { createTestMember } from './testing/test-member.ts';

const never = new AbortController().signal;

async function contentOf({ entries }: TreeView): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const entry of entries.values()) {
    found[entry.path] = [entry.kind, entry.mode, entry.sizeBytes, await entry.digest()];
  }
  return found;
}

test('the live tree and the captured one are equal, whatever it holds, and differ where it was changed', async () => {
  for (const format of ['sha1', 'sha256'] as const) {
    await using member = await createTestMember({ format });
    await member.write('tracked.txt', 'dirty\n');
    await member.write('new "file"\n.txt', 'untracked', 0o640);
    await member.write(Buffer.from([0x66, 0xff]), 'not UTF-8');
    await member.write('package-lock.json', '{}');
    await member.write('large.bin', Buffer.alloc(2 * 1024 * 1024, 7));
    await member.write('ignored.log', 'no');
    await member.write('.gitignore', '*.log\n');
    await symlink('somewhere/else', path.join(member.directory, 'link'));
    const { tree } = member.driver();
    const { record } = await member.capture();
    const captured = await tree!.captured(record, member.objects, never);
    const live = await tree!.live(never);
    assert.deepEqual(await contentOf(live), await contentOf(captured));
    assert.equal(captured.entries.size, 8);
    assert.deepEqual(live.head, captured.head);
    assert.equal(live.head!.branch, 'main');
    const locks = [...live.entries.values()].filter(({ dependencyLock }) => dependencyLock);
    assert.deepEqual(
      locks.map(({ path: name }) => name),
      ['package-lock.json'],
    );

    await member.write('large.bin', Buffer.alloc(2 * 1024 * 1024, 8));
    await chmod(path.join(member.directory, 'tracked.txt'), 0o755);
    await unlink(path.join(member.directory, 'link'));
    await symlink('somewhere/new!', path.join(member.directory, 'link'));
    const before = await contentOf(captured);
    const after = await contentOf(await tree!.live(never));
    const changed = Object.keys(before).filter(
      (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
    );
    assert.deepEqual(changed.toSorted(), ['large.bin', 'link', 'tracked.txt']);
  }
});

test('a file that goes while it is compared has no digest, and is no error', async () => {
  await using member = await createTestMember();
  const { entries } = await member.driver().tree!.live(never);
  await rm(path.join(member.directory, 'src'), { recursive: true });
  assert.equal(await entries.get('src/deep/code.ts')!.digest(), undefined);
});

test('commits between two are told both ways, the newest ten of each', async () => {
  await using member = await createTestMember();
  const { tree } = member.driver();
  const commit = (subject: string): string => {
    member.git('commit', '-q', '--allow-empty', '-m', `${subject}\n\nA body.`);
    return member.git('rev-parse', 'HEAD').trim();
  };
  const start = member.git('rev-parse', 'HEAD').trim();
  member.git('checkout', '-q', '-b', 'side');
  const side = commit('Seitenäste\twith a tab');
  member.git('checkout', '-q', 'main');
  let last = start;
  for (let at = 1; at <= 12; at++) last = commit(`change ${at}`);

  const found = (await tree!.commits!(side, last, never))!;
  assert.deepEqual([found.ahead, found.behind], [12, 1]);
  assert.equal(found.added.length, 10);
  assert.deepEqual(found.added[0], { id: last, subject: 'change 12' });
  assert.deepEqual(found.removed, [{ id: side, subject: 'Seitenäste\twith a tab' }]);
  assert.equal(await tree!.commits!('0'.repeat(40), last, never), undefined);
});

test('a repository without a commit has a head without one', async () => {
  await using member = await createTestMember({ empty: true });
  const { head } = await member.driver().tree!.live(never);
  assert.deepEqual(head, { commit: null, branch: 'main' });
});
