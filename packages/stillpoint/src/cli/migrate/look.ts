// stillpoint migrate status, and drift: looking without touching.
import { failure } from '@stillpoint/core';
import type { MigrationStatus } from '@stillpoint/persistence';
import type { Command } from 'commander';
import { plainText } from '../../output/plain-text.ts';
import { renderTable } from '../../output/table.ts';
import { countText, momentText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import { openDaemon, optionsOf, type DaemonOptions } from './open.ts';
import { lossText } from './show.ts';

export function addLookingCommands(migrate: Command, run: Runner): void {
  const looking = (name: string, summary: string, description: string): Command =>
    migrate
      .command(name)
      .summary(summary)
      .description(description)
      .option('--source <name>', 'which database, when the project has several')
      .option('--member <path>', 'the repository with the migrations, when it is not clear')
      .addHelpText('after', `\nExample:\n  stillpoint migrate ${name}`);

  looking(
    'status',
    'say what is applied, and what is to come',
    'Shows the migrations that are applied, the files that are not, and whether the models want more.',
  ).action(
    run<DaemonOptions>(async (context) => {
      await using daemon = await openDaemon(context, optionsOf(context), { commits: false });
      const { signal } = context.host;
      const status = await daemon.persistence.migrationStatus({ ...daemon.places, signal });
      context.output.result(status);
      showStatus(context, status);
    }),
  );

  looking(
    'drift',
    'say where the database differs from its migrations',
    'Compares tables, columns, constraints, indexes and enums of the live database with what its migrations made. It changes nothing.',
  ).action(
    run<DaemonOptions>(async (context) => {
      await using daemon = await openDaemon(context, optionsOf(context), { commits: false });
      const { signal } = context.host;
      const report = await daemon.persistence.findDrift({ ...daemon.places, signal });
      const { output } = context;
      output.result(report);
      if (report.migration === null) output.data('No migration was applied yet.');
      for (const { kind, what, owner } of report.findings) {
        const whose = owner === null ? '' : ` (${plainText(owner)})`;
        output.data(`${output.style.yellow(kind.padEnd(7))}  ${plainText(what)}${whose}`);
      }
      const count = report.findings.length;
      if (count > 0) throw failure('MIGRATION_DRIFT', { count });
      if (report.migration !== null) output.data('The database is as its migrations made it.');
    }),
  );
}

function showStatus({ output }: CommandContext, status: MigrationStatus): void {
  const { applied, pending, difference, parts } = status;
  const words = { same: '', changed: 'its file was changed', missing: 'its file is missing' };
  const rows = [
    ...applied.map((one) => [one.name, momentText(new Date(one.appliedAt)), words[one.file]]),
    ...pending.map((name) => [name, 'pending', '']),
  ];
  const columns = [{ title: 'MIGRATION', shrink: true }, { title: 'APPLIED' }, { title: '' }];
  const { style, width } = output;
  if (rows.length > 0)
    for (const line of renderTable(columns, rows, { width, style })) output.data(line);
  if (parts.length > 0) output.data(`To be set up: the tables of ${parts.join(', ')}.`);
  if (difference !== null) {
    const many = countText(difference.statements, 'statement');
    output.data(`The models want more than the files have: ${difference.words}, ${many}.`);
    for (const loss of difference.losses) output.data(lossText(loss, style));
  }
  if (pending.length > 0 || difference !== null || parts.length > 0)
    output.next('stillpoint migrate --dry-run', 'What it would do');
  else if (applied.every(({ file }) => file === 'same'))
    output.data('The database is as the models say.');
}
