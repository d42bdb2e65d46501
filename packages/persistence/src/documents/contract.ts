// State documents: what a run needs to go on, saved again and again, each time as a version of its own.
//
// THE LAW.
//  1. saveState() writes in the caller's transaction: the version and the relational writes beside it are both there, or neither.
//  2. Versions of a run are 1, 2, 3 and so on without a gap, in the order of their commits. A version is never changed.
//  3. With expectedVersion a save succeeds only on that version; whoever was second is told, and its transaction can go on. A number
//     means nothing after a restore, for versions are counted on from what was restored; a state as it was read or saved is known by
//     its digest, too.
//  4. What is read fits the schema, or is an error that says where it does not.
//  5. Nothing is removed but by compact(), which is called by somebody, and never the latest version of a run.
import type { Digest } from '@stillpoint/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Queryable, Transaction } from '../database/contract.ts';
import type { JsonBytes } from '../jsonb/index.ts';

export interface StateVersion {
  readonly runId: string;
  /** From 1. */
  readonly version: number;
  /** When its transaction began, by the server's clock. */
  readonly at: Date;
  /** Of the bytes that were given. jsonb keeps the value and not the bytes: only of an exact document can it be computed again. */
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface DocumentState<Document> extends StateVersion {
  readonly exact: false;
  readonly document: Document;
}

/** Byte for byte what was given, verified by its digest. Whatever the schema: it is not looked into. */
export interface ExactState extends StateVersion {
  readonly exact: true;
  readonly bytes: Buffer;
}

export type State<Document> = DocumentState<Document> | ExactState;

export interface SaveOptions {
  /**
   * What the change was made from: the state as latest() or saveState() gave it. Its version alone is enough where nobody keeps one
   * beyond a restore; 0: there is none yet. Left out: whatever is there gets a next version.
   */
  readonly expectedVersion?: number | Pick<StateVersion, 'version' | 'digest'>;
  /** Left out: a transaction of its own. */
  readonly transaction?: Transaction;
  /** Bytes that are kept as they are, in bytea instead of jsonb. */
  readonly exact?: false;
}

export interface SaveExactOptions extends Omit<SaveOptions, 'exact'> {
  readonly exact: true;
}

export interface ReadOptions {
  /** Left out: the database itself. */
  readonly from?: Queryable;
}

export interface HistoryOptions extends ReadOptions {
  /** Begins with the version after this one. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

export interface Keep {
  /** The last so many, at least 1. */
  readonly last: number;
  /** Of those before, every so manieth: with 10 the versions 10, 20, 30. Left out: none. */
  readonly every?: number;
}

export interface CompactOptions {
  readonly transaction?: Transaction;
  /** Removes nothing, and says what it would. */
  readonly dryRun?: boolean;
}

export interface CompactAllOptions {
  readonly signal?: AbortSignal;
  /** After each page of runs. */
  readonly onProgress?: (soFar: Compacted) => void;
}

export interface Compacted {
  readonly runs: number;
  readonly versions: number;
}

export interface Documents<Input = unknown, Output = unknown> {
  /**
   * Saves the next version. A Uint8Array is JSON that is serialized already, as JsonBytes is: neither is parsed, nor asked of the
   * schema before it is read. Anything else is serialized once, and must fit the schema as it will be read.
   *
   * STATE_CONFLICT, STATE_INVALID, STATE_TOO_LARGE, JSONB_NOT_JSON, JSONB_TEXT_REFUSED, JSONB_TOO_LARGE, JSONB_REFUSED (the server's:
   * the transaction is over).
   */
  saveState(
    runId: string,
    document: Input | JsonBytes | Uint8Array,
    options?: SaveOptions,
  ): Promise<StateVersion>;
  saveState(runId: string, bytes: Uint8Array, options: SaveExactOptions): Promise<StateVersion>;
  /** undefined: nothing was ever saved. STATE_MISMATCH, STATE_DAMAGED. */
  latest(runId: string, options?: ReadOptions): Promise<State<Output> | undefined>;
  /** undefined: there is no such version, or not any more. STATE_MISMATCH, STATE_DAMAGED. */
  at(runId: string, version: number, options?: ReadOptions): Promise<State<Output> | undefined>;
  /** The oldest first, one at a time in memory; also what is saved meanwhile. STATE_MISMATCH, STATE_DAMAGED. */
  history(runId: string, options?: HistoryOptions): AsyncIterable<State<Output>>;
  /** Resolves to the versions that were removed. */
  compact(runId: string, keep: Keep, options?: CompactOptions): Promise<readonly number[]>;
  /** All runs, in transactions of some hundred runs each. */
  compactAll(keep: Keep, options?: CompactAllOptions): Promise<Compacted>;
  /** The same documents, typed and looked at by a schema of any library that speaks Standard Schema. */
  withSchema<Schema extends StandardSchemaV1>(
    schema: Schema,
  ): Documents<StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>>;
}
