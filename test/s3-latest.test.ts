// What `latest` means on S3 with more snapshots than the server lists at once: the newest by its time, wherever its name stands.
// `npm run test:soak` has so many that there is a list between the first and the last.
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { canonicalBytes, newSnapshotId, type Json } from '@stillpoint/core';
import { createCareStage } from '../packages/engine/src/care/testing/stage.ts';
import { openCatalogue } from '../packages/engine/src/compose-catalogue.ts';
import { createMemoryStore, createVault, openVault } from '../packages/engine/src/vault/index.ts';
import { startS3ServerIfPossible } from '../tools/s3-server/index.ts';
import { holdBuckets } from './fixture/s3.ts';

const { signal } = new AbortController();
const server = await startS3ServerIfPossible();
/** The server lists a thousand at once. */
const SNAPSHOTS = process.env['STILLPOINT_SOAK'] === undefined ? 1050 : 2100;
const AT_ONCE = 8;

describe('many snapshots on S3', { skip: typeof server === 'string' && server }, () => {
  if (typeof server === 'string') return;
  const s3 = holdBuckets(server);

  test(`latest of ${SNAPSHOTS} is the newest, and all are listed`, async (t) => {
    const stage = await createCareStage(t);
    await stage.write({ 'a.bin': { seed: 1, bytes: 1000 } });
    await stage.snapshot();
    const { vault: local } = await stage.open();
    const [entry] = await local.list();
    const text = Buffer.from(await local.readManifest(entry!)).toString('utf8');
    const real = JSON.parse(text) as Readonly<Record<string, Json>>;

    const memory = createMemoryStore();
    const made = await createVault({ ...memory, close: async () => {} });
    // Sealed in memory and then brought there, which asks less of the server. The newest is sealed in the middle, and names are random:
    // neither order says which it is.
    const newest = newSnapshotId();
    let next = 0;
    const seal = async (): Promise<void> => {
      for (let n = next++; n < SNAPSHOTS; n = next++) {
        const id = n === SNAPSHOTS / 2 ? newest : newSnapshotId();
        const at = Date.UTC(2026, 0, 1) + (id === newest ? 2 * SNAPSHOTS : n) * 1000;
        const manifest = { ...real, id, createdAt: new Date(at).toISOString() };
        await using session = await made.openSession({ signal });
        await session.seal(id, canonicalBytes(manifest));
      }
    };
    await seal();
    await made[Symbol.asyncDispose]();

    const store = s3.buckets.store('latest');
    const keys = memory.list('')[Symbol.asyncIterator]();
    const move = async (): Promise<void> => {
      for (let one = await keys.next(); one.done !== true; one = await keys.next())
        await store.put(one.value.key, await memory.get(one.value.key));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, move));
    await using vault = await openVault(store);

    const cacheDirectory = path.join(stage.directory, 'cache');
    const catalogue = openCatalogue(vault, { cacheDirectory });
    const { project } = real as { readonly project: { readonly id: string } };
    assert.equal((await catalogue.list(signal)).sealed.length, SNAPSHOTS);
    assert.equal((await catalogue.find('latest', project.id, signal)).manifest.id, newest);
  });
});
