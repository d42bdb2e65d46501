// An object in parts. Until the upload is completed nobody sees it; one that is not completed is ended, so that its parts cost nothing.
// Uploads whose process died are ended by the next writer.
import type { CompletedPart } from '@aws-sdk/client-s3';
import { forEachConcurrently } from '../../flow.ts';
import type { S3Connection } from './client.ts';
import { abortable, type S3Object, type S3Place } from './place.ts';

/** Enough to fill a fast line, small enough that a cut connection costs little. Servers want 5 MiB at least. */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 4;
const MAX_PARTS = 10_000;
/** Nobody waits longer for a line that is broken; what stays is ended by a later writer. */
const END_MS = 5000;

export interface Upload {
  readonly object: S3Object & { readonly ChecksumAlgorithm?: 'CRC32' };
  readonly content: Uint8Array;
  readonly condition: { readonly IfNoneMatch?: string };
  readonly signal: AbortSignal | undefined;
}

/** `background` takes the end of an upload that failed: whoever aborted does not wait for it. */
export async function putInParts(
  connection: S3Connection,
  { object, content, condition, signal }: Upload,
  background: (work: Promise<unknown>) => void,
): Promise<void> {
  const { sdk, client } = connection;
  const create = new sdk.CreateMultipartUploadCommand(object);
  const { UploadId } = await client.send(create, abortable(signal));
  const upload = { ...object, UploadId };
  try {
    const Parts = await sendParts(connection, upload, content, signal);
    const complete = { ...upload, ...condition, MultipartUpload: { Parts } };
    await client.send(new sdk.CompleteMultipartUploadCommand(complete), abortable(signal));
  } catch (error) {
    const end = new sdk.AbortMultipartUploadCommand(upload);
    const limit = { abortSignal: AbortSignal.timeout(END_MS) };
    background(client.send(end, limit).catch(() => {}));
    throw error;
  }
}

async function sendParts(
  { sdk, client }: S3Connection,
  upload: Upload['object'] & { readonly UploadId: string | undefined },
  content: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<CompletedPart[]> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(content.length / MAX_PARTS));
  const numbers = Array.from({ length: Math.ceil(content.length / partBytes) }, (_, n) => n + 1);
  const parts: CompletedPart[] = [];
  await forEachConcurrently(numbers, PARTS_AT_ONCE, async (PartNumber) => {
    const Body = content.subarray((PartNumber - 1) * partBytes, PartNumber * partBytes);
    const part = new sdk.UploadPartCommand({ ...upload, PartNumber, Body });
    const { ETag, ChecksumCRC32 } = await client.send(part, abortable(signal));
    parts[PartNumber - 1] = { PartNumber, ETag, ChecksumCRC32 };
  });
  return parts;
}

export interface Sweep {
  /** By the server's clock. */
  readonly now: Date;
  readonly olderThanMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Ends uploads below the prefix that began long ago. One of a living writer cannot be told from one of a dead writer; but to end the
 * former costs its writer an error and a second try, never data: its object was not there yet. So age may decide here, by
 * the server's clock on both sides.
 */
export async function endAbandonedUploads(
  { sdk, client }: S3Connection,
  { bucket: Bucket, prefix: Prefix }: S3Place,
  { now, olderThanMs, signal }: Sweep,
): Promise<void> {
  let from: { readonly KeyMarker?: string; readonly UploadIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await client.send(
      new sdk.ListMultipartUploadsCommand({ Bucket, Prefix, ...from }),
      abortable(signal),
    );
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      const ageMs = Initiated === undefined ? 0 : now.getTime() - Initiated.getTime();
      if (Initiated === undefined || ageMs < olderThanMs) continue;
      const end = new sdk.AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      await client.send(end, abortable(signal));
    }
    if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return;
    from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}
