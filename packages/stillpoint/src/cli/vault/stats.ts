// stillpoint vault stats
import type { SnapshotUsage, SourceUsage, VaultStats } from '@stillpoint/engine';
import type { Command } from 'commander';
import { renderTable, type Column } from '../../output/table.ts';
import { agoText, bytesText, countText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import { addVaultOption, openChosen, type VaultOption } from './open-vault.ts';

export function addVaultStatsCommand(vault: Command, run: Runner): void {
  const command = vault
    .command('stats')
    .summary('what the vault holds, and for whom')
    .description(
      'Counts what the vault holds: before and after deduplication and compression, for each source, and for each snapshot what it alone holds, which forgetting it would free.',
    );
  addVaultOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault stats\n  stillpoint vault stats --json | jq .unusedBytes',
    )
    .action(
      run<VaultOption>(async (context, options) => {
        const { call, output } = context;
        await using opened = await openChosen(context, options);
        const stats = await opened.care.stats(call);
        output.result(stats);
        if (output.json) return;
        for (const line of linesOf(context, stats)) output.data(line);
        if (stats.unusedBytes > 0) output.next('stillpoint prune --dry-run', 'What could be freed');
      }),
    );
}

function linesOf(context: CommandContext, stats: VaultStats): readonly string[] {
  const { style } = context.output;
  const held = `${countText(stats.snapshots, 'snapshot')} of ${bytesText(stats.plainBytes)}`;
  const unreadable =
    stats.unreadable === 0
      ? []
      : [style.red(`${stats.unreadable} more cannot be read: stillpoint verify`)];
  return [
    `${style.bold(stats.vault)}: ${held} in ${bytesText(stats.packBytes + stats.indexBytes)}`,
    ...unreadable,
    `deduplicated ${times(stats.deduplication)}, compressed ${times(stats.compression)}, ${countText(stats.chunks, 'chunk')}`,
    `${countText(stats.packs, 'pack')}, ${countText(stats.indexes, 'index', 'indexes')}, unused ${bytesText(stats.unusedBytes)}`,
    ...table(context, sourceColumns, stats.perSource.map(sourceRow)),
    ...table(
      context,
      snapshotColumns,
      stats.perSnapshot.map((one) => snapshotRow(one, context.host.now())),
    ),
  ];
}

const sourceColumns: readonly Column[] = [
  { title: 'SOURCE', shrink: true },
  { title: 'KIND', spare: 2 },
  { title: 'CAPTURED', align: 'right' },
  { title: 'DISTINCT', align: 'right', spare: 1 },
  { title: 'STORED', align: 'right' },
];

const snapshotColumns: readonly Column[] = [
  { title: 'ID' },
  { title: 'NAME', shrink: true },
  { title: 'TAKEN', spare: 2 },
  { title: 'CAPTURED', align: 'right', spare: 1 },
  { title: 'STORED', align: 'right' },
  { title: 'ALONE', align: 'right' },
];

function sourceRow(one: SourceUsage): readonly string[] {
  const sizes = [one.plainBytes, one.distinctBytes, one.storedBytes].map(bytesText);
  return [one.source, one.driver, ...sizes];
}

function snapshotRow(one: SnapshotUsage, now: Date): readonly string[] {
  const sizes = [one.plainBytes, one.storedBytes, one.aloneBytes].map(bytesText);
  return [one.id, one.name ?? '', agoText(new Date(one.createdAt), now), ...sizes];
}

function table(
  { output }: CommandContext,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const { style, width } = output;
  return rows.length === 0 ? [] : ['', ...renderTable(columns, rows, { width, style })];
}

function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 9.95 ? 1 : 0)}x`;
}
