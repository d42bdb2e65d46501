// stillpoint list
import type { Command } from 'commander';
import type { DamagedSnapshot, SnapshotSummary } from '@stillpoint/engine';
import { renderTable, type Column } from '../output/table.ts';
import { agoText, bytesText, countText, millisecondsText } from '../output/units.ts';
import type { CommandContext, Runner } from './context.ts';
import { codeText, isDamaged, totalOf } from './describe.ts';

export function addListCommand(program: Command, run: Runner): void {
  program
    .command('list')
    .summary('every snapshot, the newest last')
    .description('Lists every snapshot and undo point, the newest last.')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint list\n  stillpoint list --json | jq -r ".[].id"',
    )
    .action(
      run(async (context) => {
        await using opened = await context.openReader();
        const snapshots = await opened.reader.list(context.call);
        context.output.result(snapshots);
        if (!context.output.json && (opened.config.copies ?? []).length > 0)
          await sayBehind(context);
        if (snapshots.length === 0) {
          context.output.say('There is no snapshot yet.');
          context.output.next('stillpoint snapshot', 'Take the first');
          return;
        }
        // All at once: a write for each of thousands of lines takes longer than making them.
        if (!context.output.json) context.output.data(tableOf(snapshots, context).join('\n'));
        context.output.next('stillpoint show latest', 'More about one');
      }),
    );
}

/** Copies are elsewhere, and slow or away at times: nobody who reads the list by a program waits for them. */
async function sayBehind(context: CommandContext): Promise<void> {
  const { output } = context;
  await using project = await context.openProject();
  for (const { place, behind, problem } of await project.stillpoint.copies()) {
    if (behind === null) output.warn(`The copy at ${place} cannot be looked at: ${problem}`);
    else if (behind > 0) {
      const many = countText(behind, 'snapshot');
      output.warn(`The copy at ${place} is ${many} behind: stillpoint vault copy`);
    }
  }
}

function tableOf(
  snapshots: readonly (SnapshotSummary | DamagedSnapshot)[],
  context: CommandContext,
): readonly string[] {
  const { style, width } = context.output;
  const columns: readonly Column[] = [
    { title: 'ID', paint: style.bold },
    { title: 'NAME', shrink: true, paint: style.cyan },
    { title: 'HELD' },
    { title: 'TAKEN' },
    { title: 'FROZEN', align: 'right', spare: 2, paint: style.green },
    { title: 'CODE', spare: 3 },
    { title: 'STORED', align: 'right', spare: 4 },
    { title: 'MESSAGE', shrink: true, spare: 1, paint: style.dim },
  ];
  const now = context.host.now();
  return renderTable(
    columns,
    snapshots.map((entry) => rowOf(entry, now)),
    { width, style },
  );
}

function rowOf(entry: SnapshotSummary | DamagedSnapshot, now: Date): readonly string[] {
  const held = entry.held ? 'held' : '';
  if (isDamaged(entry)) return [entry.id, '', held, 'damaged', '', '', '', entry.damaged];
  return [
    entry.id,
    entry.name ?? (entry.kind === 'undo' ? '(undo point)' : ''),
    held,
    agoText(new Date(entry.createdAt), now),
    millisecondsText(entry.freezeMs),
    codeText(entry),
    bytesText(totalOf(entry, 'bytesStored')),
    entry.message ?? '',
  ];
}
