// Exports lenses: looks at all of them first, writes one after the other, and gives the output its name at last.
import { failure } from '@stillpoint/core';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { openLens, type LensPlace } from '../read/index.ts';
import type {
  ExportedLens,
  ExportedRun,
  ExportProgress,
  LensExportFormat,
  LensExportOptions,
} from './contract.ts';
import { exportHdf5 } from './export-hdf5.ts';
import {
  exportDataset,
  exportTable,
  onlyTable,
  type Source,
  type Written,
} from './export-tables.ts';
import { exportZarr } from './export-zarr.ts';
import { writeTarget } from './target.ts';

/**
 * Writes the frames of a lens, or of several: then each row says of which run it is, and arrays are in a group of each run. What cannot be
 * read is left out, and named in the result and in what is written. Throws LENS_EMPTY, LENS_FIELD_UNKNOWN, LENS_EXPORT_….
 */
export async function exportLens(
  places: LensPlace | readonly LensPlace[],
  options: LensExportOptions,
): Promise<ExportedLens> {
  const { format, output, partition = false } = options;
  const manyRuns = isList(places);
  if (partition && isArrays(format)) throw failure('LENS_EXPORT_PARTITION', { format });
  const progress = createProgress(options);
  const sources: Source[] = [];
  for (const place of manyRuns ? places : [places])
    sources.push({ place, run: await lookAt(place, options, progress) });
  refuseTwice(sources);
  const kind = partition || format === 'zarr' ? 'directory' : 'file';
  if (!partition && !isArrays(format)) onlyTable(sources, options, manyRuns);
  const write = writerOf(sources, options, manyRuns, progress);
  const written = await writeTarget(output, kind, write);
  const fields = new Set(sources.flatMap(({ run }) => run.fields.map(({ name }) => name)));
  return {
    output: path.resolve(output),
    format,
    runs: sources.map(({ run }) => run.runId),
    fields: [...fields],
    ...written,
    dropped: sources.reduce((sum, { run }) => sum + droppedIn(run, options), 0),
    damaged: progress.damagedIn(),
  };
}

function writerOf(
  sources: readonly Source[],
  options: LensExportOptions,
  manyRuns: boolean,
  progress: ExportProgress,
): (temporary: string) => Promise<Written> {
  const { format } = options;
  switch (format) {
    case 'hdf5':
      return async (file) => {
        const frames = await exportHdf5(file, sources, options, manyRuns, progress);
        return { frames, rows: null, files: 1, bytes: (await stat(file)).size };
      };
    case 'zarr':
      return async (directory) => {
        const frames = await exportZarr(directory, sources, options, manyRuns, progress);
        return { frames, rows: null, ...(await sizeIn(directory)) };
      };
    default:
      if (options.partition === true)
        return (directory) => exportDataset(directory, sources, { ...options, format }, progress);
      return (file) => exportTable(file, sources, { ...options, format }, manyRuns, progress);
  }
}

function isArrays(format: LensExportFormat): boolean {
  return format === 'hdf5' || format === 'zarr';
}

function isList(places: LensPlace | readonly LensPlace[]): places is readonly LensPlace[] {
  return Array.isArray(places);
}

async function lookAt(
  place: LensPlace,
  { fields }: LensExportOptions,
  { signal, damaged }: ExportProgress,
): Promise<ExportedRun> {
  const found: string[] = [];
  await using lens = await openLens(place, {
    damaged: (reason) => found.push(reason),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    // None of its files can be read: that is not as if there were none.
    throw found.length === 0
      ? error
      : failure('LENS_SOME_DAMAGED', { path: place.name, reasons: found.join(' ') }, error);
  });
  const { runId, world, createdAt, dropped } = lens;
  for (const reason of found) damaged(runId, reason);
  const wanted = fields === undefined ? lens.fields : fields.map((field) => lens.field(field));
  return { runId, world, createdAt, dropped, fields: [...new Set(wanted)] };
}

/** Two directories may hold a run of the same id: copies. Their rows would be of one run. */
function refuseTwice(sources: readonly Source[]): void {
  const names = new Map<string, string>();
  for (const { run, place } of sources) {
    const other = names.get(run.runId);
    if (other !== undefined)
      throw failure('LENS_EXPORT_TWICE', { run: run.runId, one: other, other: place.name });
    names.set(run.runId, place.name);
  }
}

/** Those that a range of ticks reaches into. */
function droppedIn({ dropped }: ExportedRun, { ticks = {} }: LensExportOptions): number {
  const { from = 0, to = Infinity } = ticks;
  const gaps = dropped.filter(({ ticks: { start, end } }) => start <= to && end > from);
  return gaps.reduce((sum, { frames }) => sum + frames, 0);
}

function createProgress({ signal, onProgress }: LensExportOptions): ExportProgress {
  let doneBytes = 0;
  const reasons = new Map<string, Set<string>>();
  onProgress?.({ type: 'phase:started', phase: 'export' });
  return {
    signal,
    advance(bytes) {
      signal?.throwIfAborted();
      doneBytes += bytes;
      onProgress?.({ type: 'bytes:advanced', phase: 'export', doneBytes });
    },
    damaged(runId, reason) {
      reasons.set(runId, (reasons.get(runId) ?? new Set()).add(reason));
    },
    damagedIn: (runId) =>
      runId === undefined
        ? [...reasons.values()].flatMap((all) => [...all])
        : [...(reasons.get(runId) ?? [])],
  };
}

async function sizeIn(
  directory: string,
): Promise<{ readonly files: number; readonly bytes: number }> {
  let [files, bytes] = [0, 0];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      files += 1;
      bytes += (await stat(path.join(entry.parentPath, entry.name))).size;
    }
  return { files, bytes };
}
