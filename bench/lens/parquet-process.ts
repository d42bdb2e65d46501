// One way to Parquet, in a process of its own: our export, which reads the lens, or DuckDB's COPY of the same rows out of a table in its
// memory. Both compress with zstd and sync what they wrote.
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { exportLens } from '../../packages/sim/src/lens/export/index.ts';
import { directoryPlace } from '../../packages/sim/src/lens/read/index.ts';
import { sync } from './zarrita-side.ts';

export interface ParquetOrder {
  /** A path that is not there yet. */
  readonly output: string;
}

export interface ParquetAnswer {
  readonly wallMs: number;
  readonly peakBytes: number;
}

type Write = (output: string) => Promise<unknown>;

/** `from`: the directory of a lens, or a Parquet file that DuckDB loads before it is timed. */
const [side, from] = process.argv.slice(2) as ['ours' | 'duckdb', string];

async function duckdb(): Promise<Write> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`CREATE TABLE rows AS SELECT * FROM read_parquet('${from}')`);
  return async (output) => {
    await connection.run(`COPY rows TO '${output}' (FORMAT parquet, COMPRESSION zstd)`);
    await sync(output);
    await sync(path.dirname(output));
  };
}

const write: Write =
  side === 'duckdb'
    ? await duckdb()
    : async (output) => await exportLens(directoryPlace(from), { format: 'parquet', output });

process.on('message', ({ output }: ParquetOrder) => {
  void (async () => {
    const startMs = performance.now();
    await write(output);
    const wallMs = performance.now() - startMs;
    const answer: ParquetAnswer = { wallMs, peakBytes: process.resourceUsage().maxRSS * 1024 };
    process.send?.(answer);
  })();
});
process.send?.({});
