// stillpoint checkpoint export CHECKPOINT -o FILE
import { failure } from '@stillpoint/core';
import type { ExportFormat } from '@stillpoint/sim';
import { Option, type Command } from 'commander';
import path from 'node:path';
import { bytesText, countText } from '../../output/units.ts';
import type { Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { addPlaceOption, CHECKPOINT, shownPath, whereOf, type PlaceOptions } from './places.ts';

interface Options extends PlaceOptions {
  readonly format?: ExportFormat;
  readonly output: string;
  readonly previous?: true;
}

const formats: readonly ExportFormat[] = ['safetensors', 'npz'];

export function addCheckpointExportCommand(checkpoint: Command, run: Runner): void {
  const command = checkpoint
    .command('export')
    .argument('<checkpoint>', CHECKPOINT)
    .summary('write the arrays as safetensors or npz')
    .description(
      'Writes the arrays of a checkpoint, verified, into a file that other tools read. The facts of the checkpoint go along as JSON.',
    )
    .requiredOption('-o, --output <file>', 'a file that is not there yet')
    .addOption(
      new Option('--format <format>', 'by the name of the file unless told').choices(formats),
    )
    .option('--previous', 'also the state of the tick before, as previous/...');
  addPlaceOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint checkpoint export terra-1 -o terra.npz\n  stillpoint checkpoint export terra-1@500 --format safetensors -o terra.safetensors',
    )
    .action(
      run<Options>(async (context, options, [given = '']) => {
        const { exportCheckpoint, locateCheckpoint } = await loadSim();
        const { call, host, output } = context;
        const target = path.resolve(host.cwd, options.output);
        const format = options.format ?? formatOf(target);
        const file = await locateCheckpoint(given, whereOf(context, options));
        const previous = options.previous === true;
        const { signal } = call;
        const result = await exportCheckpoint(file, target, { format, previous, signal });
        output.result(result);
        const what = `${countText(result.arrays.length, 'array')}, ${bytesText(result.bytes)}`;
        output.data(`Exported to ${output.style.bold(shownPath(context, target))}: ${what}.`);
      }),
    );
}

function formatOf(target: string): ExportFormat {
  const format = formats.find((one) => path.extname(target) === `.${one}`);
  if (format !== undefined) return format;
  throw failure('USAGE_INVALID', {
    problem: `The name of the file says no format: ${path.basename(target)}.`,
    usage: `Add --format ${formats.join(' or --format ')}.`,
  });
}
