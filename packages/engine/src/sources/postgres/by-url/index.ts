// Databases on somebody else's server, by URL: an exported snapshot, pg_dump and pg_restore, swapped by renames.
import { addressForPrograms } from './address.ts';
import type { AddressOf } from './options.ts';

export { createPostgresByUrlDriver } from './driver.ts';
export { createUrlLockParticipant, createUrlParticipant, type UrlLockOptions } from './lock.ts';
export type { AddressOf, PostgresByUrlOptions } from './options.ts';
export { postgresByUrlReferences } from './record.ts';

/** The address that programs get, with `databaseSuffix` applied. */
export async function applicationUrl(options: {
  readonly address: AddressOf;
  readonly databaseSuffix?: string;
}): Promise<string> {
  const { url } = await options.address();
  return addressForPrograms(url, options.databaseSuffix);
}
