// The capture of a live file, in the keeper.
//
// WAL: a transaction that has read once sees that moment until it ends, and nobody waits for it; its bytes are copied while it
// lasts (raw-copy.ts).
// Rollback journal: a reader keeps writers from committing, so there the copy is made inside the mark and the lock let go.
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { failure, yieldToOthers } from '@stillpoint/core';
import { checkFile } from './check-file.ts';
import { journalOf, numberOf, openDatabase, whenFree } from './connection.ts';
import type { CopyOptions, CopyResult, JournalKind } from './keeper-orders.ts';
import { RawFile, settleCopy, type WalPosition } from './raw-copy.ts';

interface Opened {
  readonly database: DatabaseSync;
  readonly raw: RawFile;
  readonly journal: JournalKind;
  readonly inode: number;
}

interface Marked {
  readonly journal: JournalKind;
  readonly position: WalPosition | undefined;
}

/** Commits that fall into the begin of our transaction, where nobody keeps the writers still: it is begun again. */
const quietTries = 20;

export class Reader {
  readonly #file: string;
  readonly #copyTo: string;
  #opened: Opened;
  #marked: Marked | undefined;

  private constructor(file: string, copyTo: string, opened: Opened) {
    this.#file = file;
    this.#copyTo = copyTo;
    this.#opened = opened;
  }

  static async open(file: string, copyTo: string, signal: AbortSignal): Promise<Reader> {
    return new Reader(file, copyTo, await open(file, signal));
  }

  /** The first read of a connection costs more than the next: files are opened, the schema is read. */
  async warmUp(signal: AbortSignal): Promise<void> {
    await this.#beginReading(signal);
    this.#opened.database.exec('COMMIT');
  }

  async mark(signal: AbortSignal): Promise<{ readonly pinned: boolean }> {
    await this.#followChanges(signal);
    const position = await this.#beginAtCommit(signal);
    this.#marked = { journal: this.#opened.journal, position };
    if (this.#opened.journal === 'wal') return { pinned: true };
    await this.#copy(signal);
    this.#opened.database.exec('COMMIT');
    return { pinned: false };
  }

  async copy({ check, hurry }: CopyOptions, signal: AbortSignal): Promise<CopyResult> {
    if (!hurry) yieldToOthers();
    if (this.#marked === undefined) throw new TypeError('copy() before mark()');
    const { journal: liveJournal } = this.#marked;
    if (liveJournal === 'wal') {
      await this.#copy(signal);
      // Nothing that was written meanwhile could be moved from the WAL to the file. Who commits next would do all of it at once,
      // and wait: so we do it, and he finds it being done.
      this.#opened.database.exec('COMMIT; PRAGMA wal_checkpoint(PASSIVE)');
    }
    this.close();
    settleCopy(this.#copyTo);
    return { ...checkFile(this.#copyTo, check), liveJournal };
  }

  close(): void {
    if (this.#opened.database.isOpen) this.#opened.database.close();
    this.#opened.raw.close();
  }

  /** Programs that save by renaming leave us on the file of before; others change the journal mode. */
  async #followChanges(signal: AbortSignal): Promise<void> {
    const { database, journal, inode } = this.#opened;
    const now = statSync(this.#file, { throwIfNoEntry: false })?.ino;
    if (now === undefined) throw failure('SQLITE_MISSING', { file: this.#file });
    const file = this.#file;
    const found = await whenFree(() => journalOf(database), { file, waitMs: Infinity, signal });
    if (now === inode && found === journal) return;
    this.close();
    this.#opened = await open(file, signal);
  }

  /** The transaction, begun at a commit that is known. */
  async #beginAtCommit(signal: AbortSignal): Promise<WalPosition | undefined> {
    const { database, raw, journal } = this.#opened;
    for (let tries = 1; ; tries += 1) {
      const before = raw.position();
      await this.#beginReading(signal);
      if (journal !== 'wal') return undefined;
      const after = raw.position();
      // Where commits never pause, what we take is that of a moment later, and whole.
      if (after !== undefined && (before?.header.equals(after.header) || tries >= quietTries)) {
        return after;
      }
      database.exec('ROLLBACK');
    }
  }

  #beginReading(signal: AbortSignal): Promise<void> {
    const { database } = this.#opened;
    const attempt = (): void => {
      try {
        // Only the first read takes the lock and fixes the moment.
        database.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    };
    return whenFree(attempt, { file: this.#file, waitMs: Infinity, signal });
  }

  async #copy(signal: AbortSignal): Promise<void> {
    const { database, raw } = this.#opened;
    const pageBytes = numberOf(database, 'page_size');
    await raw.copyTo(this.#copyTo, { position: this.#marked?.position, pageBytes }, signal);
  }
}

async function open(file: string, signal: AbortSignal): Promise<Opened> {
  const database = openDatabase(file, 'rw');
  try {
    const { ino: inode } = statSync(file);
    const look = (): JournalKind => {
      // In WAL mode the companions are there once something was read.
      database.exec('SELECT count(*) FROM sqlite_schema');
      return journalOf(database);
    };
    const journal = await whenFree(look, { file, waitMs: Infinity, signal });
    return { database, raw: new RawFile(file, journal), journal, inode };
  } catch (error) {
    database.close();
    throw error;
  }
}
