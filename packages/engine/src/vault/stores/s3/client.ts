// The AWS SDK behind one function. It is imported when the first request is made: a command whose vault is a directory does not
// load it. It repeats nothing by itself: that is retry.ts, for every store the same.
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { failure, isFailure, s3ClientSettings, systemClock } from '@stillpoint/core';
import type { StoreKey } from '../../contract.ts';
import type { S3Address } from './address.ts';
import { s3Error, type S3Doing } from './errors.ts';
import type { S3Place } from './place.ts';

export type Sdk = typeof import('@aws-sdk/client-s3');

export interface S3ClientOptions {
  /** Undefined: the standard chain of environment, profiles, roles. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
    readonly expiration?: Date;
  };
  /** A connection on which nothing happens for so long is given up. */
  readonly idleMs?: number;
}

export interface S3Call {
  readonly operation: S3Doing['operation'];
  readonly key: StoreKey;
  readonly signal?: AbortSignal | undefined;
}

export interface S3Connection {
  readonly sdk: Sdk;
  readonly client: S3Client;
}

export interface S3Caller {
  /** Does it, and tells what fails as an error of the catalogue, or as the signal's reason. */
  call<T>(call: S3Call, work: (connection: S3Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** A pack's upload and the reads of a restore at the same time; each connection costs memory on both sides. */
const CONNECTIONS = 32;

export function createS3Caller(
  { bucket, vault }: S3Place,
  address: S3Address,
  options: S3ClientOptions = {},
): S3Caller {
  let opening: Promise<S3Connection> | undefined;
  return {
    async call({ operation, key, signal }, work) {
      signal?.throwIfAborted();
      try {
        opening ??= connect(address, options).catch((error: unknown) => {
          opening = undefined;
          throw error;
        });
        return await work(await opening);
      } catch (error) {
        signal?.throwIfAborted();
        const told = s3Error(error, { vault, bucket, operation, key: key || 'objects' });
        throw (await expiredInstead(told, vault, opening)) ?? told;
      }
    },
    async close() {
      const connection = await opening?.catch(() => undefined);
      connection?.client.destroy();
    },
  };
}

/** Not every server tells a session that is over from one that may not: Ceph's says "denied" to both. */
async function expiredInstead(
  told: unknown,
  vault: string,
  opening: Promise<S3Connection> | undefined,
): Promise<Error | undefined> {
  if (!isFailure(told, 'S3_ACCESS_DENIED')) return undefined;
  const connection = await opening;
  const expiration = (await connection?.client.config.credentials())?.expiration;
  if (expiration === undefined || expiration > systemClock.now()) return undefined;
  const reason = `they ended at ${expiration.toISOString()}`;
  return failure('S3_CREDENTIALS_EXPIRED', { vault, reason }, told);
}

async function connect(address: S3Address, options: S3ClientOptions): Promise<S3Connection> {
  const sdk = await import('@aws-sdk/client-s3');
  const { requestHandler, ...settings } = await s3ClientSettings(sdk, address, options.idleMs);
  const calculation = address.checksums === 'always' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  const config: S3ClientConfig = {
    ...settings,
    maxAttempts: 1,
    requestChecksumCalculation: calculation,
    // Its wait for leave to send opens a connection for each object, and is longer than sending.
    expectContinueHeader: false,
    requestHandler: {
      ...requestHandler,
      logger: quiet,
      httpAgent: { maxSockets: CONNECTIONS },
      httpsAgent: { maxSockets: CONNECTIONS },
    },
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  };
  return { sdk, client: new sdk.S3Client(config) };
}

/** It would write to the terminal that requests wait for a connection, which is what the bound is for. */
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
