// How long a lens takes to become Parquet, beside DuckDB's COPY of the same rows.
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { metricOf, type Metric } from '../metric.ts';
import { settleDisk, type Place } from '../place.ts';
import { startSide, type Side } from '../side.ts';
import { median } from '../statistics.ts';
import { readFrames, writeFrames } from './frames.ts';
import { ours } from './ours.ts';
import type { ParquetAnswer, ParquetOrder } from './parquet-process.ts';

const program = new URL('./parquet-process.ts', import.meta.url);
const sides = ['ours', 'duckdb'] as const;
type SideName = (typeof sides)[number];
type ParquetProcess = Side<ParquetOrder, ParquetAnswer>;

export async function measureParquet(place: Place, quick: boolean): Promise<readonly Metric[]> {
  const directory = path.join(place.directory, 'parquet');
  await mkdir(directory);
  const lens = path.join(directory, 'lens');
  await mkdir(lens);
  const raw = path.join(directory, 'frames');
  await writeFrames(raw, quick ? 30 : 120);
  await (
    await ours.writer(await readFrames(raw), lens)
  )();
  await using stack = new AsyncDisposableStack();
  const first = path.join(directory, 'first.parquet');
  const ourProcess = stack.use(await start('ours', lens));
  await ourProcess.ask({ output: first });
  const processes: Readonly<Record<SideName, ParquetProcess>> = {
    ours: ourProcess,
    duckdb: stack.use(await start('duckdb', first)),
  };
  const rounds = quick ? 3 : 7;
  const found: Readonly<Record<SideName, ParquetAnswer[]>> = { ours: [], duckdb: [] };
  const sizeBytes = { ours: 0, duckdb: 0 };
  // The first round warms up, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
      place.signal.throwIfAborted();
      const output = path.join(directory, `${side}.parquet`);
      await rm(output, { force: true });
      await settleDisk();
      const answer = await processes[side].ask({ output });
      if (round > 0) found[side].push(answer);
      sizeBytes[side] = (await stat(output)).size;
    }
    place.say(`Parquet, round ${round} of ${rounds}`);
  }
  const files = sides.map((side) => path.join(directory, `${side}.parquet`));
  const [mine, theirs] = await Promise.all(files.map(contentOf));
  if (mine !== theirs) throw new Error(`other rows came out: ${mine} and ${theirs}`);
  const ratio = median(found.ours.map((one, at) => one.wallMs / found.duckdb[at]!.wallMs));
  const beside = (name: string, unit: string, of: (side: SideName) => number): Metric =>
    metricOf([name, of('ours'), unit], {
      peer: { name: "DuckDB's COPY of a table in its memory", value: of('duckdb') },
    });
  return [
    metricOf(['lens.export.parquet', ratio, 'ratio']),
    beside('lens.export.parquet.time', 'ms', (side) =>
      median(found[side].map((one) => one.wallMs)),
    ),
    beside('lens.export.parquet.size', 'MB', (side) => sizeBytes[side] / 1e6),
    beside('lens.export.parquet.peak', 'MB', (side) => found[side].at(-1)!.peakBytes / 1e6),
  ];
}

const start = (side: SideName, from: string): Promise<ParquetProcess> =>
  startSide(program, side, from);

/** How many rows, and a sum over their hashes that knows nothing of their order. */
async function contentOf(file: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const result = await connection.runAndReadAll(
      `SELECT count(*)::VARCHAR, sum(hash(one))::VARCHAR FROM read_parquet('${file}') one`,
    );
    return result.getRows().join(' ');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
