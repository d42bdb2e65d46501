// Where a database is opened: by an address, or on a PGlite that is there.
import { DEFAULT_FREEZE_LOCK_KEY } from '@stillpoint/postgres';
import type { Database, OpenDatabaseOptions } from './contract.ts';
import { isPglite, openPgliteDatabase } from './pglite.ts';
import { openPooledDatabase } from './pool.ts';

/**
 * Connects, looks at what is there, and refuses what will not do: DATABASE_UNREACHABLE, DATABASE_LOGIN_REFUSED, DATABASE_MISSING,
 * DATABASE_TOO_OLD, DATABASE_POOLED, DATABASE_ROLE_REFUSED, DATABASE_ADDRESS_INVALID.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const { at, freezeLockKey = DEFAULT_FREEZE_LOCK_KEY, ...rest } = options;
  if (typeof at === 'string') return await openPooledDatabase({ ...rest, at, freezeLockKey });
  if (isPglite(at)) return await openPgliteDatabase({ ...rest, at, freezeLockKey });
  throw new TypeError('`at` is neither an address nor a PGlite');
}
