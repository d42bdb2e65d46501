// How an object, or a range of it, comes out of a bucket: as long as it was said to be, or not at all.
import type { Readable } from 'node:stream';
import { failure } from '@stillpoint/core';
import type { GetOptions, StoreKey } from '../../contract.ts';
import type { S3Connection } from './client.ts';
import { nameOf, statusOf } from './errors.ts';
import { abortable, objectAt, type S3Place } from './place.ts';

/** Rejects with what the SDK rejects with, or with S3_UNREACHABLE when the answer was cut short. */
export async function readObject(
  connection: S3Connection,
  place: S3Place,
  key: StoreKey,
  { range, signal }: GetOptions,
): Promise<Uint8Array> {
  // S3 knows no empty range: one byte is asked for instead, to see that the object is there.
  const first = range?.offset ?? 0;
  const last = first + Math.max(range?.bytes ?? 0, 1) - 1;
  const ranged = range === undefined ? {} : { Range: `bytes=${first}-${last}` };
  const get = new connection.sdk.GetObjectCommand({ ...objectAt(place, key), ...ranged });
  try {
    const answer = await connection.client.send(get, abortable(signal));
    const content = await collect(answer.Body as Readable, answer.ContentLength, place, key);
    if (range === undefined) return content;
    // A server that ignores the range gives everything.
    const start = answer.ContentRange === undefined ? range.offset : 0;
    return content.subarray(start, start + range.bytes);
  } catch (error) {
    // The range begins behind the end. An object of no bytes has no other ranges.
    if (range !== undefined && isBehindTheEnd(error)) return new Uint8Array(0);
    throw error;
  }
}

function isBehindTheEnd(error: unknown): boolean {
  return statusOf(error) === 416 || nameOf(error) === 'InvalidRange';
}

async function collect(
  body: Readable,
  announcedBytes: number | undefined,
  { vault }: S3Place,
  key: StoreKey,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    bytes += piece.length;
  }
  if (announcedBytes !== undefined && bytes !== announcedBytes) {
    const reason = `${bytes} of ${announcedBytes} bytes came`;
    throw failure('S3_UNREACHABLE', { vault, operation: 'read', key, reason });
  }
  return Buffer.concat(pieces, bytes);
}

interface Looking {
  /** False: it may be the bucket that is not there. An answer to HEAD has no words. */
  readonly bucketSeen: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Undefined: it is not there. */
export async function statObject(
  { sdk, client }: S3Connection,
  place: S3Place,
  key: StoreKey,
  { bucketSeen, signal }: Looking,
): Promise<{ readonly bytes: number } | undefined> {
  try {
    const head = new sdk.HeadObjectCommand(objectAt(place, key));
    const { ContentLength } = await client.send(head, abortable(signal));
    return ContentLength === undefined ? undefined : { bytes: ContentLength };
  } catch (error) {
    const absent = statusOf(error) === 404;
    if (absent && bucketSeen) return undefined;
    // A listing of the same key rejects with what is wrong, or shows that only the object is absent.
    const { bucket: Bucket, prefix } = place;
    const list = new sdk.ListObjectsV2Command({ Bucket, Prefix: prefix + key, MaxKeys: 1 });
    await client.send(list, abortable(signal));
    if (absent) return undefined;
    throw error;
  }
}
