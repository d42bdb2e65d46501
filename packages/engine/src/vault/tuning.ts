// Sizes and limits of writing and reading. Readers of a vault depend on none of them: a vault written with
// other sizes is read all the same.

export interface Tuning {
  /** Plain bytes of a chunk. */
  readonly chunkBytes: number;
  /** Entries of one chunk list (40 bytes each). */
  readonly listEntries: number;
  /** A pack is closed when it holds this many stored bytes. */
  readonly packBytes: number;
  /** ... or this many chunks. */
  readonly packChunks: number;
  /** An index is written each time so many packs are durable, so that a killed long session was not for nothing. */
  readonly packsPerIndex: number;
  /** Chunks being encoded at the same time. */
  readonly encodingsMax: number;
  /** Full packs being written at the same time. */
  readonly packWritesMax: number;
  /** Chunks read ahead of the consumer of a stream. */
  readonly readAhead: number;
  /** Packs are read in aligned blocks of this size ... */
  readonly blockBytes: number;
  /** ... of which so many are kept. */
  readonly blocksKept: number;
}

export const defaultTuning: Tuning = {
  chunkBytes: 1024 * 1024,
  listEntries: 16384,
  packBytes: 32 * 1024 * 1024,
  packChunks: 16384,
  packsPerIndex: 32,
  encodingsMax: 12,
  packWritesMax: 2,
  readAhead: 12,
  blockBytes: 1024 * 1024,
  blocksKept: 32,
};
