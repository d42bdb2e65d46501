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
const takeBackWithinMs = 2000;
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
  /** We have placed a state, and somebody else had the lock before it was ours again: what was promised had been kept until then. */
  #passedOn = false;
  /** A state was placed since lock(), or its placing began. */
  #touched = false;
  #taken = false;
  #limit: NodeJS.Timeout | undefined;

  constructor(file: string) {
    this.file = file;
  }

  /** undefined: nobody asked for the lock, or it was released. */
  get state(): Locked | undefined {
    return this.#locked;
  }

  /** It was locked once, and what programs open is still what it was then, but for what strangers wrote. */
  get untouched(): boolean {
    return this.#taken && !this.#touched;
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
      if (this.#locked !== undefined) {
        this.#taken = true;
        this.#passedOn = false;
        return this.#locked;
      }
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
      // A borrower ends by itself, and whoever takes the lock back sees this.
      if (!this.#lent) this.#end();
    }, limitMs);
  }

  /** Nobody else can have written since lock(): it is still there, on the file that programs open. */
  holds(): boolean {
    if (this.#lost) return false;
    if (this.#locked === undefined) return this.#passedOn;
    if (this.#locked === 'nothing') return fingerprintOf(this.file) === this.#fingerprint;
    return this.connection.isTransaction && inodeOf(this.file) === this.#opened?.inode;
  }

  /** What holds() would have said. */
  release(): boolean {
    const held = this.holds();
    this.#end();
    this.#locked = undefined;
    this.#passedOn = false;
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

  /**
   * Lends the lock to a connection of its own that has not written yet: only there does data_version count the commits of others
   * and nothing else, in whatever journal mode. Gives that number.
   */
  lendAnew(): number {
    const database = openDatabase(this.file, 'rw');
    const version = numberOf(database, 'data_version');
    this.lend();
    this.connection.close();
    // The descriptor stays: see Opened.
    this.#opened = { ...this.#opened!, database };
    return version;
  }

  /** What programs open is about to change. */
  touch(): void {
    this.#touched = true;
  }

  /**
   * After a borrower gave up. False: somebody else has committed meanwhile. Not for long: who has the lock may wait for another
   * file that we hold. Throws SQLITE_BUSY.
   */
  async takeBackUnchanged(): Promise<boolean> {
    const before = this.#lastCommit;
    const { inode } = this.#opened ?? {};
    await this.regain();
    const unchanged = this.#lastCommit === before && this.#opened?.inode === inode;
    if (!unchanged) this.#lost = true;
    return unchanged;
  }

  /** Throws SQLITE_BUSY. */
  async regain(): Promise<void> {
    try {
      await this.lock(takeBackWithinMs, new AbortController().signal);
    } finally {
      this.#returned();
    }
  }

  /** After a borrower has written. Who was faster writes on what was placed: that is left to him. */
  takeBack(): void {
    this.#locked = this.#tryLock();
    this.#passedOn = this.#locked === undefined;
    this.#returned();
  }

  /** A write of our own, and the lock again if nobody was faster. */
  commit(write: (connection: DatabaseSync) => void): void {
    if (!this.holds()) throw failure('SQLITE_BUSY', { file: this.file, waitedMs: 0 });
    try {
      write(this.connection);
      // In rollback mode it waits for readers.
      this.connection.exec(`PRAGMA busy_timeout = ${commitWithinMs}; COMMIT`);
    } finally {
      if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
      this.connection.exec('PRAGMA busy_timeout = 0');
      this.takeBack();
    }
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

  #returned(): void {
    this.#lent = false;
    if (this.#lost) this.#end();
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
