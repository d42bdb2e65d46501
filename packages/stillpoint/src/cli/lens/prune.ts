// stillpoint lens prune
import { failure } from '@stillpoint/core';
import type { LensPruneRule } from '@stillpoint/sim';
import { InvalidArgumentError, type Command } from 'commander';
import type { Runner } from '../context.ts';
import { deleteChunks, type DeletingOptions } from './deleting.ts';
import { addLensDirOption } from './places.ts';
import { tickOption } from './query-options.ts';

interface Options extends DeletingOptions {
  readonly keepChunks?: number;
  readonly before?: number;
}

export function addLensPruneCommand(lens: Command, run: Runner): void {
  const command = lens
    .command('prune')
    .summary('delete chunks by a rule')
    .description(
      'Deletes the older chunks of each run, also while it goes on: no run depends on its frames. What a run writes at this moment stays.',
    )
    .option('--keep-chunks <count>', 'the newest so many of each run stay', countOption)
    .option('--before <tick>', 'chunks that end before that tick go', tickOption)
    .option('--run <id>', 'only that run')
    .option('--dry-run', 'only say what would be deleted')
    .option('--yes', 'do not ask');
  addLensDirOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens prune --keep-chunks 10 --dry-run\n  stillpoint lens prune --run terra-1 --before 100000',
    )
    .action(
      run<Options>(async (context, options) => {
        await deleteChunks(context, ruleOf(options), options);
      }),
    );
}

function ruleOf({ keepChunks, before }: Options): LensPruneRule {
  if (keepChunks !== undefined && before === undefined) return { keepChunks };
  if (before !== undefined && keepChunks === undefined) return { before };
  throw failure('USAGE_INVALID', {
    problem: 'Say by one rule what goes: --keep-chunks or --before.',
    usage: 'stillpoint lens prune --help shows how it is used.',
  });
}

function countOption(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new InvalidArgumentError('Write a whole number, 1 or more.');
  return Number(text);
}
