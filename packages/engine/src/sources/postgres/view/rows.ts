// The rows of a table through a cursor, as the texts that the types' own output functions make. No cast is used: what an
// application defined (a cast, an operator) must not run with the rights of whoever looks.
import type { Client, CustomTypesConfig } from 'pg';
import type { RowView } from '../../contract.ts';
import { escapeIdentifier } from '../pg-client.ts';
import type { Table } from './tables.ts';
import type { ReadTransaction } from './transaction.ts';

export type TextRow = Readonly<Record<string, string | null>>;

/** What a batch may take in memory, roughly; one row is always read whole. */
const BATCH_BYTES = 1024 * 1024;
const ROWS_FIRST = 16;
const ROWS_MOST = 2000;
/** A function takes 100 arguments, a table may have 1600 columns. */
const ARGUMENTS_MOST = 50;

const asText: CustomTypesConfig = { getTypeParser: () => (value: string) => value };

export async function* readRows(
  transaction: ReadTransaction,
  table: Table,
  options: { readonly cursor: string; readonly oneIn: number },
): AsyncGenerator<RowView> {
  const names = table.columns.map(({ name }) => name);
  const key = table.key.length > 0 ? table.key : names;
  const where = options.oneIn === 1 ? '' : ` WHERE ${inSample(key, options.oneIn)}`;
  const query = `SELECT ${listOf(names)} FROM ${table.from}${where}`;
  const { cursor } = options;
  await transaction.run((client) =>
    client.query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${query}`),
  );
  try {
    for (let count = ROWS_FIRST; ;) {
      const texts = await transaction.run((client) => fetchTexts(client, cursor, count));
      for (const values of texts) {
        const row = rowOf(names, values);
        yield { key: JSON.stringify(key.map((name) => row[name] ?? null)), values: row };
      }
      if (texts.length < count) return;
      count = nextCount(texts);
    }
  } finally {
    // After an error there may be no cursor any more.
    await transaction.run((client) => client.query(`CLOSE ${cursor}`)).catch(() => {});
  }
}

/** The named columns of all rows, at once. */
export async function readColumns(
  client: Client,
  table: Table,
  columns: readonly string[],
): Promise<readonly TextRow[]> {
  const text = `SELECT ${listOf(columns)} FROM ${table.from}`;
  const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array', types: asText });
  return rows.map((values) => rowOf(columns, values));
}

async function fetchTexts(
  client: Client,
  cursor: string,
  count: number,
): Promise<(string | null)[][]> {
  const text = `FETCH FORWARD ${count} FROM ${cursor}`;
  const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array', types: asText });
  return rows;
}

function nextCount(texts: readonly (readonly (string | null)[])[]): number {
  const characters = texts.reduce(
    (sum, values) => sum + values.reduce((one, value) => one + (value?.length ?? 0), 1),
    0,
  );
  const fitting = Math.floor((BATCH_BYTES * texts.length) / characters);
  return Math.max(1, Math.min(ROWS_MOST, fitting));
}

function rowOf(names: readonly string[], values: readonly (string | null)[]): TextRow {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? null]));
}

/** A table may have no column at all: then its rows are all alike. */
function listOf(names: readonly string[]): string {
  return names.map((name) => escapeIdentifier(name)).join(', ');
}

/**
 * True for the keys of one class of `oneIn`, the same on every server whatever its encoding: by the MD5 of the key's values as
 * quoted texts.
 */
function inSample(key: readonly string[], oneIn: number): string {
  const parts: string[] = [];
  for (let at = 0; at < key.length; at += ARGUMENTS_MOST) {
    const some = key.slice(at, at + ARGUMENTS_MOST);
    const form = some.map(() => '%L').join(',');
    parts.push(`pg_catalog.format('${form}', ${listOf(some)})`);
  }
  const text = parts.length === 0 ? `''::text` : parts.join(` || ',' || `);
  const hash = `pg_catalog.md5(pg_catalog.convert_to(${text}, 'UTF8'))`;
  return `('x' || pg_catalog.substr(${hash}, 1, 8))::bit(32)::int8 % ${Math.trunc(oneIn)} = 0`;
}
