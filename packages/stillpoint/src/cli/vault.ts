// stillpoint vault ...: what is done with a vault as a whole.
import type { Command } from 'commander';
import type { Runner } from './context.ts';
import { addVaultCopyCommand } from './vault/copy.ts';
import { addVaultInitCommand } from './vault/init.ts';
import { addVaultKeyCommands } from './vault/key.ts';
import { addVaultRebaseCommand } from './vault/rebase.ts';
import { addVaultRepairCommand } from './vault/repair.ts';
import { addVaultStatsCommand } from './vault/stats.ts';
import { addVaultExportCommand, addVaultImportCommand } from './vault/transfer.ts';
import { addVaultValidateCommand } from './vault/validate.ts';

export function addVaultCommands(program: Command, run: Runner): void {
  const vault = program
    .command('vault')
    .summary('the vault as a whole: copies, exports, statistics, repair, keys')
    .description('Takes care of the vault that keeps the snapshots, and of copies of it.')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault stats\n  stillpoint vault copy /mnt/offsite/shop',
    );
  for (const add of [
    addVaultStatsCommand,
    addVaultCopyCommand,
    addVaultExportCommand,
    addVaultImportCommand,
    addVaultRepairCommand,
    addVaultRebaseCommand,
    addVaultKeyCommands,
    addVaultInitCommand,
    addVaultValidateCommand,
  ]) {
    add(vault, run);
  }
}
