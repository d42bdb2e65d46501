// Rows in bulk by COPY BINARY (PostgreSQL's documentation of COPY, "Binary Format"): the fastest way in, and the only one in which
// bytes go through as they are. Rows are put together in chunks, since one message a row would cost more than the row.
import { failure } from '@stillpoint/core';
import { identifier } from '../database/index.ts';
import type { Transaction } from '../database/contract.ts';
import { writerOf, type CopyType, type WriteValue } from './copy-types.ts';
import { Wire } from './wire.ts';

export interface CopyColumn {
  readonly name: string;
  readonly type: CopyType;
}

export interface CopyTarget {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly CopyColumn[];
}

export type CopyRow = readonly unknown[];

const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const CHUNK_BYTES = 64 * 1024;

/**
 * Writes rows, each with one value for each column in their order; null and undefined are NULL. Reads `rows` no faster than the
 * server takes them. Resolves to their number. null in a column of jsonb is NULL; encodeJson(null) is the null of JSON.
 *
 * PGlite reads a COPY as a file, which only its superuser may.
 *
 * Throws COPY_VALUE_INVALID, which names row and column, and what the server says; the transaction is then over.
 */
export async function copyRows(
  transaction: Transaction,
  target: CopyTarget,
  rows: AsyncIterable<CopyRow> | Iterable<CopyRow>,
): Promise<number> {
  const names = target.columns.map(({ name }) => identifier(name)).join(', ');
  const text = `COPY ${identifier(target.schema, target.table)} (${names}) FROM STDIN (FORMAT binary)`;
  return await transaction.copyIn(text, chunksOf(target.columns, rows));
}

async function* chunksOf(
  columns: readonly CopyColumn[],
  rows: AsyncIterable<CopyRow> | Iterable<CopyRow>,
): AsyncIterable<Uint8Array> {
  const writers = columns.map(({ type }) => writerOf(type));
  const wire = new Wire(CHUNK_BYTES * 2);
  wire.bytes(SIGNATURE);
  let number = 0;
  for await (const row of rows) {
    number += 1;
    writeRow(wire, { row, number, columns, writers });
    if (wire.length >= CHUNK_BYTES) yield wire.take(CHUNK_BYTES * 2);
  }
  wire.int16(-1);
  yield wire.take(0);
}

interface Row {
  readonly row: CopyRow;
  /** From 1. */
  readonly number: number;
  readonly columns: readonly CopyColumn[];
  readonly writers: readonly WriteValue[];
}

function writeRow(wire: Wire, { row, number, columns, writers }: Row): void {
  if (row.length !== writers.length)
    throw new TypeError(`row ${number} has ${row.length} values for ${writers.length} columns`);
  wire.int16(writers.length);
  for (const [at, write] of writers.entries()) {
    const value = row[at] ?? null;
    if (value === null) {
      wire.int32(-1);
      continue;
    }
    try {
      wire.sized(() => write(wire, value));
    } catch (error) {
      const column = columns[at]?.name ?? '?';
      const reason = (error as Error).message.replace(/\.$/, '');
      throw failure('COPY_VALUE_INVALID', { row: number, column, reason }, error);
    }
  }
}
