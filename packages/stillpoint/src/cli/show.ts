// stillpoint show REF
import type { Command } from 'commander';
import type { SnapshotSummary } from '@stillpoint/engine';
import type { Output } from '../output/output.ts';
import { renderTable } from '../output/table.ts';
import { agoText, bytesText, millisecondsText, momentText } from '../output/units.ts';
import type { Runner } from './context.ts';

export function addShowCommand(program: Command, run: Runner): void {
  program
    .command('show')
    .argument('[ref]', 'an id, the start of one, a name, latest or latest~2', 'latest')
    .summary('everything about one snapshot')
    .description('Shows what a snapshot holds: commits, sources, times, digests.')
    .option('--lock', 'only its lockfile: what exactly the project consisted of')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint show before-v2\n  stillpoint show latest --lock',
    )
    .action(
      run<{ readonly lock?: true }>(async (context, options, [ref = 'latest']) => {
        await using project = await context.openProject();
        if (options.lock === true) {
          const { lockfileText } = await import('@stillpoint/engine');
          const lockfile = await project.stillpoint.lockfile(ref, context.call);
          context.output.result(lockfile);
          context.output.data(lockfileText(lockfile).trimEnd());
          return;
        }
        const snapshot = await project.stillpoint.show(ref, context.call);
        context.output.result(snapshot);
        if (!context.output.json) showSnapshot(snapshot, context.output, context.host.now());
        context.output.next(
          `stillpoint restore ${snapshot.name ?? snapshot.id} --dry-run`,
          'What restoring it would change',
        );
      }),
    );
}

function showSnapshot(snapshot: SnapshotSummary, output: Output, now: Date): void {
  const { style } = output;
  const taken = new Date(snapshot.createdAt);
  const facts: readonly (readonly [string, string])[] = [
    [
      'snapshot',
      `${style.bold(snapshot.id)}${snapshot.name === null ? '' : ` ${style.cyan(snapshot.name)}`}`,
    ],
    ['kind', snapshot.kind === 'undo' ? 'undo point: what a restore replaced' : ''],
    ['held', snapshot.held ? 'yes: it is not forgotten' : ''],
    ['seal', snapshot.brokenSeal === null ? '' : mixText(snapshot.brokenSeal)],
    ['message', snapshot.message ?? ''],
    ['taken', `${momentText(taken)} (${agoText(taken, now)})`],
    [
      'frozen',
      `${style.green(millisecondsText(snapshot.freeze.totalMs))}: ${freezeParts(snapshot)}`,
    ],
    ['duration', millisecondsText(snapshot.durationMs)],
    ['project', snapshot.project.directory],
    ['digest', snapshot.digest],
    ['lockfile', snapshot.lockfile.signature],
  ];
  for (const [key, value] of facts) {
    if (value !== '') output.data(`${style.dim(key.padEnd(10))}${value}`);
  }
  const options = { width: output.width, style };
  const members = snapshot.members.map((member) => [
    member.path,
    member.branch ?? '(detached)',
    member.commit?.slice(0, 12) ?? '(no commit)',
    member.dirty ? 'uncommitted work, captured' : 'clean',
  ]);
  const sources = snapshot.sources.map((source) => [
    source.name,
    source.driver,
    source.strategy,
    source.quiesced ? 'held still' : 'not held still',
    bytesText(source.bytesTotal),
    bytesText(source.bytesStored),
  ]);
  if (members.length > 0) {
    output.data('');
    const columns = [
      { title: 'MEMBER', shrink: true },
      { title: 'BRANCH', shrink: true },
      { title: 'COMMIT', spare: 1 },
      { title: 'WORK TREE', shrink: true },
    ];
    for (const line of renderTable(columns, members, options)) output.data(line);
  }
  if (sources.length > 0) {
    output.data('');
    const right = { align: 'right' } as const;
    const columns = [
      { title: 'SOURCE', shrink: true },
      { title: 'DRIVER', spare: 3 },
      { title: 'STRATEGY', spare: 2 },
      { title: 'WRITERS', spare: 1 },
      { title: 'SIZE', ...right },
      { title: 'STORED', ...right },
    ];
    for (const line of renderTable(columns, sources, options)) output.data(line);
  }
}

function freezeParts(snapshot: SnapshotSummary): string {
  const { drainMs, markMs, participants } = snapshot.freeze;
  const who =
    participants.length === 0 ? 'nobody' : participants.map((entry) => entry.name).join(', ');
  return `${millisecondsText(drainMs)} until ${who} held still, ${millisecondsText(markMs)} for the marks`;
}

function mixText(seal: NonNullable<SnapshotSummary['brokenSeal']>): string {
  const parts = [...(seal.earlier ?? []), seal].map(
    ({ sources, snapshot }) => `${sources.join(', ')} had been brought back alone from ${snapshot}`,
  );
  return `broken when it was taken: ${parts.join('; ')}`;
}
