// stillpoint checkpoint list [RUN]
import type { ListedRun } from '@stillpoint/sim';
import type { Command } from 'commander';
import path from 'node:path';
import { plainText } from '../../output/plain-text.ts';
import { renderTable, type Column } from '../../output/table.ts';
import { agoText, bytesText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { addPlaceOption, whereOf, type PlaceOptions } from './places.ts';

export function addCheckpointListCommand(checkpoint: Command, run: Runner): void {
  const command = checkpoint
    .command('list')
    .argument('[run]', 'its id or its directory; all runs when left out')
    .summary('the runs, or the checkpoints of one')
    .description(
      'Lists the runs with what they keep and where they were forked from; of one run each checkpoint, in the order in which they were written.',
    );
  addPlaceOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint checkpoint list\n  stillpoint checkpoint list terra-1 --json | jq -r ".checkpoints[].file"',
    )
    .action(
      run<PlaceOptions>(async (context, options, [given]) => {
        const { locateRun, listCheckpoints } = await loadSim();
        const { output } = context;
        const where = whereOf(context, options);
        if (given !== undefined) {
          const at = await locateRun(given, where);
          const all = await listCheckpoints(path.dirname(at));
          const one = all.find(({ path: its }) => its === at);
          output.result(one);
          if (one !== undefined) showRun(context, one);
          return;
        }
        const runs = await listCheckpoints(where.directory);
        output.result(runs);
        if (runs.length === 0) output.say(`There is no run in ${where.directory}.`);
        else showRuns(context, runs);
      }),
    );
}

function showRuns(context: CommandContext, runs: readonly ListedRun[]): void {
  const { host, output } = context;
  if (output.json) return;
  const { style, width } = output;
  const columns: readonly Column[] = [
    { title: 'RUN', paint: style.bold },
    { title: '', spare: 5 },
    { title: 'WORLD', shrink: true, paint: style.cyan, spare: 1 },
    { title: 'STATE' },
    { title: 'TICK', align: 'right' },
    { title: 'KEPT', align: 'right', spare: 3 },
    { title: 'SIZE', align: 'right', spare: 2 },
    { title: 'WRITTEN' },
    { title: 'FROM', shrink: true, spare: 4 },
  ];
  const rows = runs.map(({ runId, world, state, latest, checkpoints, bytes, lineage }) => {
    const newest = checkpoints.at(-1);
    return [
      runId,
      latest ? 'latest' : '',
      plainText(world),
      state,
      newest === undefined ? '' : String(newest.tick),
      String(checkpoints.length),
      bytesText(bytes),
      newest === undefined ? '' : agoText(new Date(newest.createdAt), host.now()),
      lineage === null ? '' : `${plainText(lineage.runId)}@${lineage.tick}`,
    ];
  });
  output.data(renderTable(columns, rows, { width, style }).join('\n'));
  const { runId } = runs.find(({ latest }) => latest) ?? runs[0]!;
  output.next(`stillpoint checkpoint list ${runId}`, 'The checkpoints of one');
}

function showRun(context: CommandContext, { runId, checkpoints, lineage }: ListedRun): void {
  const { host, output } = context;
  if (output.json) return;
  const { style, width } = output;
  if (lineage !== null)
    output.say(`${runId} was forked from ${plainText(lineage.runId)} at tick ${lineage.tick}.`);
  if (checkpoints.length === 0) {
    output.say('It has no checkpoint yet.');
    return;
  }
  const columns: readonly Column[] = [
    { title: 'TICK', align: 'right', paint: style.bold },
    { title: 'SIZE', align: 'right' },
    { title: 'WRITTEN' },
    { title: 'NEEDS', align: 'right', spare: 1 },
    { title: 'FILE', shrink: true, spare: 2, paint: style.dim },
  ];
  const tickOf = new Map(checkpoints.map(({ file, tick }) => [file, String(tick)]));
  const rows = checkpoints.map(({ tick, bytes, createdAt, base, file }) => [
    String(tick),
    bytesText(bytes),
    agoText(new Date(createdAt), host.now()),
    base === null ? '' : (tickOf.get(base) ?? base),
    file,
  ]);
  output.data(renderTable(columns, rows, { width, style }).join('\n'));
  output.next(`stillpoint checkpoint inspect ${runId}`, 'What is in the newest');
}
