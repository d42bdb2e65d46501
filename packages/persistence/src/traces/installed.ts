// Whether the tables of traces are there, asked before anybody relies on them.
import { failure } from '@stillpoint/core';
import type { Database } from '../database/contract.ts';

export async function requireTables(database: Database): Promise<void> {
  const { rows } = await database.query(`SELECT to_regclass('traces.spans') AS spans`);
  if (rows[0]?.['spans'] == null)
    throw failure('TRACE_NOT_INSTALLED', { database: database.facts.database });
}
