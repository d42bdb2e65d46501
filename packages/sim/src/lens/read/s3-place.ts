// The directory of a run in a bucket, read by range requests. The AWS SDK finds credentials, signs, and asks again where it helps.
import type { S3Client } from '@aws-sdk/client-s3';
import { s3ClientSettings } from '@stillpoint/core';
import type { Readable } from 'node:stream';
import { optionalPeer } from '../../optional-peer.ts';
import type { LensPlace } from './contract.ts';
import { farSource, type FarBytes, type FarRange } from './far-source.ts';
import { parseS3Address, s3AddressText, type LensS3Address } from './s3-address.ts';
import { s3Failure } from './s3-errors.ts';

type Sdk = typeof import('@aws-sdk/client-s3');

export interface S3PlaceOptions {
  /** Of yours, which stays open; else one is made of the address and the environment, as every program for S3 does. */
  readonly client?: S3Client;
}

/** What is below a prefix of a bucket. */
export interface S3Directory {
  readonly address: LensS3Address;
  /** Names of files and of directories in it. */
  list(
    prefix: string,
    signal?: AbortSignal,
  ): Promise<{
    readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
    readonly directories: readonly string[];
  }>;
  /** The files of a directory. */
  place(prefix: string): LensPlace;
}

const ATTEMPTS = 4;

/** `s3://bucket/prefix/run`, with the parameters of a vault's address. Throws SIM_PEER_MISSING, LENS_S3_ADDRESS_INVALID. */
export async function s3Place(address: string, options: S3PlaceOptions = {}): Promise<LensPlace> {
  const directory = await openS3(address, options);
  return directory.place(directory.address.prefix);
}

export async function openS3(
  text: string,
  { client: given }: S3PlaceOptions = {},
): Promise<S3Directory> {
  const address = parseS3Address(text);
  const sdk = await optionalPeer(
    '@aws-sdk/client-s3',
    'Reading a lens from S3',
    () => import('@aws-sdk/client-s3') as Promise<Sdk>,
  );
  const client =
    given ?? new sdk.S3Client({ ...(await s3ClientSettings(sdk, address)), maxAttempts: ATTEMPTS });
  const { bucket: Bucket } = address;
  const asked = async <T>(
    what: string,
    work: () => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      throw s3Failure(error, { place: s3AddressText(address, ''), bucket: Bucket, what });
    }
  };

  const list: S3Directory['list'] = async (prefix, signal) => {
    const below = prefix === '' ? '' : `${prefix}/`;
    const files: { readonly name: string; readonly sizeBytes: number }[] = [];
    const directories: string[] = [];
    let token: string | undefined;
    do {
      const from = token === undefined ? {} : { ContinuationToken: token };
      const page = await asked(
        below,
        async () =>
          await client.send(
            new sdk.ListObjectsV2Command({ Bucket, Prefix: below, Delimiter: '/', ...from }),
            abortable(signal),
          ),
        signal,
      );
      for (const { Key, Size = 0 } of page.Contents ?? [])
        if (Key !== below) files.push({ name: Key!.slice(below.length), sizeBytes: Size });
      for (const { Prefix } of page.CommonPrefixes ?? [])
        directories.push(Prefix!.slice(below.length, -1));
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return { files, directories };
  };

  const readRange = async (
    Key: string,
    range: FarRange,
    signal?: AbortSignal,
  ): Promise<FarBytes> => {
    const isEnd = 'lastBytes' in range;
    const Range = isEnd
      ? `bytes=-${range.lastBytes}`
      : `bytes=${range.offsetBytes}-${range.offsetBytes + range.lengthBytes - 1}`;
    const match = isEnd || range.version === undefined ? {} : { IfMatch: range.version };
    return await asked(
      Key,
      async () => {
        const get = new sdk.GetObjectCommand({ Bucket, Key, Range, ...match });
        const { Body, ContentRange, ETag } = await client.send(get, abortable(signal));
        const found = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '');
        const [from, to, sizeBytes] = (found?.slice(1) ?? []).map(Number);
        const body = Body as Readable;
        if (found === null || !(isEnd || from === range.offsetBytes)) {
          // It sends all of it, which may be more than there is memory.
          body.destroy();
          throw new Error('the server does not answer range requests');
        }
        const bytes = await collected(body);
        if (bytes.length !== to! - from! + 1) throw new Error('the server sent another length');
        return { bytes, sizeBytes: sizeBytes!, version: ETag };
      },
      signal,
    );
  };

  return {
    address,
    list,
    place(prefix) {
      return {
        name: s3AddressText(address, prefix),
        list: async (signal) => (await list(prefix, signal)).files.map(({ name }) => name),
        open: async (name, signal) => {
          const key = prefix === '' ? name : `${prefix}/${name}`;
          return await farSource(
            `s3://${Bucket}/${key}`,
            async (range, signal) => await readRange(key, range, signal),
            signal,
          );
        },
      };
    },
  };
}

async function collected(body: Readable): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(piece);
  // A memory of its own, and not a view of what others share.
  return new Uint8Array(Buffer.concat(pieces));
}

function abortable(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
