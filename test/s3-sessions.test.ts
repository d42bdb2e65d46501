// Credentials that end, on a real server that hands them out: a session is told as ended, once, and nothing is tried again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { Store } from '../packages/engine/src/vault/contract.ts';
import { openShortSession } from '../tools/s3-server/administration.ts';
import { startS3ServerIfPossible } from '../tools/s3-server/index.ts';
import { CONTENT, operations } from './fixture/s3-operations.ts';
import { holdBuckets } from './fixture/s3.ts';

const server = await startS3ServerIfPossible({ sessions: true });

async function isAnswered(store: Store): Promise<boolean> {
  return store.get('there').then(
    () => true,
    () => false,
  );
}

describe('a session of S3', { skip: typeof server === 'string' && server }, () => {
  if (typeof server === 'string') return;
  const s3 = holdBuckets(server);

  test('a session that is over: S3_CREDENTIALS_EXPIRED where it says when it ends, else S3_ACCESS_DENIED, as the server says', async () => {
    const session = await openShortSession(server, 4);
    const { expiration, ...silent } = session;
    const folder = 'session';
    const known = s3.buckets.store(folder, { credentials: session });
    const unknown = s3.buckets.store(folder, { credentials: silent });
    await known.put('there', CONTENT);
    await unknown.get('there');
    // The server's clock is this one; what is asked meanwhile may still be answered.
    while (await isAnswered(unknown)) assert.ok(Date.now() < expiration.getTime() + 60_000);
    for (const [operation, work] of Object.entries(operations)) {
      for (const [store, code] of [
        [known, 'S3_CREDENTIALS_EXPIRED'],
        [unknown, 'S3_ACCESS_DENIED'],
      ] as const) {
        const refused = (error: unknown): boolean => isFailure(error, code) && !error.retryable;
        await assert.rejects(work(store), refused, operation);
      }
    }
    await Promise.all([known.close(), unknown.close()]);
  });
});
