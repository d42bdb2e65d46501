// What the gate and `diff` see of a SQLite file: live, or as captured. Views read in our own process, through SQLite alone: see
// keeper-process.ts for why nothing here may open and close the live file in another way.
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { failure, isFailure } from '@stillpoint/core';
import type { DatabaseAccess, DatabaseSet } from '../contract.ts';
import { isForeign, openDatabase } from './connection.ts';
import { findHold } from './held-files.ts';
import { askOnce, startKeeper } from './keeper.ts';
import { parsePlaced } from './record.ts';
import { examineFile, inspectFile } from './refusals.ts';
import { prepare } from './restore.ts';
import { createSqliteView, type SqliteViewOptions } from './view/index.ts';

/** A writer that just commits is waited for. */
const busyTimeoutMs = 2000;

export function createDatabaseAccess(file: string): DatabaseAccess {
  return {
    async live(signal) {
      await examineFile(file);
      await refuseForeign(file, signal);
      return open(file, {
        name: file,
        signal,
        writeStamp: (stamp) => writeStamp(file, stamp),
      });
    },
    async captured(record, options) {
      const directory = path.join(options.workDirectory, 'sqlite-view');
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
      try {
        const placed = parsePlaced(await prepare(record, { ...options, workDirectory: directory }));
        const { signal } = options;
        return open(placed.file, { name: file, signal }, remove);
      } catch (error) {
        await remove();
        throw error;
      }
    },
  };
}

/** By a keeper: see connection.ts. */
async function refuseForeign(file: string, signal: AbortSignal): Promise<void> {
  await using keeper = startKeeper(file);
  const found = await inspectFile(keeper, file, signal);
  if (found.kind === 'foreign') throw failure('SQLITE_NOT_A_DATABASE', { file, why: found.why });
}

function open(
  file: string,
  options: Omit<SqliteViewOptions, 'database'>,
  cleanUp: () => Promise<void> = async () => {},
): DatabaseSet {
  const database = openDatabase(
    file,
    options.writeStamp === undefined ? 'ro' : 'rw',
    busyTimeoutMs,
  );
  try {
    // What an application put into its schema must not run with the rights of whoever looks.
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA query_only = ON');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
  } catch (error) {
    database.close();
    if (!isForeign(error)) throw error;
    const why = (error as Error).message;
    throw failure('SQLITE_NOT_A_DATABASE', { file: options.name, why }, error);
  }
  return {
    databases: [createSqliteView({ ...options, database })],
    async [Symbol.asyncDispose]() {
      if (database.isOpen) database.close();
      await cleanUp();
    },
  };
}

/** By the keeper: within a restore that is who has the file's write lock. Throws STAMP_NOT_WRITABLE. */
async function writeStamp(file: string, stamp: string): Promise<void> {
  try {
    const hold = findHold(file);
    if (hold === undefined) await askOnce(file, 'stamp', { file, stamp });
    else await hold.stamp(stamp);
  } catch (error) {
    if (!isFailure(error)) throw error;
    throw failure('STAMP_NOT_WRITABLE', { database: file, reason: reasonOf(error.message) }, error);
  }
}

/** As part of a sentence. */
function reasonOf(message: string): string {
  return message.replace(/\.$/, '');
}
