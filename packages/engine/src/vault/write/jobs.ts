// What the vault's worker threads are asked to do: everything that costs processor time for many bytes. Each job is a pure function of
// what it is given (jobs-here.ts), so that small sessions do without threads and tests can run it where they are.
//
// The way of new bytes: read -> hash -> (known already? then that was all) -> zstd -> encrypt and gather in a pack -> put (fsync).
// Where a chunk is cut, and whether the vault has it, is decided by the session, which alone knows the index.
import type { Encoding } from '../format/chunk-codec.ts';
import type { VaultKeys } from '../crypto/keys.ts';

/** A chunk, compressed; not yet encrypted, for that needs its place in a pack. */
export interface CompressedChunk {
  /** Hex digits of the digest of the plain bytes. */
  readonly hex: string;
  readonly plainBytes: number;
  readonly encoding: Encoding;
  readonly body: Uint8Array;
}

/** New bytes, with the hex digits of their digest. */
export interface PlainChunk {
  readonly hex: string;
  readonly plain: Uint8Array;
}

/** A pack before it is sealed. */
export interface PackDraft {
  /** As the pack will be: compressed bodies at their places, each with room for its tag behind it; room for all else is there too. */
  readonly content: Uint8Array;
  /** Entries of format/pack-table.ts, but with digests of plain bytes where the dedup ids will be. */
  readonly table: Uint8Array;
}

export interface FinishedPack {
  /** Hex digits of the digest of all bytes. */
  readonly hex: string;
  readonly salt: Uint8Array;
  /** In the draft's memory. */
  readonly content: Uint8Array;
  /** Entries of format/pack-table.ts, in clear. */
  readonly table: Uint8Array;
}

/** Whole pages that lie at `firstPage` of an image. */
export interface SpanTask {
  readonly pageBytes: number;
  readonly content:
    | { readonly bytes: Uint8Array }
    | { readonly descriptor: number; readonly position: number; readonly length: number };
  /** The hashes of the same pages in the image to compare with (format: pages/), as many as it has there. */
  readonly previous?: Uint8Array;
}

export interface Span {
  /** Hashes of all its pages, PAGE_HASH_BYTES each. */
  readonly hashes: Uint8Array;
  /** Numbers of the pages that differ, within the span, ascending; pages of zeros among them. */
  readonly changed: Uint32Array;
  /** For each changed page the group (of `groups`) that holds it; ZERO_PAGE: it holds zeros. */
  readonly groupOf: Uint32Array;
  /** And which of the group's pages it is. */
  readonly slotOf: Uint16Array;
  readonly groups: readonly CompressedChunk[];
}

/** As it lies in its pack. */
export interface SealedChunk {
  /** Hex digits of the digest that its plain bytes must have. */
  readonly hex: string;
  /** Of the pack. */
  readonly salt: Uint8Array;
  readonly part: number;
  readonly encoding: number;
  readonly plainBytes: number;
  readonly stored: Uint8Array;
  /** Where its plain bytes are written; undefined: they are wanted. */
  readonly into?: ChunkTarget;
}

/** Parts of a chunk and their places in a file that has nothing there yet. */
export interface ChunkTarget {
  readonly file: string;
  /** Of each part three numbers: where it begins in the chunk, its bytes, its place in the file. */
  readonly parts: readonly number[];
}

export interface Jobs {
  /** The plain bytes of each, proved, or none if they were written; or, as text, what is wrong. The stored bytes lie in buffers that hold nothing else. */
  open(task: {
    readonly keys: VaultKeys;
    readonly chunks: readonly SealedChunk[];
  }): readonly (Uint8Array | string)[];
  /** The plain bytes lie in buffers that hold nothing else; the bodies come back in the same. */
  compress(chunks: readonly PlainChunk[]): readonly CompressedChunk[];
  span(task: SpanTask): Span;
  pack(task: { readonly keys: VaultKeys; readonly draft: PackDraft }): FinishedPack;
}

export type JobName = keyof Jobs;

/** Runs jobs, some at once. Rejects with what the job threw; buffers that are given are transferred, and gone for the caller. */
export interface Workers extends AsyncDisposable {
  run<K extends JobName>(job: K, given: Parameters<Jobs[K]>[0]): Promise<ReturnType<Jobs[K]>>;
}
