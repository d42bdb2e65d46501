// The rows of a table as texts, through a cursor. A value's text tells its type where two types could have the same: 1 and 1.0, a
// blob and a text.
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { RowView } from '../../contract.ts';
import { quoted, type Table } from './tables.ts';

type TextRow = Readonly<Record<string, string | null>>;

export interface ReadRowsOptions {
  readonly oneIn: number;
  readonly signal: AbortSignal;
}

/** So often whoever waits for this process gets a turn. */
const turnEvery = 1000;

export async function* readRows(
  database: DatabaseSync,
  table: Table,
  { oneIn, signal }: ReadRowsOptions,
): AsyncIterable<RowView> {
  const names = table.columns.map(({ name }) => name);
  const key = table.key.length > 0 ? table.key : names;
  let read = 0;
  for (const values of iterate(database, table, names)) {
    read += 1;
    if (read % turnEvery === 0) {
      await new Promise((resolve) => void setImmediate(resolve));
      signal.throwIfAborted();
    }
    const text = JSON.stringify(key.map((name) => values[name] ?? null));
    if (oneIn === 1 || classOf(text) % oneIn === 0) yield { key: text, values };
  }
}

export function readColumns(
  database: DatabaseSync,
  table: Table,
  columns: readonly string[],
): readonly TextRow[] {
  return [...iterate(database, table, columns)];
}

function* iterate(
  database: DatabaseSync,
  table: Table,
  columns: readonly string[],
): Iterable<TextRow> {
  const list = columns.map((column) => `t.${quoted(column)}`).join(', ');
  const statement = database.prepare(`SELECT ${list} FROM ${quoted(table.name)} AS t`);
  statement.setReadBigInts(true);
  statement.setReturnArrays(true);
  for (const row of statement.iterate() as unknown as Iterable<SQLOutputValue[]>) {
    yield Object.fromEntries(columns.map((column, at) => [column, textOf(row[at] ?? null)]));
  }
}

function textOf(value: SQLOutputValue): string | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`;
  const text = String(value);
  return typeof value === 'number' && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** FNV-1a over the text's UTF-16 units: fixed for ever, so that a captured state and the live one agree. */
function classOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  // The low bits of FNV follow the last characters closely; the high ones are mixed in.
  return ((hash >>> 16) ^ hash) >>> 0;
}
