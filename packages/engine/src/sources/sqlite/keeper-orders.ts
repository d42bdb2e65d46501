// What the parent can ask of the keeper, the child process that owns all SQLite connections of a capture or a switch.
// Types only: both ends import them.
import type { Digest } from '@stillpoint/core';
import type { Placed } from './record.ts';

/** WAL is written in the file; which rollback journal its programs use (DELETE, MEMORY, OFF) is not, and is theirs. */
export type JournalKind = 'wal' | 'rollback';

/** quick_check leaves out comparing indexes with their tables. */
export type CheckKind = 'integrity_check' | 'quick_check';

export interface DatabaseFacts {
  readonly journal: JournalKind;
  readonly pageBytes: number;
  readonly pages: number;
  readonly schemaDigest: Digest;
}

export type Inspection =
  | (DatabaseFacts & { readonly kind: 'database'; readonly rolledBack: boolean })
  | { readonly kind: 'foreign'; readonly why: string };

export interface CheckResult extends DatabaseFacts {
  /** The first few; empty: sound. */
  readonly problems: readonly string[];
  readonly foreignKeyViolations: number;
}

export interface CopyOptions {
  readonly check: CheckKind;
  /** Somebody waits for the end of it. Otherwise whoever writes to the live file comes first. */
  readonly hurry: boolean;
}

export interface CopyResult extends CheckResult {
  /** Of the live file when it was marked. */
  readonly liveJournal: JournalKind;
}

/** 'nothing': there is no database in which anybody could write. */
export type Locked = 'locked' | 'nothing';

export interface Orders {
  inspect(given: { readonly file: string }): Inspection;
  /** Opens the live file. */
  attach(given: { readonly file: string; readonly copyTo: string }): null;
  /** Pins the state of this moment; in rollback mode by copying it, while writers wait. */
  mark(given: { readonly file: string }): { readonly pinned: boolean };
  /** The marked state in `copyTo`, checked. The live file is let go. */
  copy(given: CopyOptions): CopyResult;
  /** Reads only. */
  check(given: { readonly file: string; readonly check: CheckKind }): CheckResult;
  /** SQLite's write lock, by tries until `waitMs` have passed; ends by itself after `limitMs`. */
  lock(given: { readonly file: string; readonly waitMs: number; readonly limitMs: number }): Locked;
  /** Whether nobody else can have written since lock(). */
  holds(given: null): boolean;
  /** Idempotent; what holds() would have said. */
  release(given: null): boolean;
  /** Replaces the stamp, durably, in between if the lock is held. */
  stamp(given: { readonly file: string; readonly stamp: string }): null;
  /**
   * Makes `placed` the live state; locks if that was not done, and then releases. `back`: it is the state that was locked; where
   * nothing was placed since, it is left as it is.
   */
  place(given: {
    readonly file: string;
    readonly placed: Placed;
    readonly undo: string;
    readonly back: boolean;
  }): { readonly kept: readonly string[] };
}

export type OrderName = keyof Orders;
export type Given<K extends OrderName> = Parameters<Orders[K]>[0];
export type Result<K extends OrderName> = ReturnType<Orders[K]>;

export interface Request {
  readonly number: number;
  readonly order: OrderName;
  readonly given: unknown;
}

export interface Cancel {
  readonly cancel: number;
}

export interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: {
    readonly message: string;
    /** Of the catalogue, if it is one of ours. */
    readonly code?: string;
    readonly data?: Readonly<Record<string, string | number>>;
  };
}
