// Memory: texts that are found by likeness, after what is known for certain. And its two ports: who makes embeddings, and who finds
// the nearest.
//
// THE LAW
//  1. recall() asks the facts first (verbatim/), then likeness, and says of each result where it comes from and why. There is no
//     other way to the search by likeness.
//  2. The text of an item never changes. Its status changes as statuses.ts says; the database refuses anything else.
//  3. Embeddings of different embedders are never compared: an embedder is its name, its version and its dimensions. Where there
//     are others, recall() says so, until reembed() has made them anew.
//  4. What was committed before recall() is called is considered by it, whoever wrote it.
//  5. Embeddings are kept with length 1, as float32. A score is the cosine: 1 is the same direction.
import type { ProgressListener } from '@stillpoint/core';
import type { Transaction } from '../database/contract.ts';
import type { Fact, FoundBy } from '../verbatim/index.ts';
import type { FirstStatus, MemoryStatus, NextStatus } from './statuses.ts';

/** Turns texts into vectors. A model that changes what it answers gets another version. */
export interface Embedder {
  readonly name: string;
  readonly version: string;
  readonly dimensions: number;
  /** One vector of any length but 0 for each text, in their order. Called outside of transactions. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly ArrayLike<number>[]>;
}

export interface MemoryItem<S extends MemoryStatus = MemoryStatus> {
  readonly id: string;
  readonly text: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: S;
  /** Who or what it is from. */
  readonly source: string | undefined;
  readonly created: Date;
  readonly updated: Date;
  readonly embedder: Readonly<Pick<Embedder, 'name' | 'version' | 'dimensions'>>;
}

export interface RememberOptions {
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** 'speculative' unless told. */
  readonly status?: FirstStatus;
  readonly source?: string;
  /** Without one it makes its own, which takes the freeze lock. The text is embedded before. */
  readonly transaction?: Transaction;
  readonly signal?: AbortSignal;
}

export interface NewItem extends Pick<RememberOptions, 'metadata' | 'status' | 'source'> {
  readonly text: string;
}

export interface RecallOptions {
  /** Most results, facts among them; 10 unless told. */
  readonly limit?: number;
  /** 'consecrated' and 'speculative' unless told. */
  readonly statuses?: readonly MemoryStatus[];
  /** What to do about items of other embedders: 'refuse' with MEMORY_EMBEDDER_CHANGED (unless told), or 'leave out'. */
  readonly otherEmbedders?: 'refuse' | 'leave out';
  readonly signal?: AbortSignal;
}

export type Recalled =
  | {
      readonly from: 'verbatim';
      readonly why: FoundBy;
      /** The key or alias that matched. */
      readonly name: string;
      readonly fact: Fact;
    }
  | {
      readonly from: 'memory';
      readonly why: 'similarity';
      /** From -1 to 1. */
      readonly score: number;
      readonly item: MemoryItem;
    };

export interface LongOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/** Facts, not wishes: for doctor, and for whoever wonders why something is slow. */
export interface MemoryFacts {
  readonly index: VectorIndex['name'];
  readonly why: string;
  /** An index of the server answers, and may miss a neighbour; otherwise all are compared. */
  readonly approximate: boolean;
  readonly items: number;
  /** Of another embedder: they wait for reembed(). */
  readonly otherItems: number;
  /** Memory of this process that the index takes. */
  readonly processBytes: number;
}

export interface Memory {
  remember<S extends FirstStatus = 'speculative'>(
    text: string,
    options?: RememberOptions & { readonly status?: S },
  ): Promise<MemoryItem<S>>;
  /** Many, in batches that are each there whole or not at all. Resolves to their number. */
  rememberMany(
    items: AsyncIterable<NewItem> | Iterable<NewItem>,
    options?: LongOptions,
  ): Promise<number>;
  /** Undefined: there is none. */
  item(id: string): Promise<MemoryItem | undefined>;
  /** `item`: an item, or the id of one. Rejects with MEMORY_TRANSITION_REFUSED, MEMORY_ITEM_UNKNOWN. */
  transition<S extends MemoryStatus = MemoryStatus>(
    item: string | MemoryItem<S>,
    to: NextStatus<S>,
    transaction?: Transaction,
  ): Promise<MemoryItem>;
  /** The facts of the question first, then the nearest items. */
  recall(query: string, options?: RecallOptions): Promise<readonly Recalled[]>;
  /** Makes embeddings of other embedders anew. Goes on where it was stopped. Resolves to how many it made. */
  reembed(options?: LongOptions): Promise<number>;
  facts(): Promise<MemoryFacts>;
}

/** Finds the nearest. Reads only: the database keeps what an index needs in step with the items, in the same transaction. */
export interface VectorIndex {
  readonly name: 'pgvector' | 'scan';
  readonly why: string;
  /** Whether neighbours may be missed. */
  approximate(): Promise<boolean>;
  /** `query` has length 1. The best first; items that were just deleted may be among them. */
  nearest(query: Float32Array, options: NearestOptions): Promise<readonly Near[]>;
  /** These were deleted. */
  forget(ids: readonly string[]): void;
  processBytes(): number;
}

export interface NearestOptions {
  readonly limit: number;
  readonly statuses: readonly MemoryStatus[];
  readonly signal?: AbortSignal | undefined;
}

export interface Near {
  readonly id: string;
  readonly score: number;
}
