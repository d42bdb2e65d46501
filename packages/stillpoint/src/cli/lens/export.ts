// stillpoint lens export PATH --output FILE
import { failure } from '@stillpoint/core';
import type { ExportedLens, FrameRange, LensExportFormat, LensPlace } from '@stillpoint/sim';
import { InvalidArgumentError, Option, type Command } from 'commander';
import path from 'node:path';
import { bytesText, countText } from '../../output/units.ts';
import { shownPath } from '../checkpoint/places.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { LENS, locate, runsAt } from './places.ts';
import { ticksOption } from './query-options.ts';
import { keepHeapSmall } from './small-heap.ts';

interface Options {
  readonly output: string;
  readonly format?: LensExportFormat;
  readonly fields?: readonly string[];
  readonly ticks?: FrameRange;
  readonly partition?: true;
  readonly run?: string;
  readonly compress?: number | 'none';
}

/** What the name of an output says. */
const EXTENSIONS: Readonly<Record<string, LensExportFormat>> = {
  '.parquet': 'parquet',
  '.h5': 'hdf5',
  '.hdf5': 'hdf5',
  '.zarr': 'zarr',
  '.arrow': 'arrow',
  '.feather': 'arrow',
  '.csv': 'csv',
};
const FORMATS = ['parquet', 'hdf5', 'zarr', 'arrow', 'csv'] as const;

export function addLensExportCommand(lens: Command, run: Runner): void {
  lens
    .command('export')
    .argument('<path>', LENS)
    .summary('write frames as Parquet, HDF5, Zarr, Arrow or CSV')
    .description(
      'Writes the frames of a run, or of all runs of a directory, as files of other tools: tables with a row for each sample (Parquet, Arrow, CSV), or arrays over all frames (HDF5, Zarr). They are read one after the other, however many they are. The output has its name only when it is whole.',
    )
    .requiredOption('-o, --output <path>', 'a file, or a directory, that is not there yet')
    .addOption(
      new Option('--format <format>', 'by the name of the output unless told').choices(FORMATS),
    )
    .option('--fields <names>', 'only these, with commas between them', fieldsOption)
    .option('--ticks <range>', 'frames of ticks A:B, both in it; A:B:N each Nth frame', ticksOption)
    .option(
      '--partition',
      'tables as a directory: table=.../run=.../ticks=.../part-0.parquet; so where the output has no extension',
    )
    .option('--run <id>', 'that one of a directory of runs')
    .option('--compress <how>', 'of HDF5: none, or gzip-1 to gzip-9', compressOption)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens export lens/terra-1 -o terra.parquet\n  stillpoint lens export lens --format parquet --partition -o terra --fields atmosphere.temperature --ticks 0:9000:10',
    )
    .action(
      run<Options>(async (context, options, [given = '']) => {
        await exportThem(context, options, given);
      }),
    );
}

async function exportThem(context: CommandContext, options: Options, given: string): Promise<void> {
  const { exportLens } = await loadSim();
  const { call, host, output } = context;
  const { fields, ticks, compress } = options;
  const target = path.resolve(host.cwd, options.output);
  const format = options.format ?? formatOf(options);
  if (compress !== undefined && format !== 'hdf5')
    throw usage('--compress goes with --format hdf5.');
  const isTable = format !== 'hdf5' && format !== 'zarr';
  const partition = options.partition ?? (isTable && path.extname(target) === '');
  keepHeapSmall();
  const done = await exportLens(await placesOf(context, options, given), {
    format,
    output: target,
    partition,
    signal: call.signal,
    onProgress: call.onProgress,
    ...(fields && { fields }),
    ...(ticks && { ticks }),
    ...(typeof compress === 'number' && { gzip: compress }),
  });
  output.result(done);
  show(context, done);
  if (done.damaged.length > 0)
    throw failure('LENS_SOME_DAMAGED', { path: given, reasons: done.damaged.join(' ') });
}

/** Of a directory of runs all of them, each row with its run. */
async function placesOf(
  context: CommandContext,
  { run }: Options,
  given: string,
): Promise<LensPlace | readonly LensPlace[]> {
  const runs = run === undefined ? await runsAt(context, given) : [];
  const places: LensPlace[] = [];
  for (const one of runs) places.push((await locate(context, one.path)).place);
  if (runs.length > 0) return places;
  return (await locate(context, given, run === undefined ? {} : { run })).place;
}

function show(context: CommandContext, done: ExportedLens): void {
  const { output } = context;
  const { rows, frames, bytes, files, runs, fields, dropped, damaged } = done;
  const what = [
    ...(runs.length > 1 ? [countText(runs.length, 'run')] : []),
    countText(fields.length, 'field'),
    countText(frames, 'frame'),
    ...(rows === null ? [] : [countText(rows, 'row')]),
    `${bytesText(bytes)}${files > 1 ? ` in ${countText(files, 'file')}` : ''}`,
  ];
  output.data(
    `Exported to ${output.style.bold(shownPath(context, done.output))}: ${what.join(', ')}.`,
  );
  if (dropped > 0)
    output.warn(
      `${countText(dropped, 'frame')} had been dropped when the run was captured: they are missing in it.`,
    );
  for (const reason of damaged) output.warn(reason);
  if (frames === 0) output.warn('No frame was captured there.');
}

function formatOf({ output }: Options): LensExportFormat {
  const format = EXTENSIONS[path.extname(output).toLowerCase()];
  if (format !== undefined) return format;
  throw usage(
    `The name of the output says no format: ${path.basename(output)}. Add --format, one of ${FORMATS.join(', ')}.`,
  );
}

function fieldsOption(text: string): readonly string[] {
  const fields = text.split(',').map((one) => one.trim());
  if (fields.includes(''))
    throw new InvalidArgumentError('Write names of fields, like atmosphere.temperature,wind.');
  return fields;
}

function compressOption(text: string): number | 'none' {
  const found = /^(?:none|gzip-([1-9]))$/.exec(text);
  if (found === null) throw new InvalidArgumentError('Write none, or gzip-1 to gzip-9.');
  return found[1] === undefined ? 'none' : Number(found[1]);
}

function usage(problem: string): Error {
  return failure('USAGE_INVALID', {
    problem,
    usage: 'stillpoint lens export --help shows how it is used.',
  });
}
