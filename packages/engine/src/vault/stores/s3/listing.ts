// What is in a bucket below a prefix, page by page. A listing that misses something would make snapshots invisible, so what cannot be a whole
// listing in order is an error.
import type { _Object } from '@aws-sdk/client-s3';
import { failure, type StillpointError } from '@stillpoint/core';
import type { StoreKey } from '../../contract.ts';
import { isStoreKey } from '../store-key.ts';
import type { S3Caller } from './client.ts';
import { abortable, type S3Place } from './place.ts';

interface Below {
  readonly prefix: string;
  readonly signal: AbortSignal | undefined;
}

/** Names that no store has made are passed over. */
export async function* listBucket(
  caller: S3Caller,
  place: S3Place,
  below: Below,
): AsyncGenerator<{ readonly key: StoreKey; readonly bytes: number }> {
  const { prefix } = below;
  let previous = '';
  for await (const { Key, Size } of listPages(caller, place, below)) {
    if (Key === undefined || Size === undefined || !Key.startsWith(place.prefix + prefix)) {
      throw strange(place, prefix, 'an entry of it has no name, no size or another prefix');
    }
    if (Key <= previous) throw strange(place, prefix, 'it is not in the order of the names');
    previous = Key;
    const key = Key.slice(place.prefix.length);
    if (isStoreKey(key)) yield { key, bytes: Size };
  }
}

async function* listPages(
  caller: S3Caller,
  place: S3Place,
  { prefix, signal }: Below,
): AsyncGenerator<_Object> {
  const asked = { Bucket: place.bucket, Prefix: place.prefix + prefix };
  let token: string | undefined;
  do {
    const from = token === undefined ? {} : { ContinuationToken: token };
    const page = await caller.call({ operation: 'list', key: prefix, signal }, (connection) => {
      const { sdk, client } = connection;
      return client.send(new sdk.ListObjectsV2Command({ ...asked, ...from }), abortable(signal));
    });
    // What is no answer of S3 but can be read as one has no name of a bucket in it.
    if (page.Name !== place.bucket) throw strange(place, prefix, 'it is of no bucket of that name');
    yield* page.Contents ?? [];
    const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    if (page.IsTruncated === true && (next === undefined || next === token)) {
      throw strange(place, prefix, 'it goes on, but does not say where');
    }
    token = next;
  } while (token !== undefined);
}

function strange({ vault }: S3Place, prefix: string, what: string): StillpointError {
  const reason = `the listing cannot be right: ${what}`;
  return failure('S3_SERVER_FAILED', { vault, operation: 'list', key: prefix, reason });
}
