// How large and how often. The full run is what the acceptance asks for; the quick one shows in two minutes that everything
// works, and its numbers mean little.

export interface Sizes {
  readonly small: DatabaseSize;
  readonly large: DatabaseSize;
  /** Snapshots at each size, interleaved. */
  readonly snapshots: number;
  /** Of them, every so many meets a transaction of `holdMs` that has the lock. */
  readonly holdEvery: number;
  readonly holdMs: number;
  /** Snapshots at each size by the command, a fresh process each. */
  readonly byCommand: number;
  /** Between the first snapshot and the next. */
  readonly transactions: number;
  readonly filesPerMember: number;
  /** Interleaved rounds against pg_basebackup. */
  readonly rounds: number;
  readonly neededBytes: number;
}

export interface DatabaseSize {
  readonly label: string;
  readonly rows: number;
}

/** With its share of the primary key. */
const ROW_BYTES = 157;
const MEGABYTE = 1_000_000;

function database(label: string, megabytes: number): DatabaseSize {
  return { label, rows: Math.round((megabytes * MEGABYTE) / ROW_BYTES) };
}

export const fullSizes: Sizes = {
  small: database('1gb', 1000),
  large: database('5gb', 5000),
  snapshots: 100,
  holdEvery: 10,
  holdMs: 500,
  byCommand: 5,
  transactions: 1000,
  filesPerMember: 3000,
  rounds: 3,
  neededBytes: 30e9,
};

export const quickSizes: Sizes = {
  ...fullSizes,
  small: database('50mb', 50),
  large: database('200mb', 200),
  snapshots: 10,
  holdEvery: 5,
  byCommand: 2,
  rounds: 2,
  neededBytes: 4e9,
};
