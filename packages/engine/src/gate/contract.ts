// The gate: may this code wake on this data? It compares what a database says of itself (its stamp, the ledgers of its
// migrations) with the checkout, and with what the last snapshot or restore captured.
//
// THE LAW.
//  1. It blocks only on evidence, and shows it: data that newer code has shaped, migrations that this code does not have, two
//     histories that parted, a restore that has not ended. What is unknown, or was never stamped, does not block.
//  2. New commits never block; nor does a work tree that was edited.
//  3. Looking changes nothing. Stamps are written only where somebody asks for it: before a program starts, and by accepting.
//  4. Everything that it blocks on but an unended restore can be accepted, and is then passed until there is new evidence.
export type GateLevel = 'pass' | 'warn' | 'block';

/** What is wrong. API: names are added, never changed. */
export type GateRule =
  /** A restore has not ended, so parts of both states may be there. */
  | 'half-restored'
  /** HEAD is older than the commit that last shaped the database. */
  | 'data-newer'
  /** HEAD and the commit that last shaped the database do not descend from each other. */
  | 'diverged'
  /** The database holds migrations that the checkout does not have. */
  | 'unknown-migrations'
  /** The checkout has migrations that the database does not hold. */
  | 'pending-migrations'
  /** A migration failed, or was rolled back and not applied again. */
  | 'failed-migrations'
  /** Never stamped, and HEAD is older than what the last snapshot or restore captured. */
  | 'code-older'
  /** Some sources were restored without the others. */
  | 'broken-seal'
  /** A dependency lockfile is not the one that was captured at this commit. */
  | 'stale-dependencies'
  /** A member's repository is not there. */
  | 'member-missing'
  /** The stamp of a database could not be written. */
  | 'stamp-not-written'
  /** After a restore: the gate could not be asked. */
  | 'not-evaluated';

export interface GateFinding {
  readonly level: 'warn' | 'block';
  readonly rule: GateRule;
  /** A member's path, a source, or a source and one of its databases: `db/app`. */
  readonly subject: string;
  /** One sentence. */
  readonly what: string;
  /** What shows it, a line each. */
  readonly evidence: readonly string[];
  /** What to do about it. */
  readonly hint: string;
}

export interface GateVerdict {
  /** That of the worst finding. */
  readonly level: GateLevel;
  /** The worst first. */
  readonly findings: readonly GateFinding[];
  readonly members: readonly { readonly path: string; readonly commit: string | null }[];
  readonly databases: readonly GateDatabase[];
}

/** A database that was looked at. */
export interface GateDatabase {
  readonly source: string;
  readonly name: string;
  /** When its stamp was written, ISO 8601; null: never. */
  readonly stampedAt: string | null;
  /** True when this call wrote it anew. */
  readonly stamped: boolean;
}
