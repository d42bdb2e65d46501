// Why a server does not let us in, in the words of the catalogue; never with the address.
import { failure, isFailure } from '@stillpoint/core';
import { placeOf, whyRefused, type ServerAddress } from '@stillpoint/postgres';

export const OLDEST_VERSION = 150_000;

export function refusalOf(error: unknown, address: ServerAddress): Error {
  if (isFailure(error)) return error;
  const { why, reason } = whyRefused(error);
  const { user, database } = address;
  const where = placeOf(address);
  if (why === 'pooled') return failure('DATABASE_POOLED', { where, reason }, error);
  if (why === 'database missing') return failure('DATABASE_MISSING', { database, where }, error);
  if (why === 'login refused')
    return failure('DATABASE_LOGIN_REFUSED', { user, where, reason }, error);
  return failure('DATABASE_UNREACHABLE', { where, reason }, error);
}

/** 180004 is '18.4'. DATABASE_TOO_OLD. */
export function refuseOld(version: number, where: string): void {
  if (version >= OLDEST_VERSION) return;
  const text = `${Math.floor(version / 10_000)}.${version % 10_000}`;
  throw failure('DATABASE_TOO_OLD', { where, version: text });
}
