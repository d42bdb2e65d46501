// stillpoint lens info [PATH]
import type { LensField, LensInfo, ListedLens } from '@stillpoint/sim';
import type { Command } from 'commander';
import { plainText } from '../../output/plain-text.ts';
import { renderTable, type Column } from '../../output/table.ts';
import { agoText, bytesText, countText } from '../../output/units.ts';
import { numberText, shapeText } from '../checkpoint/numbers-text.ts';
import { shownPath } from '../checkpoint/places.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { LENS, locate, locateRun, runsAt, USUAL_LENS_DIRECTORY } from './places.ts';

interface Options {
  readonly run?: string;
}

export function addLensInfoCommand(lens: Command, run: Runner): void {
  lens
    .command('info')
    .argument('[path]', `${LENS}; ./${USUAL_LENS_DIRECTORY} when left out`)
    .summary('what a lens holds: runs, fields, frames')
    .description(
      'Lists the runs of a directory; of one run, or one file, its fields, how many frames there are of which ticks, what was dropped, and the files.',
    )
    .option('--run <id>', 'that one of a directory of runs')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint lens info\n  stillpoint lens info ./lens/terra-1 --json | jq -r ".fields[].name"',
    )
    .action(
      run<Options>(async (context, { run: runId }, [given]) => {
        const { lensInfo } = await loadSim();
        const { call, output } = context;
        const listed = runId === undefined ? await runsAt(context, given) : [];
        if (listed.length > 0) {
          output.result(listed);
          showRuns(context, listed);
          return;
        }
        const one = runId === undefined ? {} : { run: runId };
        const { place } =
          given === undefined ? await locateRun(context, one) : await locate(context, given, one);
        const info = await lensInfo(place, { signal: call.signal });
        output.result(info);
        if (!output.json) for (const line of linesOf(context, info)) output.data(line);
        for (const reason of info.damaged) output.warn(reason);
      }),
    );
}

function showRuns({ output }: CommandContext, runs: readonly ListedLens[]): void {
  if (output.json) return;
  const { style, width } = output;
  const columns: readonly Column[] = [
    { title: 'RUN', paint: style.bold, shrink: true },
    { title: '' },
    { title: 'STATE' },
    { title: 'CHUNKS', align: 'right', spare: 1 },
    // Theirs, which may end far behind the last frame.
    { title: 'FOR TICKS', align: 'right' },
    { title: 'SIZE', align: 'right' },
  ];
  const rows = runs.map(({ runId, latest, busy, ticks, chunks, sizeBytes }) => [
    runId,
    latest ? 'latest' : '',
    busy ? 'running' : 'at rest',
    String(chunks),
    ticks === null ? '' : `${ticks.start}–${ticks.end}`,
    bytesText(sizeBytes),
  ]);
  output.data(renderTable(columns, rows, { width, style }).join('\n'));
  const { runId } = runs.find(({ latest }) => latest) ?? runs[0]!;
  output.next(`stillpoint lens info --run ${runId}`, 'What one of them holds');
}

function linesOf(context: CommandContext, info: LensInfo): readonly string[] {
  const { style, width } = context.output;
  const { first, last, chunks, dropped, strideTicks } = info;
  const droppedFrames = dropped.reduce((sum, { frames }) => sum + frames, 0);
  const open = chunks.filter(({ sealed }) => !sealed).length;
  const sizeBytes = chunks.reduce((sum, one) => sum + one.sizeBytes, 0);
  const every = strideTicks === null ? '' : `, every ${countText(strideTicks, 'tick')}`;
  const rows: readonly (readonly [string, string])[] = [
    ['from', shownPath(context, info.name)],
    ['world', plainText(info.world)],
    ['frames', first === null ? 'none' : `${info.frames}${every}`],
    ['ticks', first && last ? `${first.tick} to ${last.tick}` : ''],
    [
      'time',
      first && last
        ? `${numberText(first.timeSeconds)} s to ${numberText(last.timeSeconds)} s`
        : '',
    ],
    ['begun', agoText(new Date(info.createdAt), context.host.now())],
    ['files', `${chunks.length}${open === 0 ? '' : ` (${open} open)`}, ${bytesText(sizeBytes)}`],
    ['dropped', droppedFrames === 0 ? '' : droppedText(info)],
  ];
  const columns: readonly Column[] = [
    { title: 'FIELD', shrink: true, paint: style.cyan },
    { title: 'UNIT' },
    { title: 'EACH', spare: 3 },
    { title: 'TOPOLOGY' },
    { title: 'BETWEEN', spare: 2 },
    { title: 'KEPT AS', spare: 1 },
  ];
  return [
    style.bold(plainText(info.runId)),
    ...rows
      .filter(([, text]) => text !== '')
      .map(([name, text]) => `  ${style.dim(name.padEnd(10))}${text}`),
    '',
    ...renderTable(columns, info.fields.map(rowOf), { width, style }),
  ];
}

function rowOf(field: LensField): readonly string[] {
  const { name, unit, components, reconstruction, precision } = field;
  const { type, bits } = precision;
  return [
    plainText(name),
    plainText(unit),
    shapeText(components),
    topologyText(field),
    reconstruction,
    bits === undefined ? type : `${type}, ${bits} bits`,
  ];
}

function topologyText({ topology }: LensField): string {
  const { kind, rows = 1, columns = 1, extent } = topology;
  if (kind === 'points') return 'points';
  const over = extent?.map((axis) => axis.join(':')).join(',') ?? '';
  return `${kind} ${rows}×${columns}${over === '' ? '' : ` over ${over}`}`;
}

function droppedText({ dropped }: LensInfo): string {
  const [first, last] = [dropped[0]!, dropped.at(-1)!];
  const frames = dropped.reduce((sum, one) => sum + one.frames, 0);
  const reasons = [...new Set(dropped.map(({ reason }) => reason))].join(', ');
  return `${countText(frames, 'frame')} of ticks ${first.ticks.start} to ${last.ticks.end - 1} (${reasons})`;
}
