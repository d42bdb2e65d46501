// Rows on their way into the table: COPY BINARY, or on PGlite row by row, where COPY reads a file and only a superuser may.
import type { ServerFacts, Transaction } from '../database/contract.ts';
import { identifier } from '../database/index.ts';
import { copyRows, type CopyRow } from '../jsonb/index.ts';
import { columns } from './rows.ts';

const INSERT = `INSERT INTO traces.spans (${columns.map(({ name }) => identifier(name)).join(', ')})
  VALUES (${columns.map(({ type }, at) => `$${at + 1}::${type}`).join(', ')}) ON CONFLICT DO NOTHING`;

export async function writeRows(
  transaction: Transaction,
  { kind }: ServerFacts,
  rows: Iterable<CopyRow>,
): Promise<void> {
  if (kind === 'postgres') {
    await copyRows(transaction, { schema: 'traces', table: 'spans', columns }, rows);
    return;
  }
  for (const row of rows) await transaction.query(INSERT, row);
}
