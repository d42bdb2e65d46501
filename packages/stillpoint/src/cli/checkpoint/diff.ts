// stillpoint checkpoint diff FROM TO
import type { CheckpointDiff, SectionDifference } from '@stillpoint/sim';
import type { Command } from 'commander';
import { plainText } from '../../output/plain-text.ts';
import { renderTable, type Column } from '../../output/table.ts';
import { countText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import { ProgramEnded } from '../exec.ts';
import { loadSim } from '../load-sim.ts';
import { numberText } from './numbers-text.ts';
import { addPlaceOption, CHECKPOINT, whereOf, type PlaceOptions } from './places.ts';

interface Options extends PlaceOptions {
  readonly exitCode?: true;
}

const DIFFERENT = 1;
/** Digests and JSON of a loop's own: the document has them whole. */
const LONGEST_FACT = 60;

export function addCheckpointDiffCommand(checkpoint: Command, run: Runner): void {
  const command = checkpoint
    .command('diff')
    .argument('<from>', CHECKPOINT)
    .argument('<to>', 'another one')
    .summary('which arrays differ, and by how much')
    .description(
      'Compares two checkpoints: tick, era, parameters and world, and each array, with how many of its elements differ, the first of them, and the largest difference.',
    )
    .option('--exit-code', 'end with status 1 when they differ');
  addPlaceOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint checkpoint diff terra-1@100 terra-2@100 --exit-code\n  stillpoint checkpoint diff a.ckpt b.ckpt --json | jq .sections',
    )
    .action(
      run<Options>(async (context, options, [from = '', to = '']) => {
        const { diffCheckpoints, locateCheckpoint } = await loadSim();
        const { call, output } = context;
        const where = whereOf(context, options);
        const files = [await locateCheckpoint(from, where), await locateCheckpoint(to, where)];
        const { signal } = call;
        const diff = await diffCheckpoints(files[0]!, files[1]!, { signal });
        output.result(diff);
        if (!output.json) for (const line of linesOf(context, diff)) output.data(line);
        if (diff.different && options.exitCode === true) throw new ProgramEnded(DIFFERENT);
      }),
    );
}

function linesOf({ output }: CommandContext, diff: CheckpointDiff): readonly string[] {
  const { style, width } = output;
  const { from, to, facts, sections, equalSections } = diff;
  const sides = [from, to].map(({ runId, tick }) => style.bold(`${plainText(runId)}@${tick}`));
  if (!diff.different)
    return [`${sides.join(' and ')} are equal: ${countText(equalSections, 'array')}.`];
  const columns: readonly Column[] = [
    { title: 'ARRAY', shrink: true, paint: style.cyan },
    { title: 'DIFFER', align: 'right' },
    { title: 'FIRST', align: 'right', spare: 2 },
    { title: 'LARGEST', align: 'right' },
    { title: 'RELATIVE', align: 'right', spare: 1 },
  ];
  const table = renderTable(columns, sections.map(rowOf), { width, style });
  const equal = equalSections === 1 ? 'One array is equal.' : `${equalSections} arrays are equal.`;
  return [
    sides.join(' → '),
    ...facts.map(
      ({ name, from: was, to: is }) => `  ${plainText(name)}: ${factText(was)} → ${factText(is)}`,
    ),
    ...(sections.length === 0 ? [] : table),
    equal,
  ];
}

function rowOf(difference: SectionDifference): readonly string[] {
  const name = plainText(difference.name);
  if (difference.kind === 'layout') return [name, `${difference.from} → ${difference.to}`];
  if (difference.kind !== 'values') return [name, difference.kind];
  const { differing, elements, first, maxAbsolute, maxRelative } = difference;
  const largest = [numberText(maxAbsolute), numberText(maxRelative)];
  return [name, `${differing} of ${elements}`, String(first), ...largest];
}

function factText(value: string | number | null): string {
  if (value === null) return 'none';
  const text = plainText(String(value));
  return text.length > LONGEST_FACT ? `${text.slice(0, LONGEST_FACT - 1)}…` : text;
}
