// stillpoint checkpoint inspect CHECKPOINT
import type { InspectedCheckpoint } from '@stillpoint/sim';
import type { Command } from 'commander';
import { plainText } from '../../output/plain-text.ts';
import { renderTable, type Column } from '../../output/table.ts';
import { agoText, bytesText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { numberText, shapeText } from './numbers-text.ts';
import { addPlaceOption, CHECKPOINT, shownPath, whereOf, type PlaceOptions } from './places.ts';

interface Options extends PlaceOptions {
  /** False with --no-numbers. */
  readonly numbers: boolean;
}

export function addCheckpointInspectCommand(checkpoint: Command, run: Runner): void {
  const command = checkpoint
    .command('inspect')
    .argument('<checkpoint>', CHECKPOINT)
    .summary('what is in one: facts, arrays, their range')
    .description(
      'Shows of which run, tick, world and runtime a checkpoint is, and of each array the type, the shape, how well it compressed, and its smallest, largest and mean value.',
    )
    .option('--no-numbers', 'do not read the arrays');
  addPlaceOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint checkpoint inspect terra-1\n  stillpoint checkpoint inspect terra-1@500 --json | jq .facts.parameters',
    )
    .action(
      run<Options>(async (context, options, [given = '']) => {
        const { inspectCheckpoint, locateCheckpoint } = await loadSim();
        const { call, output } = context;
        const file = await locateCheckpoint(given, whereOf(context, options));
        const { signal } = call;
        const seen = await inspectCheckpoint(file, { numbers: options.numbers, signal });
        output.result(seen);
        if (output.json) return;
        for (const line of factLines(context, seen)) output.data(line);
        output.data('');
        for (const line of sectionLines(context, seen)) output.data(line);
      }),
    );
}

function factLines(context: CommandContext, seen: InspectedCheckpoint): readonly string[] {
  const { style } = context.output;
  const { facts, base, plainBytes, storedBytes } = seen;
  const { runtime, lineage, world } = facts;
  const parameters = Object.entries(facts.parameters).map(
    ([name, value]) => `${plainText(name)}=${value}`,
  );
  const rows: readonly (readonly [string, string])[] = [
    ['file', shownPath(context, seen.file)],
    ['run', facts.runId],
    ['forked from', lineage === null ? '' : `${plainText(lineage.runId)} at tick ${lineage.tick}`],
    ['world', plainText(world.name)],
    ['time', `${Number(facts.simTimeSeconds.toPrecision(12))} s of its world`],
    ['era', plainText(facts.era)],
    ['seed', plainText(facts.seed)],
    ['parameters', parameters.join(', ')],
    ['written', agoText(new Date(facts.createdAt), context.host.now())],
    ['by', `Node ${runtime.node.replace(/^v/, '')}, ${runtime.platform} ${runtime.arch}`],
    ['size', `${bytesText(storedBytes)} of ${bytesText(plainBytes)}`],
    ['needs', base ?? ''],
  ];
  return [
    `${style.bold(facts.runId)} at tick ${style.bold(String(facts.tick))}`,
    ...rows
      .filter(([, text]) => text !== '')
      .map(([name, text]) => `  ${style.dim(name.padEnd(12))}${text}`),
  ];
}

function sectionLines(context: CommandContext, seen: InspectedCheckpoint): readonly string[] {
  const { style, width } = context.output;
  const columns: readonly Column[] = [
    { title: 'ARRAY', shrink: true, paint: style.cyan },
    { title: 'TYPE' },
    { title: 'SHAPE', align: 'right' },
    { title: 'BYTES', align: 'right', spare: 2 },
    { title: 'RATIO', align: 'right', spare: 3 },
    { title: 'MIN', align: 'right' },
    { title: 'MAX', align: 'right' },
    { title: 'MEAN', align: 'right', spare: 1 },
    { title: 'NOT FINITE', align: 'right', paint: style.red },
  ];
  const rows = seen.sections.map(({ name, dtype, shape, plainBytes, ratio, numbers }) => [
    plainText(name),
    dtype,
    shapeText(shape),
    bytesText(plainBytes),
    ratio.toFixed(2),
    ...(numbers === null
      ? ['', '', '', '']
      : [
          numberText(numbers.min),
          numberText(numbers.max),
          numberText(numbers.mean),
          numbers.notFinite === 0 ? '' : String(numbers.notFinite),
        ]),
  ]);
  return renderTable(columns, rows, { width, style });
}
