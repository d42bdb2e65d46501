// The capture of a live file, in the keeper.
//
// WAL: a transaction that has read once sees that moment until it ends, and nobody waits for it. The backup API on the same
// connection copies just that, however much is written meanwhile; on any other it would begin anew with each commit.
// Rollback journal: a reader keeps writers from committing, so there the copy is made inside the mark and the lock let go.
import { statSync } from 'node:fs';
import { backup, type DatabaseSync } from 'node:sqlite';
import { failure, yieldToOthers } from '@stillpoint/core';
import { checkFile } from './check-file.ts';
import { journalOf, numberOf, openDatabase, whenFree } from './connection.ts';
import type { CopyOptions, CopyResult, JournalKind } from './keeper-orders.ts';

/** Between two steps of a copy the disk and this process are free for others for a moment. */
const stepBytes = 2 * 1024 * 1024;

export class Reader {
  readonly #file: string;
  readonly #copyTo: string;
  #database: DatabaseSync;
  #inode: number;
  #marked: JournalKind | undefined;

  constructor(file: string, copyTo: string) {
    this.#file = file;
    this.#copyTo = copyTo;
    this.#database = openDatabase(file, 'rw');
    this.#inode = statSync(file).ino;
  }

  /** The first read of a connection costs more than the next: files are opened, the schema is read. */
  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#beginReading(signal);
    this.#database.exec('COMMIT');
  }

  async mark(signal: AbortSignal): Promise<{ readonly pinned: boolean }> {
    this.#followRename();
    await this.#beginReading(signal);
    this.#marked = journalOf(this.#database);
    if (this.#marked === 'wal') return { pinned: true };
    await this.#copy(signal);
    this.#database.exec('COMMIT');
    return { pinned: false };
  }

  async copy({ check, hurry }: CopyOptions, signal: AbortSignal): Promise<CopyResult> {
    if (!hurry) yieldToOthers();
    const liveJournal = this.#marked;
    if (liveJournal === undefined) throw new TypeError('copy() before mark()');
    if (liveJournal === 'wal') {
      await this.#copy(signal);
      // Nothing that was written meanwhile could be moved from the WAL to the file. Who commits next would do all of it at once,
      // and wait: so we do it, and he finds it being done.
      this.#database.exec('COMMIT; PRAGMA wal_checkpoint(PASSIVE)');
    }
    this.close();
    return { ...checkFile(this.#copyTo, check), liveJournal };
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** Programs that save by renaming leave us on the file of before. */
  #followRename(): void {
    const inode = statSync(this.#file, { throwIfNoEntry: false })?.ino;
    if (inode === undefined) throw failure('SQLITE_MISSING', { file: this.#file });
    if (inode === this.#inode) return;
    this.#database.close();
    this.#database = openDatabase(this.#file, 'rw');
    this.#inode = inode;
  }

  #beginReading(signal: AbortSignal): Promise<void> {
    const attempt = (): void => {
      try {
        // Only the first read takes the lock and fixes the moment.
        this.#database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    };
    return whenFree(attempt, { file: this.#file, waitMs: Infinity, signal });
  }

  async #copy(signal: AbortSignal): Promise<void> {
    const pageBytes = numberOf(this.#database, 'page_size');
    const rate = Math.max(1, Math.floor(stepBytes / pageBytes));
    await backup(this.#database, this.#copyTo, { rate, progress: () => signal.throwIfAborted() });
  }
}
