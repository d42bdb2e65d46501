// stillpoint lens diff FROM TO
import type { LensDiff } from '@stillpoint/sim';
import type { Command } from 'commander';
import { plainText } from '../../output/plain-text.ts';
import { renderTable, type Column } from '../../output/table.ts';
import { countText } from '../../output/units.ts';
import { numberText } from '../checkpoint/numbers-text.ts';
import type { CommandContext, Runner } from '../context.ts';
import { ProgramEnded } from '../exec.ts';
import { loadSim } from '../load-sim.ts';
import { addLensDirOption, LENS, locate, type LensDirOptions } from './places.ts';

interface Options extends LensDirOptions {
  readonly exitCode?: true;
}

const DIFFERENT = 1;

export function addLensDiffCommand(lens: Command, run: Runner): void {
  const command = lens
    .command('diff')
    .argument('<from>', LENS)
    .argument('<to>', 'another one')
    .summary('which frames and samples differ')
    .description(
      'Compares two lenses tick by tick: frames that only one of them has, and of each field how many numbers differ, in how many frames, from which tick on, and by how much at most.',
    )
    .option('--exit-code', 'end with status 1 when they differ');
  addLensDirOption(command)
    .addHelpText('after', '\nExample:\n  stillpoint lens diff terra-1 warmer --exit-code')
    .action(
      run<Options>(async (context, options, [from = '', to = '']) => {
        const { diffLenses } = await loadSim();
        const { call, output } = context;
        const [a, b] = [await locate(context, from, options), await locate(context, to, options)];
        const diff = await diffLenses(a.place, b.place, call.signal);
        output.result(diff);
        if (!output.json) for (const line of linesOf(context, diff)) output.data(line);
        if (diff.different && options.exitCode === true) throw new ProgramEnded(DIFFERENT);
      }),
    );
}

function linesOf({ output }: CommandContext, diff: LensDiff): readonly string[] {
  const { style, width } = output;
  const [from, to] = [diff.from, diff.to].map(({ runId }) => style.bold(plainText(runId)));
  const equal = `${countText(diff.equalFields, 'field')} in ${countText(diff.compared, 'frame')}`;
  if (!diff.different) return [`${from} and ${to} are equal: ${equal}.`];
  const columns: readonly Column[] = [
    { title: 'FIELD', shrink: true, paint: style.cyan },
    { title: 'NUMBERS', align: 'right' },
    { title: 'FRAMES', align: 'right' },
    { title: 'FROM TICK', align: 'right', spare: 1 },
    { title: 'LARGEST', align: 'right' },
  ];
  const rows = diff.fields.map(({ name, kind, numbers, frames, firstTick, maxAbsolute }) =>
    kind === 'values'
      ? [
          plainText(name),
          String(numbers),
          String(frames),
          String(firstTick),
          numberText(maxAbsolute),
        ]
      : [plainText(name), kind === 'layout' ? 'other layout' : kind],
  );
  return [
    `${from} → ${to}`,
    ...onlyText(diff.onlyInFrom, from),
    ...onlyText(diff.onlyInTo, to),
    ...(rows.length === 0 ? [] : renderTable(columns, rows, { width, style })),
    `Equal: ${equal} that both have.`,
  ];
}

function onlyText(frames: number, run: string | undefined): readonly string[] {
  return frames === 0 ? [] : [`  ${countText(frames, 'frame')} only in ${run}`];
}
