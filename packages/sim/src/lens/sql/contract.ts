// Lenses as tables of SQL.
//
// The law of SQL:
// 1. It reads. Statements see frames, and tables of their own that live in memory and go with it; no file, no network, no other program.
// 2. What is not asked for is not read: of a row only the columns that are, of a lens only the frames that a statement's own conditions on
//    `tick`, `time_seconds` and `run` leave over. Which those are is DuckDB's proof, never our guess; without a proof all are read.
// 3. Memory is bounded whatever the length: frames come a few at a time, and what DuckDB must keep and has no room for lies in a
//    private directory that goes with it.
import type { ReadOptions } from '../read/contract.ts';

export interface LensSqlOptions extends ReadOptions {
  /** Of DuckDB: what it sorts and groups by. 48 MB unless told; more than that goes to the disk. */
  readonly memoryLimitBytes?: number;
  /** Where a private directory for what has no room in memory is made and removed again. The system's unless told. */
  readonly temporaryDirectory?: string;
  /** Whether every table has a column `run`. Where there are several lenses unless told. */
  readonly runColumn?: boolean;
}

export interface LensSqlColumn {
  /** Each another: of those with one name the second is `name:1`. */
  readonly name: string;
  /** As DuckDB writes it: `BIGINT`, `DOUBLE`, `STRUCT(a INTEGER)`. */
  readonly type: string;
}

/**
 * Numbers, and bigints of whole types of 64 bits and more; decimals, times and whatever else has no JavaScript of its own as the text
 * that DuckDB writes; lists, structs as objects, maps as lists of `key` and `value`; blobs as bytes.
 */
export type LensSqlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly LensSqlValue[]
  | { readonly [name: string]: LensSqlValue };

/** Each a list in the order of the columns. */
export type LensSqlRows = readonly (readonly LensSqlValue[])[];

/** Rows in batches, of at most 2,048. Whoever stops reading stops the statement. */
export interface LensSqlAnswer extends AsyncIterable<LensSqlRows> {
  readonly columns: readonly LensSqlColumn[];
}

export interface LensSql extends AsyncDisposable {
  /**
   * One statement, or several whose last one answers. One at a time: the answer of the one before is read to its end, or left. Throws
   * LENS_SQL_REFUSED, LENS_SQL_MEMORY, LENS_DAMAGED, or the signal's reason.
   */
  query(statement: string, options?: { readonly signal?: AbortSignal }): Promise<LensSqlAnswer>;
}
