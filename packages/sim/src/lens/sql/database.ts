// A database in memory that sees lenses and nothing else.
import type { DuckDBConnection, DuckDBResult } from '@duckdb/node-api';
import { failure } from '@stillpoint/core';
import { optionalPeer } from '../../optional-peer.ts';
import type { SqlRun } from './messages.ts';
import { createScans, type DuckDB, type FeedLine } from './scans.ts';
import { listsOf, quoted, type FieldTable, type RunsOfTables } from './tables.ts';
import { createViews } from './views.ts';

export interface DatabaseOptions {
  readonly runs: readonly SqlRun[];
  readonly runColumn: boolean;
  readonly line: FeedLine;
  readonly memoryLimitBytes: number;
  readonly temporaryDirectory: string;
}

export interface LensDatabase {
  /** Rows come as they are fetched. Of several statements the last one's. */
  run(statement: string, isInterrupted: () => boolean): Promise<DuckDBResult>;
  interrupt(): void;
  /** After a statement, whatever became of it. */
  end(): void;
  close(): void;
}

/**
 * Settings that no lock keeps. A log that DuckDB may not write fails every statement behind it and ends the process in the end; a profile
 * is printed among the answers.
 */
const CALLS_REFUSED = /\b(?:en|dis)able_(?:logging|profil(?:ing|e))\b/i;

/** Throws SIM_PEER_MISSING. */
export async function openDatabase({
  runs,
  runColumn,
  line,
  memoryLimitBytes,
  temporaryDirectory,
}: DatabaseOptions): Promise<LensDatabase> {
  const duckdb = await optionalPeer(
    '@duckdb/node-api',
    'SQL over lenses',
    () => import('@duckdb/node-api') as Promise<DuckDB>,
  );
  const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  const scans = createScans(duckdb, (one) => connection.registerTableFunction(one), runs, line);
  const views = createViews(connection, { runs, runColumn }, scans.functionOf);
  await fillLists(connection, { runs, runColumn }, views.tables);
  await views.open();
  // The last things that are set: from here on a statement can neither leave this database nor change that.
  for (const setting of [
    `memory_limit = '${Math.ceil(memoryLimitBytes / 1024)}KiB'`,
    `temp_directory = ${quoted(temporaryDirectory)}`,
    'enable_external_access = false',
    'lock_configuration = true',
  ])
    await connection.run(`set ${setting}`);

  return {
    async run(statement, isInterrupted) {
      if (CALLS_REFUSED.test(statement))
        throw failure('LENS_SQL_REFUSED', { reason: 'Its logs and profiles are no part of it.' });
      await views.showAll();
      const statements = await connection.extractStatements(statement).catch((error: Error) => {
        // All that it has to say where there is nothing, or a remark.
        if (error.message !== 'Error in native callback') throw error;
        throw failure('LENS_SQL_REFUSED', { reason: 'There is no statement in it.' }, error);
      });
      if (statements.count === 1) await views.showLeft(statement);
      // Where it is only planned an interrupt is nothing that DuckDB tells.
      if (isInterrupted()) throw new Error('INTERRUPT Error: Interrupted!');
      for (let at = 0; at < statements.count - 1; at += 1)
        await (await statements.prepare(at)).run();
      return await (await statements.prepare(statements.count - 1)).stream();
    },
    interrupt: () => connection.interrupt(),
    end: () => scans.end(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

async function fillLists(
  connection: DuckDBConnection,
  { runs, runColumn }: RunsOfTables,
  tables: readonly FieldTable[],
): Promise<void> {
  for (const statement of listsOf({ runs, runColumn }, tables)) await connection.run(statement);
  const appender = await connection.createAppender('frames', 'lens');
  for (const { runId, ticks, timesSeconds } of runs)
    for (const [at, tick] of ticks.entries()) {
      if (runColumn) appender.appendVarchar(runId);
      appender.appendBigInt(BigInt(tick));
      appender.appendDouble(timesSeconds[at]!);
      appender.endRow();
    }
  appender.closeSync();
}
