// Sizes and limits of writing and reading. Readers of a vault depend on none of them: a vault written with
// other sizes is read all the same.

export interface Tuning {
  /** Plain bytes of a chunk, on average: a power of two. The smallest has a quarter, the largest four times as many. */
  readonly chunkBytes: number;
  /** Entries of one chunk list (40 bytes each). */
  readonly listEntries: number;
  /** A pack is closed when it holds this many stored bytes. */
  readonly packBytes: number;
  /** ... or this many chunks. */
  readonly packChunks: number;
  /** An index is written each time so many packs are durable, so that a killed long session was not for nothing. */
  readonly packsPerIndex: number;
  /** Plain bytes that wait to be compressed or to have their place in a pack. */
  readonly waitingBytesMax: number;
  /** Full packs being sealed and written at the same time. */
  readonly packWritesMax: number;
  /** Chunks read ahead of the consumer of a stream. */
  readonly readAhead: number;
  /** Packs are read in aligned blocks of this size ... */
  readonly blockBytes: number;
  /** ... of which so many are kept. */
  readonly blocksKept: number;
  /** Whoever gives up waits no longer for a store to take away what was only there while it worked. */
  readonly graceMs: number;
}

export const defaultTuning: Tuning = {
  chunkBytes: 1024 * 1024,
  listEntries: 16384,
  packBytes: 16 * 1024 * 1024,
  packChunks: 16384,
  packsPerIndex: 32,
  waitingBytesMax: 16 * 1024 * 1024,
  packWritesMax: 3,
  readAhead: 12,
  blockBytes: 1024 * 1024,
  blocksKept: 32,
  graceMs: 5000,
};
