// Writing a prepared database into the live file by the backup API, in the keeper: one transaction, so that whoever has the
// file open sees all of before or all of after, stays connected, and writes on. A process that dies in the middle leaves a
// journal or WAL that SQLite rolls back.
//
// The live file keeps its journal mode as long as programs have it open: SQLite changes it only for a program that is alone
// with the file. WAL cannot change its page size: then the file leaves WAL for the moment, or the restore is refused.
import { backup, type DatabaseSync } from 'node:sqlite';
import { failure } from '@stillpoint/core';
import { isBusy, journalOf, numberOf, openDatabase } from './connection.ts';
import type { JournalKind } from './keeper-orders.ts';
import type { Placed } from './record.ts';
import { schemaDigestOf } from './schema-digest.ts';
import { usersOf } from './users-of-file.ts';
import type { WriteLock } from './write-lock.ts';

export type PlacedDatabase = Extract<Placed, { kind: 'database' }>;

/** How long readers (rollback mode) and checkpoints may keep us waiting. */
export const busyWithinMs = 30_000;
/** Far less than SQLite's page cache holds: nothing of the first step is in the file when it is asked for its last commit. */
const stepBytes = 512 * 1024;

/** The lock is held before, and after if nobody was faster. Throws SQLITE_CHANGED, SQLITE_BUSY, SQLITE_IN_USE. */
export async function placeContent(
  lock: WriteLock,
  placed: PlacedDatabase,
): Promise<readonly string[]> {
  if (isWal(lock) && numberOf(lock.connection, 'page_size') !== placed.pageBytes) {
    await leaveWal(lock);
  }
  await writeContent(lock, placed);
  // What follows the commit is short, for whoever waits to write waits here.
  const kept = adoptJournal(lock, placed.journal);
  lock.takeBack();
  proveWritten(lock, placed);
  return kept;
}

function isWal({ connection }: WriteLock): boolean {
  return journalOf(connection) === 'wal';
}

async function writeContent(lock: WriteLock, placed: PlacedDatabase): Promise<void> {
  using prepared = openPrepared(placed);
  const startedMs = performance.now();
  const pages = numberOf(prepared, 'page_count');
  const perStep = Math.floor(stepBytes / numberOf(prepared, 'page_size'));
  // The last step commits, so there must be one before it.
  const rate = Math.max(1, Math.min(perStep, pages - 1));
  for (;;) {
    let asked = false;
    const progress = (): void => {
      if (asked) return;
      asked = true;
      if (lock.disturbed()) throw failure('SQLITE_CHANGED', { file: lock.file });
      lock.touch();
    };
    lock.lend();
    try {
      await backup(prepared, lock.file, { rate, progress });
      return;
    } catch (error) {
      const unchanged = await lock.takeBackUnchanged();
      if (!isBusy(error)) throw error;
      if (!unchanged) throw failure('SQLITE_CHANGED', { file: lock.file }, error);
    }
    const waitedMs = Math.round(performance.now() - startedMs);
    if (waitedMs > busyWithinMs) throw failure('SQLITE_BUSY', { file: lock.file, waitedMs });
  }
}

/** A database of one page would be written in a single step, which asks nobody. A free page more changes nothing in it. */
function openPrepared({ file, pages }: PlacedDatabase): DatabaseSync {
  if (pages > 1) return openDatabase(file, 'ro');
  const database = openDatabase(file, 'rw');
  database.exec(`CREATE TABLE IF NOT EXISTS stillpoint_page (unused); DROP TABLE stillpoint_page`);
  return database;
}

/** Needs the file for itself, and then everything of the WAL is in it. */
async function leaveWal(lock: WriteLock): Promise<void> {
  const { file } = lock;
  const before = lock.lendAnew();
  const left = setJournal(lock.connection, 'rollback');
  await lock.regain();
  if (numberOf(lock.connection, 'data_version') !== before) {
    throw failure('SQLITE_CHANGED', { file });
  }
  if (!left) throw failure('SQLITE_IN_USE', { file, who: usersOf(file).join(', ') || 'unknown' });
}

/** The lock is lent. */
function adoptJournal({ connection, file }: WriteLock, journal: JournalKind): readonly string[] {
  if (journalOf(connection) === journal || setJournal(connection, journal)) return [];
  const names = ['WAL', 'a rollback journal'];
  const [was, is] = journal === 'wal' ? names : names.toReversed();
  return [`${file} had ${was} and has ${is} now, because a program has it open`];
}

function setJournal(connection: DatabaseSync, journal: JournalKind): boolean {
  try {
    connection.exec(`PRAGMA journal_mode = ${journal === 'wal' ? 'WAL' : 'DELETE'}`);
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
  return journalOf(connection) === journal;
}

/** Only under the lock: whoever was faster may have changed the schema. */
function proveWritten(lock: WriteLock, { schemaDigest }: PlacedDatabase): void {
  if (lock.state !== 'locked' || schemaDigestOf(lock.connection) === schemaDigest) return;
  const why = 'the schema that was written is not the one that is read back';
  throw failure('SQLITE_KEEPER_FAILED', { file: lock.file, why });
}
