import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { newSnapshotId } from '@stillpoint/core';
import type { Store, StreamRefLike, Vault } from '../contract.ts';
import { INDEX_PREFIX } from '../format/layout.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { createVault, openVault } from '../vault.ts';
import { createIndexCache } from './index-cache.ts';

const never = new AbortController().signal;

interface Place {
  readonly store: Store;
  readonly directory: string;
  /** Index files that were fetched since this was asked last. */
  readonly fetched: () => number;
  readonly open: () => Promise<Vault>;
  readonly indexes: () => Promise<string[]>;
}

async function withVault(body: (place: Place) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(path.join(tmpdir(), 'stillpoint-indexes-'));
  const directory = path.join(parent, 'cache', 'index');
  const memory = createMemoryStore();
  let count = 0;
  const store: Store = {
    ...memory,
    get: (key, options) => {
      if (key.startsWith(INDEX_PREFIX)) count += 1;
      return memory.get(key, options);
    },
    close: async () => {},
  };
  try {
    await (await createVault(store))[Symbol.asyncDispose]();
    await body({
      store,
      directory,
      fetched: () => {
        const before = count;
        count = 0;
        return before;
      },
      open: () => openVault(store, { indexCache: createIndexCache(directory) }),
      indexes: async () =>
        (await Array.fromAsync(store.list(INDEX_PREFIX))).map(({ key }) => path.basename(key)),
    });
  } finally {
    await rm(parent, { recursive: true });
  }
}

/** A session of its own, and so an index file of its own. */
async function write(store: Store, content: Uint8Array): Promise<StreamRefLike> {
  await using vault = await openVault(store);
  await using session = await vault.openSession({ signal: never });
  const ref = await session.sink().writeBytes(content);
  await session.seal(newSnapshotId(), Buffer.from('{}'));
  return ref;
}

async function* only(...refs: readonly StreamRefLike[]): AsyncIterable<StreamRefLike> {
  yield* refs;
}

test('an index file is fetched once, and then read from this disk', async () => {
  await withVault(async ({ store, directory, fetched, open, indexes }) => {
    const contents = [randomBytes(100), randomBytes(200), randomBytes(300)];
    const refs = [];
    for (const content of contents) refs.push(await write(store, content));
    fetched();
    for (const expected of [3, 0, 0]) {
      await using vault = await open();
      for (const [n, ref] of refs.entries()) {
        assert.deepEqual(Buffer.from(await vault.readBytes(ref)), contents[n]);
      }
      assert.equal(fetched(), expected);
    }
    const names = await indexes();
    assert.deepEqual((await readdir(directory)).toSorted(), names);
    for (const name of names) {
      const file = path.join(directory, name);
      assert.equal((await stat(file)).mode & 0o777, 0o600);
      assert.deepEqual(await readFile(file), Buffer.from(await store.get(INDEX_PREFIX + name)));
    }
    refs.push(await write(store, randomBytes(50)));
    fetched();
    await using vault = await open();
    await vault.readBytes(refs[3]!);
    assert.equal(fetched(), 1, 'only the new one');
  });
});

test('what is damaged on this disk is fetched again, and what is lost too', async () => {
  await withVault(async ({ store, directory, fetched, open }) => {
    const content = randomBytes(100);
    const ref = await write(store, content);
    const read = async (): Promise<void> => {
      await using vault = await open();
      assert.deepEqual(Buffer.from(await vault.readBytes(ref)), content);
    };
    await read();
    const [name = ''] = await readdir(directory);
    const file = path.join(directory, name);
    const whole = await readFile(file);
    const flipped = Buffer.from(whole);
    flipped[60] = (flipped[60] ?? 0) ^ 1;
    for (const bad of [flipped, whole.subarray(0, 20), Buffer.alloc(0), undefined]) {
      if (bad === undefined) await rm(file);
      else await writeFile(file, bad);
      fetched();
      await read();
      assert.equal(fetched(), 1);
      assert.deepEqual(await readFile(file), whole, 'and is whole again');
    }
  });
});

test('what the store has no more is deleted here, with what a dead process left', async () => {
  await withVault(async ({ store, directory, open, indexes }) => {
    const first = await write(store, randomBytes(100));
    const reading = async (ref: StreamRefLike): Promise<void> => {
      await using vault = await open();
      await vault.readBytes(ref);
    };
    await reading(first);
    const [old = ''] = await indexes();
    const second = await write(store, randomBytes(200));
    await store.delete(INDEX_PREFIX + old);
    await writeFile(path.join(directory, '0123456789abcdef.tmp'), 'half');
    await reading(second);
    assert.deepEqual(await readdir(directory), await indexes());
  });
});

test('an index that is damaged in the store is found by verify though a good one is kept here', async () => {
  await withVault(async ({ store, open, indexes }) => {
    const ref = await write(store, randomBytes(100));
    {
      await using vault = await open();
      await vault.readBytes(ref);
    }
    const [name = ''] = await indexes();
    const spoilt = Buffer.from(await store.get(INDEX_PREFIX + name));
    spoilt[60] = (spoilt[60] ?? 0) ^ 1;
    await store.put(INDEX_PREFIX + name, spoilt);
    await using vault = await open();
    const report = await vault.verify(only(ref), { deep: false, signal: never });
    assert.ok(report.damages.some(({ key }) => key === INDEX_PREFIX + name));
  });
});

test('a directory that cannot be written costs time, nothing else', async () => {
  await withVault(async ({ store, fetched }) => {
    const content = randomBytes(100);
    const ref = await write(store, content);
    fetched();
    for (let round = 0; round < 2; round++) {
      await using vault = await openVault(store, { indexCache: createIndexCache('/dev/null/x') });
      assert.deepEqual(Buffer.from(await vault.readBytes(ref)), content);
      assert.equal(fetched(), 1);
    }
  });
});
