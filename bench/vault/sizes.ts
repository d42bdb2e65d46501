// How much is backed up. The full run is what the acceptance asks for; the quick one shows in about two minutes that everything
// works, and its numbers mean little: what every command costs before it begins counts for more than the data.
export interface Sizes {
  /** Of the database: about 157 bytes each with their share of the primary key. */
  readonly rows: number;
  /** Between the first and the second backup of the database. */
  readonly transactions: number;
  /** Ordinary files, one by one. */
  readonly filesBytes: number;
  /** One large file; its copy with two inserts doubles it. */
  readonly archiveBytes: number;
  readonly rounds: number;
  readonly neededBytes: number;
}

export const fullSizes: Sizes = {
  rows: 8_000_000,
  transactions: 1000,
  filesBytes: 600e6,
  archiveBytes: 200e6,
  rounds: 3,
  neededBytes: 16e9,
};

export const quickSizes: Sizes = {
  rows: 700_000,
  transactions: 1000,
  filesBytes: 90e6,
  archiveBytes: 30e6,
  rounds: 2,
  neededBytes: 4e9,
};
