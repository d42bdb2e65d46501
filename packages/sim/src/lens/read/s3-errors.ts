// What an answer of an S3 server, or the lack of one, means for whoever reads a lens.
import { failure, isFailure } from '@stillpoint/core';

export interface S3Asked {
  readonly place: string;
  readonly bucket: string;
  readonly what: string;
}

/** The shape of the SDK's errors, as far as it can be relied on. */
interface SdkError extends Error {
  readonly Code?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** A file that is not there has the code ENOENT, as in a directory: it may have been pruned or merged since it was listed. */
export function s3Failure(error: unknown, { place, bucket, what }: S3Asked): unknown {
  if (isFailure(error) || !(error instanceof Error)) return error;
  const { Code, name: plainName, message, code, $metadata } = error as SdkError;
  const name = Code ?? plainName;
  const status = $metadata?.httpStatusCode;
  const reason = `${message === name ? '' : `${message} `}(${[name, status].filter((one) => one !== undefined).join(', ')})`;
  if (name === 'NoSuchBucket') return failure('LENS_S3_BUCKET_MISSING', { bucket, place }, error);
  if (name === 'NoSuchKey' || status === 404)
    return Object.assign(new Error(`${what} is not there`, { cause: error }), { code: 'ENOENT' });
  if (name === 'PreconditionFailed' || status === 412 || status === 416)
    return failure('LENS_PLACE_CHANGED', { what: `s3://${bucket}/${what}` }, error);
  if (name.startsWith('CredentialsProvider'))
    return failure('LENS_S3_CREDENTIALS_MISSING', { place, reason: message }, error);
  if (status !== undefined && status < 500)
    return failure(
      'LENS_S3_REFUSED',
      { place, what: what === '' ? 'a listing' : what, reason },
      error,
    );
  const network = code === undefined || code === name ? reason : `${message} (${code})`;
  return failure('LENS_PLACE_UNREACHABLE', { what: place, reason: network }, error);
}
