// stillpoint lens ...: what observers of simulations have seen.
import type { Command } from 'commander';
import type { Runner } from './context.ts';
import { addLensClearCommand } from './lens/clear.ts';
import { addLensCompactCommand } from './lens/compact.ts';
import { addLensDiffCommand } from './lens/diff.ts';
import { addLensExportCommand } from './lens/export.ts';
import { addLensInfoCommand } from './lens/info.ts';
import { addLensPlotCommand } from './lens/plot.ts';
import { addLensPruneCommand } from './lens/prune.ts';
import { addLensQueryCommand } from './lens/query.ts';
import { addLensSqlCommand } from './lens/sql.ts';
import { addLensVerifyCommand } from './lens/verify.ts';

export function addLensCommands(program: Command, run: Runner): void {
  const lens = program
    .command('lens')
    .summary(
      'frames of simulations: query, sql, plot, export, info, verify, diff, compact, prune, clear',
    )
    .description(
      'Answers questions about the frames that were captured of runs, and looks after their files. Nothing of it touches a run.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens info\n  stillpoint lens query atmosphere.temperature --tick 5000 --stat min,mean,max',
    );
  for (const add of [
    addLensQueryCommand,
    addLensSqlCommand,
    addLensPlotCommand,
    addLensExportCommand,
    addLensInfoCommand,
    addLensVerifyCommand,
    addLensDiffCommand,
    addLensCompactCommand,
    addLensPruneCommand,
    addLensClearCommand,
  ]) {
    add(lens, run);
  }
}
