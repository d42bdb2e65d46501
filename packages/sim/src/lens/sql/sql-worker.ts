// The thread of DuckDB. It asks for frames by calls that cannot wait for a promise, so lenses are read in another one.
import { workerData } from 'node:worker_threads';
import type { DuckDBResult } from '@duckdb/node-api';
import { isFailure, failure } from '@stillpoint/core';
import { plainError } from '../../thread/index.ts';
import { openDatabase, type LensDatabase } from './database.ts';
import type { SqlAnswer, SqlOrder, SqlThreadData } from './messages.ts';
import { plainValue } from './values.ts';

const { port, feeds, answered, ...data } = workerData as SqlThreadData;
const line = { port: feeds, answered: new Int32Array(answered) };
const answer = (one: SqlAnswer): void => port.postMessage(one);
let result: DuckDBResult | undefined;
let isInterrupted = false;
let isBusy = false;

let last: Promise<unknown> = Promise.resolve();
const opened = openDatabase({ ...data, line });
void opened.then(
  () => answer({ type: 'opened' }),
  (error: unknown) => {
    answer({ type: 'failed', error: plainError(error) });
    end();
  },
);

port.on('message', (order: SqlOrder) => {
  if (order.type === 'interrupt') void interrupt();
  else
    last = last.then(async () => {
      const database = await opened.catch(() => undefined);
      if (database !== undefined) await carryOut(database, order);
    });
});

async function carryOut(
  database: LensDatabase,
  order: Exclude<SqlOrder, { readonly type: 'interrupt' }>,
): Promise<void> {
  if (order.type === 'close') {
    result = undefined;
    database.close();
    end();
    return;
  }
  try {
    isBusy = true;
    if (order.type === 'query') await begin(database, order.statement);
    else await fetch(database);
  } catch (error) {
    leave(database);
    answer({ type: 'failed', error: plainError(inWordsOfOurs(error)) });
  } finally {
    isBusy = false;
  }
}

async function begin(database: LensDatabase, statement: string): Promise<void> {
  isInterrupted = false;
  leave(database);
  result = await database.run(statement, () => isInterrupted);
  const names = result.deduplicatedColumnNames();
  const types = result.columnTypes();
  const columns = names.map((name, at) => ({ name, type: String(types[at]) }));
  answer({ type: 'columns', columns });
}

async function fetch(database: LensDatabase): Promise<void> {
  const chunk = await result?.fetchChunk();
  const rows = chunk?.getRows().map((row) => row.map(plainValue)) ?? [];
  if (rows.length === 0) leave(database);
  answer({ type: 'rows', rows });
}

function leave(database: LensDatabase): void {
  result = undefined;
  database.end();
}

async function interrupt(): Promise<void> {
  isInterrupted = true;
  if (isBusy) (await opened).interrupt();
}

function inWordsOfOurs(error: unknown): unknown {
  if (isFailure(error) || !(error instanceof Error)) return error;
  const reason = error.message.trimEnd();
  return reason.startsWith('Out of Memory Error')
    ? failure('LENS_SQL_MEMORY', { reason })
    : failure('LENS_SQL_REFUSED', { reason });
}

/** By itself: a thread that is stopped while a native module works takes the process with it. */
function end(): void {
  port.close();
  feeds.close();
}
