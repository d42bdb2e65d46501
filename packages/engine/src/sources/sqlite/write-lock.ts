// SQLite's write lock on one file, in the keeper: a transaction that was begun to write and never does. In either journal
// mode others go on reading and nobody can commit. The kernel ends it with this process, its own timer at its limit.
//
// To place a state into the file (place-content.ts) the lock is lent to another connection of ours, for the backup API opens
// its own. Between our letting go and its taking hold a stranger may commit. That is not prevented but found out, by
// disturbed(), while the borrower has the lock and has committed nothing: then it gives up, and nothing was overwritten.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { failure } from '@stillpoint/core';
import {
  isBusy,
  isForeign,
  isForeignFile,
  isGone,
  journalOf,
  numberOf,
  openDatabase,
} from './connection.ts';
import type { JournalKind, Locked } from './keeper-orders.ts';

/** Waiting for it keeps nobody from writing: there is no queue. So tries may follow each other closely. */
const pauseMs = { first: 1, longest: 10 };
const commitWithinMs = 2000;
const takeBackWithinMs = 30_000;
/** In the header of the file; a rollback-mode writer raises it with every commit. */
const changeCounterAt = 24;

interface Opened {
  readonly database: DatabaseSync;
  /** For the header. Closed after the connection: closing any descriptor of a file drops the locks of its process. */
  readonly descriptor: number;
  readonly inode: number;
}

export class WriteLock {
  readonly file: string;
  #opened: Opened | undefined;
  #locked: Locked | undefined;
  #journal: JournalKind = 'rollback';
  /** The last commit that was there when the lock was taken. */
  #lastCommit = 0;
  /** Of what is no database. */
  #fingerprint = '';
  #lost = false;
  #lent = false;
  #limit: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.file = file;
  }

  /** undefined: nobody asked for the lock, or it was released. */
  get state(): Locked | undefined {
    return this.#locked;
  }

  get connection(): DatabaseSync {
    if (this.#opened === undefined) throw new TypeError('nothing is open');
    return this.#opened.database;
  }

  /** Throws SQLITE_BUSY. */
  async lock(waitMs: number, signal: AbortSignal): Promise<Locked> {
    const startedMs = performance.now();
    for (let pause = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.longest)) {
      signal.throwIfAborted();
      this.#locked = this.#tryLock();
      if (this.#locked !== undefined) return this.#locked;
      const waitedMs = Math.round(performance.now() - startedMs);
      if (waitedMs > waitMs) throw failure('SQLITE_BUSY', { file: this.file, waitedMs });
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal });
    }
  }

  /** Whatever becomes of who asked, nobody waits for us longer than this. */
  endAfter(limitMs: number): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      this.#lost = true;
      // A borrower ends by itself, and takeBack() sees this.
      if (!this.#lent) this.#end();
    }, limitMs);
  }

  /** Nobody else can have written since lock(): it is still there, on the file that programs open. */
  holds(): boolean {
    if (this.#lost || this.#locked === undefined) return false;
    if (this.#locked === 'nothing') return fingerprintOf(this.file) === this.#fingerprint;
    return this.connection.isTransaction && inodeOf(this.file) === this.#opened?.inode;
  }

  /** What holds() would have said. */
  release(): boolean {
    const held = this.holds();
    this.#end();
    this.#locked = undefined;
    return held;
  }

  lend(): void {
    this.#lent = true;
    this.connection.exec('ROLLBACK');
  }

  /** Asked while the borrower has the lock: whether anybody committed between. */
  disturbed(): boolean {
    return (
      this.#readLastCommit() !== this.#lastCommit || inodeOf(this.file) !== this.#opened?.inode
    );
  }

  /** After the borrower gave up. False: somebody else has committed meanwhile, and the lock was as good as lost. */
  async takeBackUnchanged(waitMs: number): Promise<boolean> {
    const before = this.#lastCommit;
    const { inode } = this.#opened ?? {};
    await this.takeBackSame(waitMs);
    const unchanged = this.#lastCommit === before && this.#opened?.inode === inode;
    if (!unchanged) this.#lost = true;
    return unchanged;
  }

  /** After the borrower has written. By a new connection: one that has written itself counts other commits otherwise. */
  async takeBack(waitMs: number): Promise<void> {
    this.#close();
    await this.takeBackSame(waitMs);
  }

  /** By the same connection, which goes on counting. */
  async takeBackSame(waitMs: number): Promise<void> {
    await this.lock(waitMs, new AbortController().signal);
    this.#lent = false;
    if (this.#lost) this.#end();
  }

  /** A write of our own. What a stranger commits right after it, before the lock is ours again, counts as a loss. */
  async commit(write: (connection: DatabaseSync) => void): Promise<void> {
    if (!this.holds()) throw failure('SQLITE_BUSY', { file: this.file, waitedMs: 0 });
    const before = this.#lastCommit;
    try {
      write(this.connection);
      // In rollback mode it waits for readers.
      this.connection.exec(`PRAGMA busy_timeout = ${commitWithinMs}; COMMIT`);
    } catch (error) {
      if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
      await this.takeBackUnchanged(takeBackWithinMs);
      throw error;
    } finally {
      this.connection.exec('PRAGMA busy_timeout = 0');
    }
    await this.takeBackSame(takeBackWithinMs);
    // data_version counts what others commit, the header's counter what anybody does.
    const own = this.#journal === 'wal' ? 0 : 1;
    if (this.#lastCommit !== before + own) this.#lost = true;
  }

  /** Of the file, as long as it is replaced: nobody else may have it open then. */
  letGoOfFile(): void {
    this.#lent = true;
    this.#close();
  }

  dispose(): void {
    this.#locked = undefined;
    clearTimeout(this.#limit);
    this.#close();
  }

  /** undefined: somebody else has it. */
  #tryLock(): Locked | undefined {
    const inode = inodeOf(this.file);
    if (inode === undefined) return this.#lockNothing();
    try {
      if (this.#opened?.inode !== inode && !this.#open(inode)) return this.#lockNothing();
      this.connection.exec('BEGIN IMMEDIATE');
      if (inodeOf(this.file) === inode) {
        this.#journal = journalOf(this.connection);
        this.#lastCommit = this.#readLastCommit();
        return 'locked';
      }
      // Replaced just then: programs open another file.
      this.#close();
      return undefined;
    } catch (error) {
      if (isForeign(error)) return this.#lockNothing();
      if (isBusy(error) || (isGone(error) && inodeOf(this.file) === undefined)) return undefined;
      throw error;
    }
  }

  #lockNothing(): Locked {
    this.#close();
    this.#fingerprint = fingerprintOf(this.file);
    return 'nothing';
  }

  /** False: no database. */
  #open(inode: number): boolean {
    this.#close();
    if (isForeignFile(this.file)) return false;
    const database = openDatabase(this.file, 'rw');
    this.#opened = { database, descriptor: openSync(this.file, 'r'), inode };
    return true;
  }

  #readLastCommit(): number {
    if (this.#journal === 'wal') return numberOf(this.connection, 'data_version');
    const counter = Buffer.alloc(4);
    readSync(this.#opened!.descriptor, counter, 0, 4, changeCounterAt);
    return counter.readUInt32BE();
  }

  #end(): void {
    clearTimeout(this.#limit);
    if (this.#opened?.database.isTransaction === true) this.connection.exec('ROLLBACK');
  }

  #close(): void {
    if (this.#opened === undefined) return;
    const { database, descriptor } = this.#opened;
    this.#opened = undefined;
    database.close();
    closeSync(descriptor);
  }
}

function inodeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.ino;
}

function fingerprintOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 'missing' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}
