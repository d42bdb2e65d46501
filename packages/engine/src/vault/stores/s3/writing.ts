// How an object gets into a bucket: in one request or in parts, on condition that it is not there, and the trial before a vault is written.
import { failure } from '@stillpoint/core';
import type { PutOptions, StoreKey } from '../../contract.ts';
import { TEMPORARY_PART } from '../store-key.ts';
import type { S3Connection } from './client.ts';
import { statusOf } from './errors.ts';
import { putInParts } from './multipart.ts';
import { abortable, objectAt, type S3Place } from './place.ts';

export interface Writing {
  readonly connection: S3Connection;
  readonly place: S3Place;
  /** Above it an object is sent in parts. */
  readonly singlePutBytes: number;
  /** Takes what goes on after the caller was told. */
  readonly background: (work: Promise<unknown>) => void;
}

/** Rejects with OBJECT_EXISTS, or with what the SDK rejects with. */
export async function putObject(
  writing: Writing,
  key: StoreKey,
  content: Uint8Array,
  options: PutOptions = {},
): Promise<void> {
  try {
    await send(writing, key, content, options);
  } catch (error) {
    const refused = options.ifAbsent === true && isRefused(error);
    if (
      refused &&
      options.signal?.aborted !== true &&
      (await isThere(writing, key, options.signal))
    ) {
      throw failure('OBJECT_EXISTS', { vault: writing.place.vault, key }, error);
    }
    throw error;
  }
}

/** Where leftovers of other stores lie, too: no key of a vault, and in no listing. */
export const TRIAL_KEY = `${TEMPORARY_PART}/trial`;

/**
 * Writes an object, and again on condition that it is absent. That must be refused: a server that ignores the condition would let two
 * writers win, and a web server that takes everything for fine is no S3. The object stays, for it may be that nothing may be deleted.
 */
export async function tryToWrite(writing: Writing, signal: AbortSignal | undefined): Promise<void> {
  const content = Buffer.from('Stillpoint tries whether it can write here.\n');
  await send(writing, TRIAL_KEY, content, { signal });
  try {
    await send(writing, TRIAL_KEY, content, { ifAbsent: true, signal });
  } catch (error) {
    if (isRefused(error)) return;
    throw error;
  }
  const { vault } = writing.place;
  const reason = 'it replaces an object although it was told not to (If-None-Match)';
  throw failure('S3_NOT_SUPPORTED', { vault, operation: 'write', reason });
}

async function send(
  writing: Writing,
  key: StoreKey,
  content: Uint8Array,
  { ifAbsent = false, signal }: PutOptions,
): Promise<void> {
  const { connection, place, background } = writing;
  const condition = ifAbsent ? { IfNoneMatch: '*' } : {};
  const object = { ...objectAt(place, key), ...place.checksum };
  if (content.length > writing.singlePutBytes) {
    await putInParts(connection, { object, content, condition, signal }, background);
    return;
  }
  const body = { Body: content, ContentLength: content.length };
  const put = new connection.sdk.PutObjectCommand({ ...object, ...body, ...condition });
  await connection.client.send(put, abortable(signal));
}

/** 412: it is there. 409: somebody else is about to put or delete it. Who has won is seen by looking. */
function isRefused(error: unknown): boolean {
  return statusOf(error) === 412 || statusOf(error) === 409;
}

async function isThere(
  { connection, place }: Writing,
  key: StoreKey,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const head = new connection.sdk.HeadObjectCommand(objectAt(place, key));
  try {
    await connection.client.send(head, abortable(signal));
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}
