// Databases on somebody else's server, by URL: an exported snapshot, pg_dump and pg_restore, swapped by renames.
import type { Clock, Json } from '@stillpoint/core';
import type { Participant } from '../../../freeze/contract.ts';
import type { ObjectSource, SourceDriver, StreamRef } from '../../contract.ts';

/** Where the server is. Throws SOURCE_URL_MISSING: resolved late, so that what needs no server works without. */
export type AddressOf = () => Promise<{ readonly url: string; readonly directUrl?: string }>;

export interface PostgresByUrlOptions {
  readonly name: string;
  readonly address: AddressOf;
  /** Directory of pg_dump and pg_restore; undefined: looked for on `searchPath` and where Debian keeps them. */
  readonly programs?: string;
  /** PATH of the process. */
  readonly searchPath: string;
  /** Of a project restored from another one into a directory of its own: its database is its own too, named with this. */
  readonly databaseSuffix?: string;
  readonly clock: Clock;
}

export function createPostgresByUrlDriver(_options: PostgresByUrlOptions): SourceDriver {
  throw new TypeError('not built yet');
}

export interface UrlLockOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  readonly key: bigint;
  readonly address: AddressOf;
  readonly databaseSuffix?: string;
}

export function createUrlLockParticipant(_options: UrlLockOptions): Participant {
  throw new TypeError('not built yet');
}

/** The address that programs get, with `databaseSuffix` applied. */
export function applicationUrl(_options: {
  readonly address: AddressOf;
  readonly databaseSuffix?: string;
}): Promise<string> {
  throw new TypeError('not built yet');
}

export function postgresByUrlReferences(
  _record: Json,
  _source: ObjectSource,
): AsyncIterable<StreamRef> {
  throw new TypeError('not built yet');
}
