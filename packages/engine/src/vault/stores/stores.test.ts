// The law of a store, on every store; and that the suite which states it can fail.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { Store } from '../contract.ts';
import { storeSuite } from '../testkit.ts';
import { createDirectoryStore } from './directory.ts';
import { createFaultyStore, type Fault, type StoreCall } from './faulty.ts';
import { createMemoryStore } from './memory.ts';
import { createReadonlyStore } from './readonly.ts';

const inMemory = async (): Promise<{ store: Store; dispose: () => Promise<void> }> => ({
  store: createMemoryStore(),
  dispose: async () => {},
});

describe('memory store', () => {
  storeSuite({ test, factory: inMemory, manyObjects: 2500 });
});

describe('directory store', () => {
  storeSuite({
    test,
    manyObjects: 200,
    factory: async () => {
      const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-store-'));
      return {
        store: createDirectoryStore(path.join(directory, 'not', 'made', 'yet')),
        dispose: () => rm(directory, { recursive: true }),
      };
    },
  });
});

describe('faulty store', () => {
  storeSuite({
    test,
    factory: async () => {
      const { store, dispose } = await inMemory();
      return { store: createFaultyStore(store, () => 'ok'), dispose };
    },
  });

  const lies: readonly [string, (call: StoreCall) => Fault][] = [
    [
      'puts half',
      ({ operation, phase }) => (operation === 'put' && phase === 'before' ? 'cut' : 'ok'),
    ],
    [
      'gets half',
      ({ operation, phase }) => (operation === 'get' && phase === 'before' ? 'cut' : 'ok'),
    ],
    [
      'lists half',
      ({ operation, phase }) => (operation === 'list' && phase === 'before' ? 'cut' : 'ok'),
    ],
    [
      'loses answers',
      ({ operation, phase }) => (operation === 'put' && phase === 'after' ? 'fail' : 'ok'),
    ],
    ['fails now and then', ({ n, phase }) => (n % 5 === 0 && phase === 'before' ? 'fail' : 'ok')],
  ];
  for (const [name, script] of lies) {
    test(`the suite fails for a store that ${name}`, async () => {
      const runs: Promise<unknown>[] = [];
      storeSuite({
        test: (_name, body) => runs.push(body()),
        factory: async () => {
          const { store, dispose } = await inMemory();
          return { store: createFaultyStore(store, script), dispose };
        },
      });
      const results = await Promise.allSettled(runs);
      assert.ok(results.some(({ status }) => status === 'rejected'));
    });
  }

  test('a hanging call ends by its signal', async () => {
    const store = createFaultyStore(createMemoryStore(), () => 'hang');
    const end = new AbortController();
    const putting = store.put('a', Buffer.from('x'), { signal: end.signal });
    end.abort(new Error('enough'));
    await assert.rejects(putting, /enough/);
  });
});

describe('readonly store', () => {
  test('reads pass, writes are VAULT_READ_ONLY', async () => {
    const { store } = await inMemory();
    await store.put('a', Buffer.from('x'));
    const readonly = createReadonlyStore(store);
    assert.equal(Buffer.from(await readonly.get('a')).toString(), 'x');
    assert.deepEqual(await Array.fromAsync(readonly.list('')), [{ key: 'a', bytes: 1 }]);
    const isReadOnly = (error: unknown): boolean => isFailure(error, 'VAULT_READ_ONLY');
    await assert.rejects(readonly.put('b', Buffer.from('x')), isReadOnly);
    await assert.rejects(readonly.delete('a'), isReadOnly);
    await assert.rejects(readonly.ensureWritable(), isReadOnly);
    assert.deepEqual(await store.stat('a'), { bytes: 1 });
  });
});
