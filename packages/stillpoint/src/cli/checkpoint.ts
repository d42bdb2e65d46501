// stillpoint checkpoint ...: what simulations have kept.
import type { Command } from 'commander';
import { addCheckpointDiffCommand } from './checkpoint/diff.ts';
import { addCheckpointExportCommand } from './checkpoint/export.ts';
import { addCheckpointForkCommand } from './checkpoint/fork.ts';
import { addCheckpointInspectCommand } from './checkpoint/inspect.ts';
import { addCheckpointListCommand } from './checkpoint/list.ts';
import { addCheckpointPruneCommand } from './checkpoint/prune.ts';
import { addCheckpointVerifyCommand } from './checkpoint/verify.ts';
import type { Runner } from './context.ts';

export function addCheckpointCommands(program: Command, run: Runner): void {
  const checkpoint = program
    .command('checkpoint')
    .summary('checkpoints of simulations: list, inspect, verify, diff, prune, export, fork')
    .description('Looks after the checkpoints that runs of simulations have written.')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint checkpoint list\n  stillpoint checkpoint diff terra@100 warmer@100',
    );
  for (const add of [
    addCheckpointListCommand,
    addCheckpointInspectCommand,
    addCheckpointVerifyCommand,
    addCheckpointDiffCommand,
    addCheckpointPruneCommand,
    addCheckpointExportCommand,
    addCheckpointForkCommand,
  ]) {
    add(checkpoint, run);
  }
}
