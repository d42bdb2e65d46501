// A store in a bucket of any server that speaks S3. One object is one object there: it becomes visible as a whole, durable, and at once to
// everybody. The pieces are in s3/; what they have in common is in here.
import type { Store } from '../contract.ts';
import type { S3Address } from './s3/address.ts';
import { createS3Caller, type S3ClientOptions, type S3Connection } from './s3/client.ts';
import { nameOf } from './s3/errors.ts';
import { listBucket } from './s3/listing.ts';
import { endAbandonedUploads, type Sweep } from './s3/multipart.ts';
import { abortable, objectAt, placeOf, type S3Place } from './s3/place.ts';
import { readObject, statObject } from './s3/reading.ts';
import { putObject, TRIAL_KEY, tryToWrite, type Writing } from './s3/writing.ts';
import { assertStoreKey } from './store-key.ts';

export interface S3StoreOptions extends S3ClientOptions {
  /** Above it an object is sent in parts. */
  readonly singlePutBytes?: number;
  /** An upload that began so long ago is taken for that of a dead process. */
  readonly abandonedAfterMs?: number;
}

const SINGLE_PUT_BYTES = 16 * 1024 * 1024;
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** It repeats nothing that failed: wrap it in createRetryingStore(). */
export function createS3Store(address: S3Address, options: S3StoreOptions = {}): Store {
  const place = placeOf(address);
  const caller = createS3Caller(place, address, options);
  const background = createBackground();
  const { singlePutBytes = SINGLE_PUT_BYTES, abandonedAfterMs = ABANDONED_AFTER_MS } = options;
  let bucketSeen = false;

  const writing = (connection: S3Connection): Writing => ({
    connection,
    place,
    singlePutBytes,
    background: background.add,
  });

  return {
    description: place.vault,
    supports: { conditionalPut: true, ranges: true, latePuts: true },

    async put(key, content, putOptions = {}) {
      assertStoreKey(key);
      const { signal } = putOptions;
      await caller.call({ operation: 'write', key, signal }, (connection) =>
        putObject(writing(connection), key, content, putOptions),
      );
    },

    async get(key, getOptions = {}) {
      assertStoreKey(key);
      const { signal } = getOptions;
      return await caller.call({ operation: 'read', key, signal }, (connection) =>
        readObject(connection, place, key, getOptions),
      );
    },

    async stat(key, { signal } = {}) {
      assertStoreKey(key);
      return await caller.call({ operation: 'read', key, signal }, async (connection) => {
        const found = await statObject(connection, place, key, { bucketSeen, signal });
        bucketSeen = true;
        return found;
      });
    },

    list(prefix, { signal } = {}) {
      return listBucket(caller, place, { prefix, signal });
    },

    async delete(key, { signal } = {}) {
      assertStoreKey(key);
      await caller.call({ operation: 'delete', key, signal }, async ({ sdk, client }) => {
        try {
          await client.send(new sdk.DeleteObjectCommand(objectAt(place, key)), abortable(signal));
        } catch (error) {
          if (nameOf(error) !== 'NoSuchKey') throw error;
        }
      });
    },

    async ensureWritable({ signal } = {}) {
      await caller.call({ operation: 'prepare', key: TRIAL_KEY, signal }, async (connection) => {
        await tryToWrite(writing(connection), signal);
        await sweep(connection, place, { olderThanMs: abandonedAfterMs, signal });
      });
    },

    async freeBytes({ signal } = {}) {
      signal?.throwIfAborted();
      return undefined;
    },

    async close() {
      await background.settled();
      await caller.close();
    },
  };
}

/** Rejects only when the signal aborts: leftovers only cost space, and the policy need not let them be seen. */
async function sweep(
  connection: S3Connection,
  place: S3Place,
  { olderThanMs, signal }: Pick<Sweep, 'olderThanMs' | 'signal'>,
): Promise<void> {
  try {
    const trial = new connection.sdk.HeadObjectCommand(objectAt(place, TRIAL_KEY));
    // It was written just now: so late it is by the server's clock.
    const { LastModified: now } = await connection.client.send(trial, abortable(signal));
    if (now === undefined) return;
    await endAbandonedUploads(connection, place, { now, olderThanMs, signal });
  } catch {
    // As said above.
    signal?.throwIfAborted();
  }
}

/** What goes on after its caller was told: close() waits for it. */
function createBackground(): {
  readonly add: (work: Promise<unknown>) => void;
  readonly settled: () => Promise<void>;
} {
  const running = new Set<Promise<unknown>>();
  return {
    add(work) {
      const run: Promise<unknown> = work.finally(() => running.delete(run));
      running.add(run);
    },
    async settled() {
      await Promise.allSettled(running);
    },
  };
}
