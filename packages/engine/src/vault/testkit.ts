// The law of a store as a suite: `storeSuite({ test, factory })` for any implementation of the store contract, with
// node:test, or with anything that takes a name and a function: stores/validate.ts runs it for `stillpoint vault validate`.
import assert from 'node:assert/strict';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import type { Store } from './contract.ts';

export interface StoreSuite {
  readonly test: (name: string, body: () => Promise<void>) => unknown;
  /** A new, empty store for each test. */
  readonly factory: () => Promise<{ readonly store: Store; readonly dispose: () => Promise<void> }>;
  /** How many objects the listing test makes; 300 unless told. */
  readonly manyObjects?: number;
  /** How long a key may be; 200 unless told. */
  readonly longestKey?: number;
}

const text = (content: string): Uint8Array => Buffer.from(content, 'utf8');

export function storeSuite(suite: StoreSuite): void {
  const check = (name: string, body: (store: Store) => Promise<void>): void => {
    suite.test(name, async () => {
      const { store, dispose } = await suite.factory();
      try {
        await body(store);
      } finally {
        await store.close();
        await dispose();
      }
    });
  };

  check('an object comes back as it was put, whatever its size', async (store) => {
    for (const bytes of [0, 1, 4096, 5 * 1024 * 1024 + 1]) {
      const content = pattern(bytes);
      await store.put(`a/${bytes}`, content);
      assert.equal(Buffer.compare(await store.get(`a/${bytes}`), content), 0, `${bytes} bytes`);
      assert.deepEqual(await store.stat(`a/${bytes}`), { bytes });
    }
  });

  check('bytes are copied in and out', async (store) => {
    const content = text('unchanged');
    await store.put('a', content);
    content.fill(0);
    (await store.get('a')).fill(1);
    assert.equal(Buffer.from(await store.get('a')).toString(), 'unchanged');
  });

  check('putting the same bytes again is harmless', async (store) => {
    await store.put('a', text('same'));
    await store.put('a', text('same'));
    assert.equal(Buffer.from(await store.get('a')).toString(), 'same');
    assert.equal((await keys(store, '')).length, 1);
  });

  check('an absent object is OBJECT_MISSING to get and undefined to stat', async (store) => {
    await rejects(store.get('a/b'), 'OBJECT_MISSING');
    assert.equal(await store.stat('a/b'), undefined);
    await store.put('a/b/c', text('x'));
    await store.put('a/x', text('x'));
    assert.equal(await store.stat('a/b'), undefined, 'a prefix is no object');
    assert.equal(await store.stat('a/x/y'), undefined, 'an object is no prefix');
  });

  check('a range gives that range, less at the end, nothing behind it', async (store) => {
    const content = pattern(10_000);
    await store.put('a', content);
    const read = (offset: number, bytes: number): Promise<Uint8Array> =>
      store.get('a', { range: { offset, bytes } });
    assert.deepEqual(Buffer.from(await read(0, 10)), Buffer.from(content.subarray(0, 10)));
    assert.deepEqual(Buffer.from(await read(4095, 3)), Buffer.from(content.subarray(4095, 4098)));
    assert.deepEqual(Buffer.from(await read(9_990, 100)), Buffer.from(content.subarray(9_990)));
    assert.equal((await read(10_000, 5)).length, 0);
    assert.equal((await read(20_000, 5)).length, 0);
    await rejects(store.get('b', { range: { offset: 0, bytes: 1 } }), 'OBJECT_MISSING');
  });

  check('ifAbsent keeps what is there', async (store) => {
    await store.put('a', text('first'), { ifAbsent: true });
    await rejects(store.put('a', text('second'), { ifAbsent: true }), 'OBJECT_EXISTS');
    assert.equal(Buffer.from(await store.get('a')).toString(), 'first');
    assert.deepEqual(await keys(store, ''), ['a']);
  });

  check('of many ifAbsent at the same time exactly one wins', async (store) => {
    const puts = Array.from({ length: 8 }, (_, n) =>
      store.put('a', text(`writer ${n}`), { ifAbsent: true }),
    );
    const results = await Promise.allSettled(puts);
    const winners = results.flatMap(({ status }, n) => (status === 'fulfilled' ? [n] : []));
    assert.equal(winners.length, 1);
    assert.equal(Buffer.from(await store.get('a')).toString(), `writer ${winners[0]}`);
    for (const result of results) {
      if (result.status === 'rejected') assert.ok(isFailure(result.reason, 'OBJECT_EXISTS'));
    }
  });

  check('many puts of one key at the same time leave one whole object', async (store) => {
    await Promise.all(Array.from({ length: 8 }, () => store.put('a/b', pattern(100_000))));
    assert.equal(Buffer.compare(await store.get('a/b'), pattern(100_000)), 0);
    assert.deepEqual(await keys(store, ''), ['a/b']);
  });

  check('list is complete, in order, with sizes, and knows prefixes', async (store) => {
    const some = ['a', 'a-b/x', 'a.b', 'a/b', 'a/b.c', 'a/b/c', 'a0', 'ab', 'b/0', 'b/a/z', 'b/a_'];
    // A store of files cannot hold both `a` and `a/b`; one of S3 can. The law asks for neither.
    const held = some.filter((key) => !some.some((other) => other.startsWith(`${key}/`)));
    for (const key of held.toReversed()) await store.put(key, text(key));
    assert.deepEqual(await keys(store, ''), held.toSorted());
    for (const prefix of ['a', 'a/', 'a/b', 'a/b.', 'b/', 'b/a', 'b/a/', 'c', 'c/d']) {
      const expected = held.filter((key) => key.startsWith(prefix)).toSorted();
      assert.deepEqual(await keys(store, prefix), expected, `prefix ${prefix}`);
    }
    for await (const { key, bytes } of store.list('')) assert.equal(bytes, key.length);
  });

  check('list is complete at any size', async (store) => {
    const count = suite.manyObjects ?? 300;
    const all = Array.from({ length: count }, (_, n) => `many/${String(n % 7)}/${n}`);
    for (let n = 0; n < count; n += 32) {
      await Promise.all(all.slice(n, n + 32).map((key) => store.put(key, text(key))));
    }
    assert.deepEqual(await keys(store, 'many/'), all.toSorted());
  });

  check('deleted is gone, deleting what is absent resolves', async (store) => {
    await store.put('a/b', text('x'));
    await store.delete('a/b');
    await store.delete('a/b');
    await store.delete('c/d');
    await rejects(store.get('a/b'), 'OBJECT_MISSING');
    assert.deepEqual(await keys(store, ''), []);
    await store.put('a/b', text('y'), { ifAbsent: true });
    assert.equal(Buffer.from(await store.get('a/b')).toString(), 'y');
  });

  check('an aborted signal rejects with its reason and leaves nothing', async (store) => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await store.put('there', text('x'));
    await assert.rejects(store.put('a', text('x'), { signal }), reason);
    await assert.rejects(store.get('there', { signal }), reason);
    await assert.rejects(store.stat('there', { signal }), reason);
    await assert.rejects(Array.fromAsync(store.list('', { signal })), reason);
    await assert.rejects(store.delete('there', { signal }), reason);
    await assert.rejects(store.ensureWritable({ signal }), reason);
    assert.deepEqual(await keys(store, ''), ['there']);
  });

  check('a put aborted on its way leaves the whole object or none', async (store) => {
    const end = new AbortController();
    const content = pattern(12 * 1024 * 1024);
    const putting = store.put('a', content, { signal: end.signal });
    end.abort(new Error('enough'));
    const done = await putting.then(
      () => true,
      () => false,
    );
    const found = await store.stat('a');
    if (done) assert.deepEqual(found, { bytes: content.length });
    if (found !== undefined) assert.equal(Buffer.compare(await store.get('a'), content), 0);
    assert.deepEqual(await keys(store, ''), found === undefined ? [] : ['a']);
  });

  check('a key that is none is a mistake of the program', async (store) => {
    for (const key of ['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.', 'A', 'a b', 'tmp/a', 'a\0']) {
      await assert.rejects(async () => store.put(key, text('x')), TypeError, `key ${key}`);
      await assert.rejects(async () => store.get(key), TypeError, `key ${key}`);
    }
    const longest = suite.longestKey ?? 200;
    await store.put('a'.repeat(longest), text('x'));
    await assert.rejects(async () => store.put('a'.repeat(longest + 1), text('x')), TypeError);
  });

  check(
    'it says that it can be written, and how much is free or that it does not know',
    async (store) => {
      await store.ensureWritable();
      assert.deepEqual(await keys(store, ''), []);
      const free = await store.freeBytes();
      assert.ok(free === undefined || free > 0);
    },
  );
}

async function keys(store: Store, prefix: string): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
}

async function rejects(promise: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => isFailure(error, code));
}

function pattern(bytes: number): Uint8Array {
  const content = Buffer.alloc(bytes);
  for (let n = 0; n < bytes; n++) content[n] = (n * 31 + (n >> 8)) & 0xff;
  return content;
}
