// Facts that are looked up, never guessed: a key with a value, kept as it was stated.
//
// THE LAW
//  1. A fact is never changed. The server refuses UPDATE, DELETE and TRUNCATE: to the application by its rights, to everybody else
//     by a trigger. What was wrong is superseded by a newer fact of the same key, and stays readable.
//  2. The facts of a key are one chain: one first fact, and at most one successor for each. Two who correct the same fact at once
//     are told so: the second gets FACT_SUPERSEDED, or FACT_EXISTS for a first fact. The database holds that, not the library.
//  3. Keys are compared folded (fold.ts). The key of the first fact is the spelling; others are found all the same.
//  4. The server's clock says when a fact was stated, later in a chain is not earlier in time. "As of" tells what had been stated
//     by then, of what is committed now.
//  5. Looking for keys inside a text takes one indexed query, however many facts there are.
import type { Transaction } from '../database/contract.ts';

export interface Fact {
  readonly id: string;
  /** As the first fact of the key spells it. */
  readonly key: string;
  readonly value: unknown;
  /** Who or what says so: a document, a person, a job. */
  readonly source: string;
  readonly statedAt: Date;
  /** 1 for the first fact of a key. */
  readonly revision: number;
  /** The fact in whose place it stands; undefined: the first one. */
  readonly supersedes: string | undefined;
}

export interface NewFact {
  readonly key: string;
  /** Any JSON value; JsonBytes are taken as they are. */
  readonly value: unknown;
  readonly source: string;
  /** Other names for the key. The same may stand for several keys. */
  readonly aliases?: readonly string[];
}

export interface Correction {
  readonly value: unknown;
  readonly source: string;
}

/** Why a fact was found: by its whole key, by a whole alias, by one of them inside of the text, or by the start of one of them. */
export type FoundBy = 'exact' | 'alias' | 'inside' | 'prefix';

export interface FoundFact {
  readonly by: FoundBy;
  /** The key or alias that matched, as it was stated. */
  readonly name: string;
  readonly fact: Fact;
}

export interface LookOptions {
  readonly asOf?: Date;
  /** Most facts that are returned; 20 unless told. */
  readonly limit?: number;
}

/** Without a transaction each makes its own, which takes the freeze lock. */
export interface Verbatim {
  /** The first fact of its key. Rejects with FACT_EXISTS, FACT_KEY_INVALID. */
  state(fact: NewFact, transaction?: Transaction): Promise<Fact>;
  /** Supersedes the fact of this id. Rejects with FACT_SUPERSEDED if there is a newer one already, FACT_UNKNOWN. */
  correct(id: string, correction: Correction, transaction?: Transaction): Promise<Fact>;
  /** One more name for a key; nothing happens if it has it. Rejects with FACT_UNKNOWN, FACT_KEY_INVALID. */
  alias(key: string, alias: string, transaction?: Transaction): Promise<void>;
  /** The fact of this key, or of keys with this alias. Facts by key come first. */
  exact(name: string, options?: LookOptions): Promise<readonly FoundFact[]>;
  /** Facts whose key or alias begins so, in the order of their names. */
  prefix(start: string, options?: LookOptions): Promise<readonly FoundFact[]>;
  /**
   * Facts for a question: by the whole text first; then by keys and aliases inside, the longest first. What stands in the
   * middle of a longer match is none. Rejects with FACT_QUESTION_TOO_LONG.
   */
  ask(question: string, options?: LookOptions): Promise<readonly FoundFact[]>;
  /** All facts of a key, the newest first; none if there is no such key. */
  history(key: string): Promise<readonly Fact[]>;
}
