// What goes wrong with S3: cut connections and errors of the server are got over, and all else is an error that says what is wrong. The
// server is real; a proxy in front of it breaks what it is told to.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import type { Store } from '../packages/engine/src/vault/contract.ts';
import { createRetryingStore } from '../packages/engine/src/vault/index.ts';
import { limitGuest } from '../tools/s3-server/administration.ts';
import { startS3ServerIfPossible } from '../tools/s3-server/index.ts';
import type { ProxyFault } from '../tools/s3-server/proxy.ts';
import { CONTENT as content, operations } from './fixture/s3-operations.ts';
import { keysOf, holdBuckets, type StoreOptions } from './fixture/s3.ts';

const server = await startS3ServerIfPossible();
/** Until it rejects. */
async function forever(work: () => Promise<unknown>): Promise<never> {
  for (;;) await work();
}

describe('S3 fails', { skip: typeof server === 'string' && server }, () => {
  if (typeof server === 'string') return;
  const s3 = holdBuckets(server);
  let folders = 0;

  /** Through the proxy, which passes everything on until it is told otherwise. */
  async function broken(options: StoreOptions = {}): Promise<Store> {
    s3.proxy.follow(() => 'pass');
    const folder = `fails-${folders++}`;
    await s3.buckets.store(folder).put('there', content);
    return s3.buckets.store(folder, { endpoint: s3.proxy.endpoint, ...options });
  }

  const faults: readonly (readonly [string, ProxyFault, ErrorCode])[] = [
    ['a refused connection', 'refuse', 'S3_UNREACHABLE'],
    ['a lost answer', 'lose answer', 'S3_UNREACHABLE'],
    ['a connection on which nothing happens', 'hang', 'S3_UNREACHABLE'],
    ['an error of the server', { status: 500, code: 'InternalError' }, 'S3_SERVER_FAILED'],
    ['an error of a gateway', { status: 502 }, 'S3_SERVER_FAILED'],
    ['a server that wants less', { status: 503, code: 'SlowDown' }, 'S3_SLOW_DOWN'],
    ['too many requests', { status: 429 }, 'S3_SLOW_DOWN'],
  ];
  for (const [what, fault, code] of faults) {
    test(`${what}: told as it is, and got over by trying again`, async () => {
      for (const [operation, work] of Object.entries(operations)) {
        const store = await broken(fault === 'hang' ? { idleMs: 300 } : {});
        s3.proxy.follow(() => fault);
        const failing = work(store);
        await assert.rejects(
          failing,
          (error) => isFailure(error, code) && error.retryable,
          operation,
        );
        // Each request of the operation fails once.
        const seen = new Set<string>();
        s3.proxy.follow(({ method, url }) => {
          const request = `${method} ${url}`;
          if (seen.has(request)) return 'pass';
          seen.add(request);
          return fault;
        });
        // On a busy machine the server is quiet for a while, too.
        await work(createRetryingStore(store, { attempts: 30, wait: async () => {} }));
        await store.close();
      }
    });
  }

  test('a server that has had enough of this user says so, and is waited for', async () => {
    const isTired = (error: unknown): boolean =>
      isFailure(error, 'S3_SLOW_DOWN') && error.retryable;
    for (const [operation, work] of Object.entries(operations)) {
      const store = await broken({ endpoint: server.endpoint });
      await limitGuest(server, 1);
      // What a minute allows is used up first: of reads, and of writes.
      await assert.rejects(
        forever(() => store.stat('there')),
        isTired,
      );
      await assert.rejects(
        forever(() => store.put('used-up', content)),
        isTired,
      );
      await assert.rejects(work(store), isTired, operation);
      let waits = 0;
      const wait = async (): Promise<void> => {
        waits += 1;
        await limitGuest(server, undefined);
      };
      await work(createRetryingStore(store, { wait }));
      assert.equal(waits, 1);
      await store.close();
    }
  });

  for (const fault of ['cut answer', 'hang half'] as const) {
    test(`half of an object is never taken for the whole (${fault})`, async () => {
      const store = await broken(fault === 'hang half' ? { idleMs: 300 } : {});
      s3.proxy.follow(() => fault);
      for (const operation of ['get', 'get of a range', 'list']) {
        const reading = operations[operation]?.(store) ?? assert.fail();
        await assert.rejects(reading, (error) => isFailure(error, 'S3_UNREACHABLE'), operation);
      }
      s3.proxy.follow(({ n }) => (n === 1 ? fault : 'pass'));
      const again = createRetryingStore(store, { attempts: 30, wait: async () => {} });
      assert.equal(Buffer.compare(await again.get('there'), content), 0);
      await store.close();
    });
  }

  test('a put whose answer was lost is ours, not that of another', async () => {
    const store = createRetryingStore(await broken(), { wait: async () => {} });
    s3.proxy.follow(({ method, n }) => (method === 'PUT' && n === 1 ? 'lose answer' : 'pass'));
    await store.put('once', content, { ifAbsent: true });
    assert.equal(Buffer.compare(await store.get('once'), content), 0);
    await store.close();
  });

  test('a conflict that nobody has won is tried again', async () => {
    const store = await broken();
    const conflict = { status: 409, code: 'ConditionalRequestConflict' };
    s3.proxy.follow(({ method }) => (method === 'PUT' ? conflict : 'pass'));
    const put = store.put('a', content, { ifAbsent: true });
    await assert.rejects(put, (error) => isFailure(error, 'VAULT_IO_FAILED') && error.retryable);
    const won = store.put('there', content, { ifAbsent: true });
    await assert.rejects(won, (error) => isFailure(error, 'OBJECT_EXISTS'));
    await store.close();
  });

  test('calls that wait for a server end promptly when they are aborted', async () => {
    const store = await broken();
    for (const fault of ['hang', 'hang half'] as const) {
      const end = new AbortController();
      const { signal } = end;
      s3.proxy.follow(() => {
        setImmediate(() => end.abort(new Error('enough')));
        return fault;
      });
      const calls = [store.get('there', { signal }), store.put('a', content, { signal })];
      for (const { status, ...rest } of await Promise.allSettled(calls)) {
        // Half of the empty answer to a put is the whole of it.
        if (status === 'rejected')
          assert.match(String((rest as PromiseRejectedResult).reason), /enough/);
        else assert.equal(fault, 'hang half');
      }
      await assert.rejects(store.get('there', { signal }), /enough/);
    }
    await store.close();
  });

  describe('and says what is wrong, whatever is asked', () => {
    const invalid = { accessKeyId: 'nobodysaccesskey', secretAccessKey: 'x' };
    const cases: readonly (readonly [string, () => StoreOptions, ErrorCode, ProxyFault?])[] = [
      ['a bucket that is not there', () => ({ bucket: 'no-such-bucket' }), 'S3_BUCKET_MISSING'],
      [
        'a wrong secret',
        () => ({ credentials: { ...keysOf(server.guest), secretAccessKey: 'wrong' } }),
        'S3_CREDENTIALS_WRONG',
      ],
      ['a user who is not there', () => ({ credentials: invalid }), 'S3_CREDENTIALS_WRONG'],
      ['a server that is not there', () => ({ endpoint: 'http://127.0.0.1:9' }), 'S3_UNREACHABLE'],
      ['a name that is not there', () => ({ endpoint: 'http://s3.invalid' }), 'S3_UNREACHABLE'],
      [
        'expired credentials',
        () => ({ endpoint: s3.proxy.endpoint }),
        'S3_CREDENTIALS_EXPIRED',
        { status: 400, code: 'ExpiredToken' },
      ],
      [
        'another region',
        () => ({ endpoint: s3.proxy.endpoint }),
        'S3_REGION_WRONG',
        {
          status: 301,
          code: 'PermanentRedirect',
          headers: { 'x-amz-bucket-region': 'eu-central-1' },
        },
      ],
      [
        'a server that lacks something',
        () => ({ endpoint: s3.proxy.endpoint }),
        'S3_NOT_SUPPORTED',
        { status: 501, code: 'NotImplemented' },
      ],
    ];
    for (const [what, options, code, fault = 'pass'] of cases) {
      test(`${what}: ${code}`, async () => {
        s3.proxy.follow(() => fault);
        for (const [operation, work] of Object.entries(operations)) {
          const store = s3.buckets.store('says', options());
          await assert.rejects(work(store), (error) => {
            if (!isFailure(error, code)) assert.fail(`${operation}: ${String(error)}`);
            return true;
          });
          await store.close();
        }
      });
    }

    test('access that the policy does not give: S3_ACCESS_DENIED', async () => {
      const store = s3.buckets.store('says', { prefix: 'somebody-elses' });
      for (const [operation, work] of Object.entries(operations)) {
        if (operation === 'list') continue; // The policy lets the whole bucket be listed.
        if (operation === 'stat' || operation.startsWith('get')) continue;
        await assert.rejects(
          work(store),
          (error) => isFailure(error, 'S3_ACCESS_DENIED'),
          operation,
        );
      }
      await store.close();
    });

    test('the region is named, and how to write it', async () => {
      s3.proxy.follow(() => ({
        status: 400,
        code: 'AuthorizationHeaderMalformed',
        more: '<Region>eu-west-3</Region>',
      }));
      const store = s3.buckets.store('says', { endpoint: s3.proxy.endpoint });
      await assert.rejects(store.get('a'), (error) => {
        assert.ok(isFailure(error, 'S3_REGION_WRONG'));
        return error.hint.includes('region=eu-west-3');
      });
      await store.close();
    });
  });

  for (const [what, offMs] of [
    ['an hour late', -3_600_000],
    ['a month ahead', 30 * 86_400_000],
  ] as const) {
    test(`a clock that is ${what}: told as it is, and mended by the answer that complains`, async (t) => {
      for (const [operation, work] of Object.entries(operations)) {
        const store = await broken();
        const right = Date.now();
        t.mock.timers.enable({ apis: ['Date'], now: right + offMs });
        await assert.rejects(work(store), (error) => isFailure(error, 'S3_CLOCK_WRONG'), operation);
        t.mock.timers.setTime(right + offMs + 1);
        const next = s3.buckets.store(`clock-${folders++}`, { endpoint: s3.proxy.endpoint });
        const again = createRetryingStore(next, { wait: async () => {} });
        await again.put('there', content);
        await work(again);
        t.mock.timers.reset();
        await Promise.all([store.close(), again.close()]);
      }
    });
  }
});

describe('a server that is no S3', () => {
  /** Takes everything for fine, as many do. */
  const startAgreeable = async (body: string): Promise<AsyncDisposable & { port: number }> => {
    const web = createServer((incoming, answer) => {
      incoming.resume();
      answer.writeHead(200, { 'content-type': 'text/html' });
      answer.end(body);
    });
    await once(web.listen(0, '127.0.0.1'), 'listening');
    return {
      port: (web.address() as AddressInfo).port,
      async [Symbol.asyncDispose]() {
        web.close();
        web.closeAllConnections();
      },
    };
  };
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };

  for (const body of ['', '<!doctype html><title>Welcome</title><p>Hello<br>', '<html></html>']) {
    test(`is found out before anything is written to it, and lists nothing (${body})`, async () => {
      await using web = await startAgreeable(body);
      const { createS3Store, parseS3Address } =
        await import('../packages/engine/src/vault/index.ts');
      const address = parseS3Address(`s3://bucket?endpoint=http://127.0.0.1:${web.port}`);
      const store = createS3Store(address, { credentials });
      await assert.rejects(store.ensureWritable(), (error) => isFailure(error, 'S3_NOT_SUPPORTED'));
      const listing = Array.fromAsync(store.list(''));
      await assert.rejects(listing, (error) => isFailure(error, 'S3_SERVER_FAILED'));
      await store.close();
    });
  }
});
