// A vault's store on a real S3 server, as a user who may do what the guide's policy says and nothing else: the law of stores, many keys,
// large objects, what dead uploads leave, checksums.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { Store } from '../packages/engine/src/vault/contract.ts';
import { createRetryingStore, validateStore } from '../packages/engine/src/vault/index.ts';
import { storeSuite } from '../packages/engine/src/vault/testkit.ts';
import { startS3ServerIfPossible } from '../tools/s3-server/index.ts';
import { S3_HOST } from './fixture/s3-host.ts';
import { BUCKET, holdBuckets, policyOfTheGuide, PREFIX } from './fixture/s3.ts';

const MiB = 1024 * 1024;
const server = await startS3ServerIfPossible();

describe('a store on S3', { skip: typeof server === 'string' && server }, () => {
  if (typeof server === 'string') return;
  const s3 = holdBuckets(server);
  let folders = 0;
  const newFolder = (): string => `store-${folders++}`;

  describe('keeps the law, with 2,600 keys', () => {
    storeSuite({
      test,
      manyObjects: 2600,
      factory: async () => ({ store: s3.buckets.store(newFolder()), dispose: async () => {} }),
    });
  });

  describe('keeps the law in parts and without checksums', () => {
    storeSuite({
      test,
      manyObjects: 20,
      factory: async () => {
        const options = { singlePutBytes: 4095, parameters: 'checksums=when-required' };
        return { store: s3.buckets.store(newFolder(), options), dispose: async () => {} };
      },
    });
  });

  describe('keeps the law with the bucket in the name of the host', () => {
    const options = () => ({
      endpoint: `http://${S3_HOST}:${new URL(s3.proxy.endpoint).port}`,
      parameters: 'pathStyle=0',
    });
    storeSuite({
      test,
      manyObjects: 20,
      factory: async () => ({
        store: s3.buckets.store(newFolder(), options()),
        dispose: async () => {},
      }),
    });

    test('which is where it is asked for, also in parts', async () => {
      s3.proxy.follow(() => 'pass');
      const store = s3.buckets.store(newFolder(), { ...options(), singlePutBytes: 9 * MiB });
      const content = randomBytes(10 * MiB);
      await store.put('a', content);
      assert.equal(Buffer.compare(await store.get('a'), content), 0);
      assert.equal((await Array.fromAsync(store.list(''))).length, 1);
      await store.close();
      const paths = s3.proxy.requests.map(({ url }) => url);
      assert.ok(paths.length > 4);
      assert.deepEqual(
        paths.filter((url) => url.startsWith(`/${BUCKET}`)),
        [],
      );
    });
  });

  test('is found good by what `stillpoint vault validate` runs, which leaves nothing', async () => {
    const store = createRetryingStore(s3.buckets.store(newFolder()));
    const { signal } = new AbortController();
    const checks = await validateStore(store, { signal, manyObjects: 40 });
    assert.deepEqual(
      checks.filter((check) => 'error' in check),
      [],
    );
    assert.deepEqual(await Array.fromAsync(store.list('')), []);
    await store.close();
  });

  describe('objects in parts', () => {
    const content = randomBytes(20 * MiB + 1);

    test('a large object comes back whole, and any range of it', async () => {
      const folder = newFolder();
      const store = s3.buckets.store(folder);
      await store.put('large', content, { ifAbsent: true });
      assert.equal(Buffer.compare(await store.get('large'), content), 0);
      const range = { offset: 8 * MiB - 5, bytes: 10 };
      assert.deepEqual(
        Buffer.from(await store.get('large', { range })),
        content.subarray(range.offset, range.offset + range.bytes),
      );
      const again = store.put('large', Buffer.alloc(20 * MiB), { ifAbsent: true });
      await assert.rejects(again, (error) => isFailure(error, 'OBJECT_EXISTS'));
      assert.deepEqual(await store.stat('large'), { bytes: content.length });
      await store.close();
      assert.deepEqual(await uploads(folder), [], 'the upload that lost was ended');
    });

    test('an upload that fails or is aborted leaves no parts', async () => {
      const folder = newFolder();
      const store = s3.buckets.store(folder, { endpoint: s3.proxy.endpoint });
      s3.proxy.follow(({ url }) => (url.includes('partNumber=2') ? { status: 500 } : 'pass'));
      const failing = store.put('a', content);
      await assert.rejects(failing, (error) => isFailure(error, 'S3_SERVER_FAILED'));
      const end = new AbortController();
      s3.proxy.follow(({ url }) => {
        if (!url.includes('partNumber=2')) return 'pass';
        end.abort(new Error('enough'));
        return 'hang';
      });
      await assert.rejects(store.put('a', content, { signal: end.signal }), /enough/);
      await store.close();
      assert.deepEqual(await uploads(folder), []);
      assert.equal(await s3.buckets.store(folder).stat('a'), undefined);
    });

    test('an upload that somebody else ended begins again', async () => {
      const folder = newFolder();
      const store = s3.buckets.store(folder, { endpoint: s3.proxy.endpoint });
      let ended = false;
      s3.proxy.follow(({ method, url }) => {
        if (ended || method !== 'POST' || !url.includes('uploadId=')) return 'pass';
        ended = true;
        return { status: 404, code: 'NoSuchUpload' };
      });
      await createRetryingStore(store, { wait: async () => {} }).put('a', content);
      assert.equal(Buffer.compare(await store.get('a'), content), 0);
      await store.close();
      assert.deepEqual(await uploads(folder), []);
    });
  });

  test('uploads of dead writers are ended when they are old, those beside the vault never', async () => {
    const folder = newFolder();
    const { client, sdk } = s3.buckets;
    for (const Key of [`${PREFIX}/${folder}/packs/aa`, `${PREFIX}/${folder}-beside/packs/aa`]) {
      await client.send(new sdk.CreateMultipartUploadCommand({ Bucket: BUCKET, Key }));
    }
    await s3.buckets.store(folder).ensureWritable();
    assert.equal((await uploads(folder)).length, 1, 'it is not old');
    // The server tells what its clock says in whole seconds.
    await s3.buckets.store(folder, { abandonedAfterMs: -2000 }).ensureWritable();
    assert.equal((await uploads(folder)).length, 0);
    assert.equal((await uploads(`${folder}-beside`)).length, 1);
  });

  describe('checksums', () => {
    test('an object carries one, in one piece and in parts', async () => {
      const folder = newFolder();
      const store = s3.buckets.store(folder, { singlePutBytes: 9 * MiB });
      await store.put('one', Buffer.from('123456789'));
      await store.put('parts', randomBytes(10 * MiB));
      const sums = await Promise.all(['one', 'parts'].map((key) => checksumOf(folder, key)));
      assert.equal(sums[0], 'y/Q5Jg==');
      assert.match(sums[1] ?? '', /^[A-Za-z0-9+/]{6}==/);
    });

    for (const key of ['one', 'parts']) {
      test(`bytes that change on the way are refused, and sent again (${key})`, async () => {
        const options = { endpoint: s3.proxy.endpoint, singlePutBytes: 9 * MiB };
        const store = s3.buckets.store(newFolder(), options);
        const content = randomBytes(key === 'one' ? MiB : 10 * MiB);
        let flipped = 0;
        s3.proxy.follow(({ method }) => (method === 'PUT' && flipped++ === 0 ? 'flip' : 'pass'));
        const put = store.put(key, content);
        await assert.rejects(
          put,
          (error) => isFailure(error, 'VAULT_IO_FAILED') && error.retryable,
        );
        assert.equal(await store.stat(key), undefined);
        flipped = 0;
        await createRetryingStore(store, { wait: async () => {} }).put(key, content);
        assert.equal(Buffer.compare(await store.get(key), content), 0);
        await store.close();
      });
    }
  });

  describe('the policy of the guide', () => {
    const work: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
      's3:ListBucket': (store) => Array.fromAsync(store.list('')),
      's3:GetObject': (store) => store.get('there'),
      's3:PutObject': (store) => store.put('new', Buffer.from('x')),
      's3:DeleteObject': (store) => store.delete('there'),
    };
    after(() => s3.buckets.allow(policyOfTheGuide()));

    for (const [action, use] of Object.entries(work)) {
      test(`needs ${action}`, async () => {
        const folder = newFolder();
        const store = s3.buckets.store(folder);
        await putAsOwner(folder, 'there');
        await use(store);
        await putAsOwner(folder, 'there');
        const { Version, Statement } = policyOfTheGuide();
        const without = Statement.map((one) => ({
          ...one,
          Action: one.Action.filter((name) => name !== action),
        }));
        await s3.buckets.allow({ Version, Statement: without });
        await assert.rejects(use(store), (error) => isFailure(error, 'S3_ACCESS_DENIED'));
        await s3.buckets.allow({ Version, Statement });
        await use(store);
        await store.close();
      });
    }

    test('does without what ends old uploads, and without deleting', async () => {
      const { Version, Statement } = policyOfTheGuide();
      const optional = /Multipart|Delete/;
      const less = Statement.map((one) => ({
        ...one,
        Action: one.Action.filter((name) => !optional.test(name)),
      }));
      await s3.buckets.allow({ Version, Statement: less });
      const store = s3.buckets.store(newFolder(), { abandonedAfterMs: 0 });
      await store.ensureWritable();
      await store.put('parts', randomBytes(17 * MiB));
      assert.deepEqual(await store.stat('parts'), { bytes: 17 * MiB });
      await store.close();
    });
  });

  async function uploads(folder: string): Promise<readonly unknown[]> {
    const asked = { Bucket: BUCKET, Prefix: `${PREFIX}/${folder}/` };
    const { client, sdk } = s3.buckets;
    return (await client.send(new sdk.ListMultipartUploadsCommand(asked))).Uploads ?? [];
  }

  /** What the guest has put the guest may read, whatever the policy says. */
  async function putAsOwner(folder: string, key: string): Promise<void> {
    const { client, sdk } = s3.buckets;
    const object = { Bucket: BUCKET, Key: `${PREFIX}/${folder}/${key}`, Body: 'x' };
    await client.send(new sdk.PutObjectCommand(object));
  }

  async function checksumOf(folder: string, key: string): Promise<string | undefined> {
    const { guest, sdk } = s3.buckets;
    const object = { Bucket: BUCKET, Key: `${PREFIX}/${folder}/${key}` };
    const head = new sdk.HeadObjectCommand({ ...object, ChecksumMode: 'ENABLED' });
    return (await guest.send(head)).ChecksumCRC32;
  }
});
