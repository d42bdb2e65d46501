// What the driver, the lock and the address of a source by URL are given.
import type { Clock } from '@stillpoint/core';

/** Where the server is. Throws SOURCE_URL_MISSING: resolved late, so that what needs no server works without. */
export type AddressOf = () => Promise<{ readonly url: string; readonly directUrl?: string }>;

export interface PostgresByUrlOptions {
  readonly name: string;
  /** Of the project: what was made on the server for it is known by this. */
  readonly project: string;
  readonly address: AddressOf;
  /** Directory of pg_dump and pg_restore; undefined: looked for on `searchPath` and where packages put them. */
  readonly programs?: string;
  /** PATH of the process. */
  readonly searchPath: string;
  /** Where a dump lies between pg_dump and the vault; nobody else's. */
  readonly cacheDirectory: string;
  /** Of a project restored from another one into a directory of its own: its database is its own too, named with this. */
  readonly databaseSuffix?: string;
  readonly clock: Clock;
  /** Called between any two steps on the server; the crash tests kill the process there. */
  readonly crashPoint?: (point: string) => void;
}
