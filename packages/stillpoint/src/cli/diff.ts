// stillpoint diff FROM [TO]
import type { Command } from 'commander';
import type { Runner } from './context.ts';
import { diffLines } from './diff/text.ts';

interface Options {
  readonly schemaOnly?: true;
  readonly all?: true;
}

export function addDiffCommand(program: Command, run: Runner): void {
  program
    .command('diff')
    .argument('<from>', 'a snapshot: an id, the start of one, a name, latest or latest~2')
    .argument('[to]', 'another snapshot, instead of what is there now')
    .summary('what differs: commits, files, schemas, rows')
    .description(
      'Compares two snapshots, or a snapshot with what is there now: commits, files, dependency lockfiles, tables and rows, and what the newest checkpoints of runs hold.',
    )
    .option('--schema-only', 'do not look at rows')
    .option('--all', 'list every changed file, and many more rows; look into every run')
    .addHelpText(
      'after',
      '\nOf a table with more than 50,000 rows a sample is compared, the same rows on both sides.\n\nExample:\n  stillpoint diff before-v2\n  stillpoint diff latest~1 latest --schema-only',
    )
    .action(
      run<Options>(async (context, options, [from = '', to]) => {
        await using project = await context.openProject();
        const diff = await project.stillpoint.diff(from, to, {
          ...context.call,
          schemaOnly: options.schemaOnly === true,
          all: options.all === true,
        });
        const { output } = context;
        output.result(diff);
        if (output.json) return;
        const { style, width } = output;
        for (const line of diffLines(diff, { style, width, now: context.host.now() })) {
          output.data(line);
        }
        if (diff.to.snapshot === null && diff.different) {
          output.next(`stillpoint restore ${from}`, 'Back to it');
        }
      }),
    );
}
