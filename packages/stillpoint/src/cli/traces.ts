// stillpoint traces [list|show|slowest|errors|names]: what a daemon did, from the spans in its database.
import { failure, parseDuration } from '@stillpoint/core';
import type { NameSummary, SpanRecord, TraceQueries } from '@stillpoint/persistence';
import { InvalidArgumentError, type Command } from 'commander';
import { plainText } from '../output/plain-text.ts';
import { renderTable, type Column } from '../output/table.ts';
import { agoText, countText } from '../output/units.ts';
import type { CommandContext, Runner } from './context.ts';
import { chooseName, serverNames } from './databases.ts';
import { signsOf } from './traces/signs.ts';
import { waterfall } from './traces/waterfall.ts';

interface Options {
  readonly source?: string;
  /** How long ago, in milliseconds. */
  readonly since?: number;
  readonly limit?: number;
  readonly name?: string;
}

const ID_DIGITS = 12;

export function addTracesCommands(program: Command, run: Runner): void {
  const traces = program
    .command('traces')
    .summary('what a daemon did: list, show, slowest, errors, names')
    .description(
      "Shows the traces in a daemon's database: the newest, one of them as a waterfall, the slowest spans, and those that failed.",
    )
    .addHelpText('after', '\nExample:\n  stillpoint traces\n  stillpoint traces show 4bf92f35');
  looking(traces, run, list);

  const add = (name: string, summary: string, work: Looking): Command =>
    looking(
      traces
        .command(name)
        .summary(summary)
        .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
        .addHelpText('after', `\nExample:\n  stillpoint traces ${name} --since 1h`),
      run,
      work,
    );
  add('list', 'list the newest traces', list);
  add('slowest', 'list the spans that took longest', async (context, queries, options) => {
    const { name } = options;
    const window = windowOf(context, options);
    const records = await queries.slowest(name === undefined ? window : { ...window, name });
    showRecords(context, records, 'No spans are stored.');
  }).option('--name <name>', 'only spans of this name');
  add(
    'errors',
    'list the spans that failed, the newest first',
    async (context, queries, options) => {
      const records = await queries.errors(windowOf(context, options));
      showRecords(context, records, 'No span failed.');
    },
  );
  add(
    'names',
    'count the spans of each name, with their durations',
    async (context, queries, options) => {
      showNames(context, await queries.names(windowOf(context, options)));
    },
  );

  traces
    .command('show')
    .summary('draw one trace as a waterfall')
    .description('Draws one trace: each span below its parent, with a bar for when it ran.')
    .argument('<id>', 'the id of the trace, or its beginning')
    .option('--source <name>', 'which database, when the project has several')
    .addHelpText('after', '\nExample:\n  stillpoint traces show 4bf92f35')
    .action(
      run<Options>(async (context, _, [id]) => {
        await withQueries(context, optionsOf(context), async (queries) => {
          await show(context, queries, id!);
        });
      }),
    );
}

type Looking = (context: CommandContext, queries: TraceQueries, options: Options) => Promise<void>;

function looking(command: Command, run: Runner, work: Looking): Command {
  return command
    .option('--source <name>', 'which database, when the project has several')
    .option('--since <duration>', 'only spans of the last 15m, 2h, 7d', durationOption)
    .option('--limit <count>', 'how many; 20 unless told', countOption)
    .action(
      run<Options>(async (context) => {
        const options = optionsOf(context);
        await withQueries(context, options, async (queries) => {
          await work(context, queries, options);
        });
      }),
    );
}

/** All that were given: where a subcommand and the command above it have the same option, commander gives it to the one above. */
function optionsOf({ global }: CommandContext): Options {
  return global as CommandContext['global'] & Options;
}

async function withQueries(
  context: CommandContext,
  { source }: Options,
  work: (queries: TraceQueries) => Promise<void>,
): Promise<void> {
  await using project = await context.openProject();
  const { openDatabase, createTraceQueries } = await import('@stillpoint/persistence');
  const at = await project.stillpoint.databaseUrl(
    chooseName(serverNames(project), source),
    context.call,
  );
  const applicationName = 'stillpoint traces';
  await using database = await openDatabase({ at, connections: 1, applicationName });
  await work(await createTraceQueries(database));
}

const list: Looking = async (context, queries, options) => {
  const records = await queries.recent(windowOf(context, options));
  showRecords(context, records, 'No traces are stored.');
  const dropped = await queries.dropped(windowOf(context, options));
  if (dropped > 0)
    context.output.warn(`${countText(dropped, 'span')} were dropped and are missing.`);
  if (records.length > 0) {
    const id = records[0]!.traceId.slice(0, ID_DIGITS);
    context.output.next(`stillpoint traces show ${id}`, 'To see one');
  }
};

async function show(context: CommandContext, queries: TraceQueries, id: string): Promise<void> {
  if (!/^[0-9a-f]{4,32}$/i.test(id)) throw failure('TRACE_ID_INVALID', { id });
  const [found, ...more] = await queries.startingWith(id, 5);
  if (found === undefined) throw failure('TRACE_UNKNOWN', { id });
  if (more.length > 0) throw failure('TRACE_AMBIGUOUS', { id, ids: [found, ...more].join(', ') });
  const trace = await queries.trace(found);
  if (trace === undefined) throw failure('TRACE_UNKNOWN', { id });
  const { output, host } = context;
  output.result(jsonOf(trace));
  if (output.json) return;
  const { style, width } = output;
  output.data(waterfall(trace, { style, width, signs: signsOf(host.environment) }).join('\n'));
}

function windowOf(
  { host }: CommandContext,
  { since, limit }: Options,
): { readonly since?: Date; readonly limit?: number } {
  return {
    ...(since === undefined ? {} : { since: new Date(Math.max(0, host.now().getTime() - since)) }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function showRecords(context: CommandContext, records: readonly SpanRecord[], none: string): void {
  const { output, host } = context;
  output.result(jsonOf(records));
  if (records.length === 0) output.say(none);
  if (output.json || records.length === 0) return;
  const { style, width } = output;
  const signs = signsOf(host.environment);
  const now = host.now();
  const columns: readonly Column[] = [
    { title: 'TRACE', paint: style.bold },
    { title: '', paint: style.red },
    { title: 'SPAN', shrink: true, paint: style.cyan },
    { title: 'TOOK', align: 'right' },
    { title: 'BEGAN', spare: 2 },
    { title: 'SERVICE', spare: 3 },
    { title: 'MESSAGE', shrink: true, spare: 1, paint: style.dim },
  ];
  const rows = records.map((one) => [
    one.traceId.slice(0, ID_DIGITS),
    one.status === 'error' ? signs.error : '',
    plainText(one.name),
    signs.duration(one.durationNs),
    agoText(new Date(Number(one.startNs / 1_000_000n)), now),
    plainText(one.service ?? ''),
    plainText(one.statusMessage ?? ''),
  ]);
  output.data(renderTable(columns, rows, { width, style }).join('\n'));
}

function showNames(context: CommandContext, names: readonly NameSummary[]): void {
  const { output, host } = context;
  output.result(jsonOf(names));
  if (names.length === 0) output.say('No spans are stored.');
  if (output.json || names.length === 0) return;
  const { style, width } = output;
  const signs = signsOf(host.environment);
  const columns: readonly Column[] = [
    { title: 'SPAN', shrink: true, paint: style.cyan },
    { title: 'COUNT', align: 'right' },
    { title: 'FAILED', align: 'right', paint: style.red },
    { title: 'MEDIAN', align: 'right' },
    { title: '95 %', align: 'right', spare: 1 },
    { title: 'LONGEST', align: 'right', spare: 2 },
  ];
  const rows = names.map(({ name, spans, errors, p50Ns, p95Ns, maxNs }) => [
    plainText(name),
    String(spans),
    errors === 0 ? '' : String(errors),
    ...[p50Ns, p95Ns, maxNs].map((ns) => signs.duration(ns)),
  ]);
  output.data(renderTable(columns, rows, { width, style }).join('\n'));
}

/** Nanoseconds as text: a number of JSON would lose its last digits in most readers. */
function jsonOf(value: object): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one)),
  );
}

function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('Write 15m, 2h or 7d.');
  return ms;
}

function countOption(text: string): number {
  const count = Number(text);
  if (!/^\d{1,6}$/.test(text) || count < 1)
    throw new InvalidArgumentError('Write a number, 1 or more.');
  return count;
}
