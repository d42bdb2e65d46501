// stillpoint lens clear
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { deleteChunks, type DeletingOptions } from './deleting.ts';
import { addLensDirOption } from './places.ts';

export function addLensClearCommand(lens: Command, run: Runner): void {
  const command = lens
    .command('clear')
    .summary('delete all frames')
    .description(
      'Deletes all frames of all runs, or of one. What a run writes at this moment stays; the run goes on, and so do its checkpoints.',
    )
    .option('--run <id>', 'only that run')
    .option('--dry-run', 'only say what would be deleted')
    .option('--yes', 'do not ask');
  addLensDirOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens clear --dry-run\n  stillpoint lens clear --run terra-1 --yes',
    )
    .action(
      run<DeletingOptions>(async (context, options) => {
        await deleteChunks(context, 'all', options);
      }),
    );
}
