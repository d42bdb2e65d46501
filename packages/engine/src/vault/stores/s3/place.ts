// A bucket and the prefix below which a vault keeps its objects there.
import type { StoreKey } from '../../contract.ts';
import { s3AddressText, type S3Address } from './address.ts';

export interface S3Place {
  readonly bucket: string;
  readonly prefix: string;
  /** As errors call it. */
  readonly vault: string;
  /**
   * What each object is sent with: CRC32, which Node computes natively. The server compares it before it keeps the object, and keeps it too;
   * SHA-256 of the same bytes is in the signature already.
   */
  readonly checksum: { readonly ChecksumAlgorithm?: 'CRC32' };
}

export interface S3Object {
  readonly Bucket: string;
  readonly Key: string;
}

export function placeOf(address: S3Address): S3Place {
  const { bucket, prefix, checksums } = address;
  const checksum = checksums === 'always' ? { ChecksumAlgorithm: 'CRC32' as const } : {};
  return { bucket, prefix, vault: s3AddressText(address), checksum };
}

export function objectAt({ bucket, prefix }: S3Place, key: StoreKey): S3Object {
  return { Bucket: bucket, Key: prefix + key };
}

/** The SDK's name for a signal, if there is one. */
export function abortable(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
