// Why a server does not let us in, in the words of the catalogue; never with the address.
import { failure, isFailure } from '@stillpoint/core';
import { placeOf, type ServerAddress } from '@stillpoint/postgres';

export const OLDEST_VERSION = 150_000;

export function refusalOf(error: unknown, address: ServerAddress): Error {
  if (isFailure(error)) return error;
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  const reason = message || code || 'no answer';
  const { user, database } = address;
  const where = placeOf(address);
  // PgBouncer has one code for everything.
  if (/unsupported startup parameter|statement pooling/.test(reason))
    return failure('DATABASE_POOLED', { where, reason }, error);
  if (code === '3D000' || reason.startsWith('no such database'))
    return failure('DATABASE_MISSING', { database, where }, error);
  // 42501: the role may not connect to this database.
  if (
    code === '42501' ||
    code?.startsWith('28') === true ||
    /authentication failed|SASL|no such user/.test(reason)
  )
    return failure('DATABASE_LOGIN_REFUSED', { user, where, reason }, error);
  return failure('DATABASE_UNREACHABLE', { where, reason }, error);
}

/** 180004 is '18.4'. DATABASE_TOO_OLD. */
export function refuseOld(version: number, where: string): void {
  if (version >= OLDEST_VERSION) return;
  const text = `${Math.floor(version / 10_000)}.${version % 10_000}`;
  throw failure('DATABASE_TOO_OLD', { where, version: text });
}
