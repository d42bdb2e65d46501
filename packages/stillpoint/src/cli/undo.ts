// stillpoint undo
import type { Command } from 'commander';
import { confirm } from './confirm.ts';
import type { Runner } from './context.ts';
import { showRestored } from './restored.ts';

interface Options {
  readonly yes?: true;
}

export function addUndoCommand(program: Command, run: Runner): void {
  program
    .command('undo')
    .summary('take the last restore back')
    .description(
      'Brings back what the last restore (or undo) replaced. What is there now becomes the undo point.',
    )
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  stillpoint undo --yes')
    .action(
      run<Options>(async (context, options) => {
        await using project = await context.openProject();
        await confirm(context, 'undo', options.yes === true);
        const restored = await project.stillpoint.undo(context.call);
        showRestored(context, restored);
        context.output.next('stillpoint undo', 'To change your mind again');
      }),
    );
}
