// stillpoint undo
import type { Command } from 'commander';
import type { SnapshotId } from '@stillpoint/core';
import type { Stillpoint } from '@stillpoint/engine';
import { confirm } from './confirm.ts';
import type { CommandContext, Runner } from './context.ts';
import { showPlan } from './plan.ts';
import { showRestored } from './restored.ts';

interface Options {
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addUndoCommand(program: Command, run: Runner): void {
  program
    .command('undo')
    .summary('take the last restore back')
    .description(
      'Brings back what the last restore (or undo) replaced. What is there now becomes the undo point.',
    )
    .option('--dry-run', 'only say what would change')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  stillpoint undo --dry-run\n  stillpoint undo --yes')
    .action(
      run<Options>(async (context, options) => {
        await using project = await context.openProject();
        const { stillpoint } = project;
        if (options.dryRun === true) {
          const plan = await stillpoint.planUndo(context.call);
          context.output.result(plan);
          showPlan(plan, (line) => context.output.data(line));
          context.output.next('stillpoint undo', 'To do it');
          return;
        }
        const point = options.yes === true ? {} : await weigh(context, stillpoint);
        const restored = await stillpoint.undo({ ...context.call, ...point });
        showRestored(context, restored);
        context.output.next('stillpoint undo', 'To change your mind again');
      }),
    );
}

/** Whoever says --yes has no use for the plan. The point is what was shown: another one may be the last by now. */
async function weigh(
  context: CommandContext,
  stillpoint: Stillpoint,
): Promise<{ readonly point: SnapshotId }> {
  const plan = await stillpoint.planUndo(context.call);
  showPlan(plan, (line) => context.output.say(line));
  await confirm(context, 'undo', false);
  return { point: plan.snapshot.id };
}
