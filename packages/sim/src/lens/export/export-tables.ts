// Lenses as tables: one file of all rows, or a data set that is partitioned like Hive's.
import { failure, isFailure } from '@stillpoint/core';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { openLens, partFiles, type Lens, type LensPlace } from '../read/index.ts';
import type {
  ExportedRun,
  ExportProgress,
  LensExportFormat,
  LensExportOptions,
} from './contract.ts';
import { createArrow } from './arrow.ts';
import { createCsv } from './csv.ts';
import { createParquet } from './parquet.ts';
import { factsOf } from './facts.ts';
import { hiveName, partitionOf, type Partition } from './partition.ts';
import { exportedFrames } from './read-frames.ts';
import { cellsOf, tablesOf, type Table } from './tables.ts';
import type { TableWriter } from './table-writer.ts';

export interface Source {
  readonly place: LensPlace;
  readonly run: ExportedRun;
}

export interface Written {
  readonly frames: number;
  readonly rows: number | null;
  readonly files: number;
  readonly bytes: number;
}

type TableFormat = Exclude<LensExportFormat, 'hdf5' | 'zarr'>;

const writers: Readonly<Record<TableFormat, (file: string, table: Table) => Promise<TableWriter>>> =
  { parquet: createParquet, arrow: createArrow, csv: createCsv };

/** Into one file, which `temporary` will be. Throws LENS_EXPORT_TABLES where the fields are several tables. */
export async function exportTable(
  temporary: string,
  sources: readonly Source[],
  options: LensExportOptions & { readonly format: TableFormat },
  manyRuns: boolean,
  progress: ExportProgress,
): Promise<Written> {
  const table = onlyTable(sources, options, manyRuns);
  let [frames, rows] = [0, 0];
  await using writer = await writers[options.format](temporary, table);
  for (const source of sources)
    for await (const frame of rowsOf(source, table, options, progress)) {
      frames += 1;
      rows += frame.rows;
      await writer.add({ run: source.run.runId, ...frame });
    }
  const runs = sources.map(({ run }) => run);
  const bytes = await writer.end(factsOf(runs, progress, table));
  return { frames, rows, files: 1, bytes };
}

/** Before anything is written. */
export function onlyTable(
  sources: readonly Source[],
  { output }: LensExportOptions,
  manyRuns: boolean,
): Table {
  const tables = tablesOf(
    sources.map(({ run }) => run),
    manyRuns,
  );
  const [table] = tables;
  if (table !== undefined && tables.length === 1) return table;
  const described = tables.map(
    ({ name, fields }) => `${name} (${fields.map((field) => field.name).join(',')})`,
  );
  throw failure('LENS_EXPORT_TABLES', { output, tables: described.join('; ') });
}

/** Into the directory `temporary`: `table=…/run=…/ticks=…/part-0.parquet`, a partition for each file of a lens. */
export async function exportDataset(
  temporary: string,
  sources: readonly Source[],
  options: LensExportOptions & { readonly format: TableFormat },
  progress: ExportProgress,
): Promise<Written> {
  const runs = sources.map(({ run }) => run);
  const total = { frames: 0, rows: 0, files: 0, bytes: 0 };
  const lastTicks = new Map<Source, number>();
  for (const source of sources) lastTicks.set(source, await lastTickOf(source, progress));
  for (const [number, table] of tablesOf(runs, false).entries())
    for (const source of sources) {
      const { runId } = source.run;
      const directory = path.join(temporary, hiveName('table', table.name), hiveName('run', runId));
      await using parts = new Parts(directory, source, table, options.format, progress);
      const partitions = partFiles(await source.place.list(options.signal));
      for await (const frame of rowsOf(source, table, options, progress)) {
        if (frame.tick > lastTicks.get(source)!) continue;
        if (number === 0) total.frames += 1;
        if (frame.rows === 0) continue;
        total.rows += frame.rows;
        const writer = await parts.of(partitionOf(partitions, frame.tick));
        await writer.add({ run: runId, ...frame });
      }
      await parts.end();
      total.files += parts.files;
      total.bytes += parts.bytes;
    }
  return total;
}

/** When it begins: of a run that goes on, the second table would have more frames than the first. -1: there are none. */
async function lastTickOf({ place, run }: Source, progress: ExportProgress): Promise<number> {
  const { signal } = progress;
  const damaged = (reason: string): void => progress.damaged(run.runId, reason);
  const options = { damaged, ...(signal && { signal }) };
  await using lens: Lens = await openLens(place, options);
  try {
    return (await lens.nearest(Number.MAX_SAFE_INTEGER, options)).tick;
  } catch (error) {
    if (isFailure(error, 'LENS_TICK_MISSING')) return -1;
    throw error;
  }
}

/** The files of one table of one run, one open at a time. */
class Parts implements AsyncDisposable {
  readonly #directory: string;
  readonly #source: Source;
  readonly #table: Table;
  readonly #format: TableFormat;
  readonly #progress: ExportProgress;
  #open: { readonly partition: Partition; readonly writer: TableWriter } | undefined;
  files = 0;
  bytes = 0;

  constructor(
    directory: string,
    source: Source,
    table: Table,
    format: TableFormat,
    progress: ExportProgress,
  ) {
    this.#directory = directory;
    this.#source = source;
    this.#table = table;
    this.#format = format;
    this.#progress = progress;
  }

  async of(partition: Partition): Promise<TableWriter> {
    if (this.#open?.partition.name === partition.name) return this.#open.writer;
    await this.end();
    const directory = path.join(this.#directory, partition.name);
    await mkdir(directory, { recursive: true });
    const file = path.join(directory, `part-0.${this.#format}`);
    const writer = await writers[this.#format](file, this.#table);
    this.#open = { partition, writer };
    return writer;
  }

  async end(): Promise<void> {
    if (this.#open === undefined) return;
    const { writer } = this.#open;
    const facts = factsOf([this.#source.run], this.#progress, this.#table);
    this.bytes += await writer.end(facts);
    this.files += 1;
    this.#open = undefined;
    await writer[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open?.writer[Symbol.asyncDispose]();
  }
}

async function* rowsOf(
  { place, run }: Source,
  table: Table,
  { ticks = {} }: LensExportOptions,
  progress: ExportProgress,
) {
  const { signal } = progress;
  const options = { damaged: (reason: string) => progress.damaged(run.runId, reason) };
  await using lens: Lens = await openLens(place, { ...options, ...(signal && { signal }) });
  // A field that this run has not is null in all of its rows.
  const own = table.fields.map((field) => run.fields.find(({ name }) => name === field.name));
  const fields = own.filter((field) => field !== undefined);
  if (fields.length === 0) return;
  for await (const { tick, timeSeconds, fields: read } of exportedFrames(
    lens,
    fields,
    ticks,
    progress,
  )) {
    let next = 0;
    const samples = own.map((field) => (field === undefined ? null : read[next++]!));
    yield { tick, timeSeconds, ...cellsOf(table, samples) };
  }
}
