// Stores around stores: they keep the law, and do what they are for.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure, isFailure, type Clock } from '@stillpoint/core';
import type { Store } from '../contract.ts';
import { storeSuite } from '../testkit.ts';
import { createBoundStore } from './bound.ts';
import { createFaultyStore, type Fault, type StoreCall } from './faulty.ts';
import { createFolderStore } from './folder.ts';
import { createLoggedStore, type StoreLogEntry } from './logged.ts';
import { createMeasuredStore } from './measured.ts';
import { createMemoryStore } from './memory.ts';
import { createRateLimitedStore } from './rate-limit.ts';
import { createRetryingStore, type RetryOptions } from './retry.ts';
import { validateStore } from './validate.ts';

const content = Buffer.from('content');
const now: RetryOptions = { wait: async () => {} };
const never = new AbortController().signal;

const wrappers: readonly (readonly [string, (store: Store) => Store])[] = [
  ['retrying', (store) => createRetryingStore(store, now)],
  ['rate limited', (store) => createRateLimitedStore(store, { bytesPerSecond: 1e12 })],
  ['logged', (store) => createLoggedStore(store, () => {})],
  ['measured', createMeasuredStore],
  ['bound', (store) => createBoundStore(store, never)],
  ['retrying what fails half of the time', (store) => createRetryingStore(flaky(store), now)],
];
for (const [name, wrap] of wrappers) {
  describe(`${name} store`, () => {
    storeSuite({
      test,
      manyObjects: 50,
      factory: async () => ({ store: wrap(createMemoryStore()), dispose: async () => {} }),
    });
  });
}

describe('folder store', () => {
  storeSuite({
    test,
    manyObjects: 50,
    longestKey: 198,
    factory: async () => ({
      store: createFolderStore(createMemoryStore(), 'f'),
      dispose: async () => {},
    }),
  });

  test('sees nothing beside it, and its keys lead nowhere else', async () => {
    const store = createMemoryStore();
    await store.put('folder-x/a', content);
    await store.put('a', content);
    const folder = createFolderStore(store, 'folder');
    await folder.put('a', content);
    assert.deepEqual(await Array.fromAsync(folder.list('')), [{ key: 'a', bytes: 7 }]);
    for (const key of ['../a', '', 'tmp/a']) await assert.rejects(folder.get(key), TypeError);
    await folder.delete('a');
    assert.equal((await Array.fromAsync(store.list(''))).length, 2);
  });
});

/** Each call fails the first time; every other put is done all the same, and its answer is lost. */
function flaky(store: Store): Store {
  const failed = new Set<string>();
  let puts = 0;
  return createFaultyStore(store, ({ operation, key, phase }) => {
    const call = `${operation} ${key}`;
    const lost = operation === 'put' && puts % 2 === 1;
    if (failed.has(call) || (phase === 'before') === lost) return 'ok';
    failed.add(call);
    if (operation === 'put') puts++;
    return 'fail';
  });
}

describe('retrying store', () => {
  const always = (fault: Fault, of: StoreCall['operation']) => (call: StoreCall) =>
    call.operation === of && call.phase === 'before' ? fault : 'ok';

  test('gives up after so many attempts, with waits that grow and differ', async () => {
    const waits: number[] = [];
    let calls = 0;
    const store = createRetryingStore(
      createFaultyStore(createMemoryStore(), (call) => {
        if (call.phase === 'before') calls++;
        return always('fail', 'stat')(call);
      }),
      {
        attempts: 5,
        firstWaitMs: 100,
        longestWaitMs: 500,
        random: () => 0.5,
        wait: async (ms) => void waits.push(ms),
      },
    );
    await assert.rejects(store.stat('a'), (error) => isFailure(error, 'VAULT_IO_FAILED'));
    assert.equal(calls, 5);
    assert.deepEqual(waits, [75, 150, 300, 375]);
  });

  test('does not repeat what does not help', async () => {
    let calls = 0;
    const store = createRetryingStore(
      createFaultyStore(createMemoryStore(), ({ operation, phase }) => {
        if (operation === 'get' && phase === 'before') calls++;
        return 'ok';
      }),
      now,
    );
    await assert.rejects(store.get('a'), (error) => isFailure(error, 'OBJECT_MISSING'));
    assert.equal(calls, 1);
  });

  test('ends its wait when the signal aborts', async () => {
    const end = new AbortController();
    const store = createRetryingStore(
      createFaultyStore(createMemoryStore(), (call) => {
        setImmediate(() => end.abort(new Error('enough')));
        return always('fail', 'put')(call);
      }),
      { firstWaitMs: 3_600_000, longestWaitMs: 3_600_000 },
    );
    await assert.rejects(store.put('a', content, { signal: end.signal }), /enough/);
  });

  test('a put whose answer was lost is not taken for that of another', async () => {
    const inner = createMemoryStore();
    let lost = false;
    const store = createRetryingStore(
      createFaultyStore(inner, ({ operation, phase }) => {
        if (operation !== 'put' || phase === 'before' || lost) return 'ok';
        lost = true;
        return 'fail';
      }),
      now,
    );
    await store.put('a', content, { ifAbsent: true });
    assert.deepEqual(await inner.get('a'), new Uint8Array(content));
    const other = store.put('a', Buffer.from('another'), { ifAbsent: true });
    await assert.rejects(other, (error) => isFailure(error, 'OBJECT_EXISTS'));
  });

  test('a put that fails although another was first says so', async () => {
    const inner = createMemoryStore();
    let failed = false;
    const store = createRetryingStore(
      createFaultyStore(inner, ({ operation, phase }) => {
        if (operation !== 'put' || phase === 'after' || failed) return 'ok';
        failed = true;
        return 'fail';
      }),
      { wait: () => inner.put('a', Buffer.from('of another')) },
    );
    const put = store.put('a', content, { ifAbsent: true });
    await assert.rejects(put, (error) => isFailure(error, 'OBJECT_EXISTS'));
    assert.equal(Buffer.from(await inner.get('a')).toString(), 'of another');
  });

  test('a listing goes on where it broke, without repeating or leaving out', async () => {
    const inner = createMemoryStore();
    const keys = Array.from({ length: 30 }, (_, n) => `k/${String(n).padStart(2, '0')}`);
    for (const key of keys) await inner.put(key, content);
    let listings = 0;
    const breaking: Store = {
      ...inner,
      async *list(prefix) {
        const good = ++listings * 4;
        let given = 0;
        for await (const entry of inner.list(prefix)) {
          if (given++ >= good) {
            const reason = 'cut';
            throw failure('S3_UNREACHABLE', { vault: 'x', operation: 'list', key: prefix, reason });
          }
          yield entry;
        }
      },
    };
    const listed = await Array.fromAsync(createRetryingStore(breaking, now).list('k/'));
    assert.deepEqual(
      listed.map(({ key }) => key),
      keys,
    );
    assert.ok(listings > 6, 'more failures than attempts, but each with progress in between');
  });
});

test('a rate limited store waits for what is owed, and one caller for the other', async () => {
  let ms = 0;
  const clock: Clock = { now: () => new Date(0), monotonicMs: () => ms };
  const waits: number[] = [];
  const wait = async (wanted: number): Promise<void> => {
    waits.push(wanted);
  };
  const store = createRateLimitedStore(createMemoryStore(), { bytesPerSecond: 1000, clock, wait });
  await Promise.all(['a', 'b', 'c'].map((key) => store.put(key, Buffer.alloc(500))));
  assert.deepEqual(waits, [500, 1000]);
  ms = 1500;
  await store.get('a');
  await store.get('b');
  assert.deepEqual(waits, [500, 1000, 500]);
  const end = new AbortController();
  end.abort(new Error('enough'));
  await assert.rejects(store.get('a', { signal: end.signal }), /enough/);
});

test('a logged store tells each call and its end, and passes errors on', async () => {
  const entries: StoreLogEntry[] = [];
  const store = createLoggedStore(createMemoryStore(), (entry) => entries.push(entry));
  await store.put('a', content);
  await store.get('a');
  await assert.rejects(store.get('b'), (error) => isFailure(error, 'OBJECT_MISSING'));
  await Array.fromAsync(store.list(''));
  for await (const _entry of store.list('')) break;
  assert.deepEqual(
    entries.map(({ operation, key, amount, end }) => [operation, key, amount, end]),
    [
      ['put', 'a', 7, 'ok'],
      ['get', 'a', 7, 'ok'],
      ['get', 'b', 0, 'OBJECT_MISSING'],
      ['list', '', 1, 'ok'],
      ['list', '', 1, 'left'],
    ],
  );
});

describe('validateStore', () => {
  test('checks a store that holds other things, and leaves those and nothing else', async () => {
    const store = createMemoryStore();
    await store.put('vault.json', content);
    const told: string[] = [];
    const checks = await validateStore(store, {
      signal: never,
      manyObjects: 50,
      onCheck: ({ name }) => told.push(name),
    });
    assert.deepEqual(
      checks.filter((check) => 'error' in check),
      [],
    );
    assert.ok(checks.length > 10);
    assert.deepEqual(
      told,
      checks.map(({ name }) => name),
    );
    assert.deepEqual(await Array.fromAsync(store.list('')), [{ key: 'vault.json', bytes: 7 }]);
  });

  test('tells which part of the law a store breaks, and goes on with the rest', async () => {
    const store = createFaultyStore(createMemoryStore(), ({ operation, phase }) =>
      operation === 'get' && phase === 'before' ? 'cut' : 'ok',
    );
    const checks = await validateStore(store, { signal: never, manyObjects: 50 });
    const broken = checks.filter((check) => 'error' in check).map(({ name }) => name);
    assert.ok(broken.includes('an object comes back as it was put, whatever its size'));
    assert.ok(broken.length < checks.length);
  });

  test('ends when the signal aborts, and cleans up first', async () => {
    const store = createMemoryStore();
    const end = new AbortController();
    let checked = 0;
    const validating = validateStore(store, {
      signal: end.signal,
      onCheck: () => {
        if (++checked === 5) end.abort(new Error('enough'));
      },
    });
    await assert.rejects(validating, /enough/);
    assert.equal(checked, 5);
    assert.deepEqual(await Array.fromAsync(store.list('')), []);
  });
});

test("each call of a bound store ends with its signal, with the call's own, and not before", async () => {
  const hanging = createFaultyStore(createMemoryStore(), ({ phase }) =>
    phase === 'before' ? 'hang' : 'ok',
  );
  for (const which of ['store', 'call']) {
    const ends = { store: new AbortController(), call: new AbortController() };
    const store = createBoundStore(hanging, ends.store.signal);
    const { signal } = ends.call;
    const calls = [
      store.put('a', content, { signal }),
      store.get('a', { signal }),
      store.stat('a', { signal }),
      Array.fromAsync(store.list('', { signal })),
      store.delete('a', { signal }),
      store.ensureWritable({ signal }),
      store.freeBytes({ signal }),
    ];
    const reason = new Error('given up');
    ends[which as 'store' | 'call'].abort(reason);
    for (const ended of await Promise.allSettled(calls)) {
      assert.deepEqual(ended, { status: 'rejected', reason });
    }
  }
});

test('with grace a call still gets through when its signal has aborted, and ends soon if it hangs', async () => {
  const inner = createMemoryStore();
  await inner.put('a', content);
  const reason = new Error('given up');
  const aborted = AbortSignal.abort(reason);
  await createBoundStore(inner, aborted, 60_000).delete('a');
  assert.equal(await inner.stat('a'), undefined);
  const hanging = createFaultyStore(inner, () => 'hang');
  await assert.rejects(createBoundStore(hanging, aborted, 1).delete('a'), reason);
});

test('what a store kept only in part is found out at the put, and taken away', async () => {
  const inner = createMemoryStore();
  const cutting = createFaultyStore(inner, ({ phase, operation }) =>
    phase === 'before' && operation === 'put' ? 'cut' : 'ok',
  );
  const store = createMeasuredStore(cutting);
  await assert.rejects(store.put('a', content), (error) => isFailure(error, 'VAULT_IO_FAILED'));
  assert.equal(await inner.stat('a'), undefined);
});
