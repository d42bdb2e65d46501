// What `diff` sees of a directory.
import assert from 'node:assert/strict';
import { chmod, rm, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { TreeView } from '../contract.ts';
import { createTestDirectory } from './testing/test-directory.ts';

const never = new AbortController().signal;

async function contentOf({ entries }: TreeView): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const entry of entries.values()) {
    found[entry.path] = [entry.kind, entry.mode, entry.sizeBytes, await entry.digest()];
  }
  return found;
}

test('the live directory and the captured one are equal, and differ where it was changed', async () => {
  await using files = await createTestDirectory();
  await files.write('a.txt', 'one', 0o640);
  await files.write('deep/empty', '');
  await files.write(Buffer.from([0x66, 0xff]), 'not UTF-8');
  await files.write('large.bin', Buffer.alloc(2 * 1024 * 1024, 7));
  await files.write('tmp/left-out', 'no');
  await symlink('somewhere/else', path.join(files.directory, 'link'));
  const driver = files.driver({ exclude: ['tmp/**'] });
  const { tree } = driver;
  const { record } = await files.capture({ driver });
  const captured = await contentOf(await tree!.captured(record, files.objects, never));
  assert.deepEqual(await contentOf(await tree!.live(never)), captured);
  assert.equal(Object.keys(captured).length, 5);

  await files.write('large.bin', Buffer.alloc(2 * 1024 * 1024, 8));
  await chmod(path.join(files.directory, 'a.txt'), 0o600);
  await unlink(path.join(files.directory, 'link'));
  await symlink('somewhere/new!', path.join(files.directory, 'link'));
  const after = await contentOf(await tree!.live(never));
  const changed = Object.keys(captured).filter(
    (name) => JSON.stringify(captured[name]) !== JSON.stringify(after[name]),
  );
  assert.deepEqual(changed.toSorted(), ['a.txt', 'large.bin', 'link']);
});

test('a file that goes while it is compared has no digest, and is no error', async () => {
  await using files = await createTestDirectory();
  await files.write('deep/file', 'x');
  const { entries } = await files.driver().tree!.live(never);
  await rm(path.join(files.directory, 'deep'), { recursive: true });
  assert.equal(await entries.get('deep/file')!.digest(), undefined);
});
