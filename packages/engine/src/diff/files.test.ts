// The rules of comparing trees, over small ones in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TreeEntry, TreeView } from '../sources/contract.ts';
import { compareFiles } from './files.ts';

const signal = new AbortController().signal;

function tree(
  ...files: readonly (Partial<TreeEntry> & { path: string; content?: string })[]
): TreeView {
  const entries = files.map(({ path, content, ...rest }): [string, TreeEntry] => [
    path,
    {
      path,
      kind: 'file',
      mode: 0o644,
      sizeBytes: content?.length ?? 0,
      dependencyLock: path.endsWith('.lock'),
      digest: async () => content,
      ...rest,
    },
  ]);
  return { entries: new Map(entries) };
}

test('content, mode and kind make a file another one', async () => {
  const from = tree(
    { path: 'same', content: 'a' },
    { path: 'content', content: 'a' },
    { path: 'mode', content: 'a' },
    { path: 'kind', content: 'a' },
    { path: 'gone', content: 'a' },
  );
  const to = tree(
    { path: 'same', content: 'a' },
    { path: 'content', content: 'b' },
    { path: 'mode', content: 'a', mode: 0o755 },
    { path: 'kind', content: 'a', kind: 'link' },
    { path: 'new', content: 'abc' },
  );
  const found = await compareFiles(from, to, { shown: 10, signal });
  assert.deepEqual(
    found.changes.map(({ state, path }) => `${state} ${path}`),
    ['changed content', 'removed gone', 'changed kind', 'changed mode', 'added new'],
  );
  assert.deepEqual([found.added, found.removed, found.changed], [1, 1, 3]);
  assert.deepEqual(found.bytes, { from: 5, to: 7 });
});

test('content is asked for only where all else is equal', async () => {
  const unasked = () => Promise.reject(new Error('asked'));
  const from = tree({ path: 'a', sizeBytes: 1, digest: unasked }, { path: 'b', digest: unasked });
  const to = tree({ path: 'a', sizeBytes: 2, digest: unasked });
  assert.equal((await compareFiles(from, to, { shown: 10, signal })).changed, 1);
});

test('all are counted, some listed, and dependency locks never left out', async () => {
  const names = ['a', 'b', 'c', 'z.lock'].map((path) => ({ path, content: path }));
  const found = await compareFiles(undefined, tree(...names), { shown: 2, signal });
  assert.equal(found.added, 4);
  assert.deepEqual(
    found.changes.map(({ path }) => path),
    ['a', 'b'],
  );
  assert.deepEqual(
    found.dependencyLocks.map(({ path }) => path),
    ['z.lock'],
  );
});

test('a file that went while it was compared is a removed one', async () => {
  const found = await compareFiles(
    tree({ path: 'a', content: 'x' }),
    tree({ path: 'a', sizeBytes: 1, digest: async () => undefined }),
    { shown: 1, signal },
  );
  assert.equal(found.changes[0]!.state, 'removed');
});
