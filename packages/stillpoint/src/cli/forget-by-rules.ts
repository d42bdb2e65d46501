// stillpoint forget --keep-...: the rules as options, and the table of what stays and why.
import { failure, parseDuration } from '@stillpoint/core';
import type { RetainResult, RetentionRules, SnapshotSummary } from '@stillpoint/engine';
import { InvalidArgumentError, type Command } from 'commander';
import { renderTable, type Column } from '../output/table.ts';
import { countText, momentText } from '../output/units.ts';
import { confirm } from './confirm.ts';
import type { CommandContext } from './context.ts';

const counted = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
type Counted = (typeof counted)[number];
type Option<Rule extends string> = `keep${Capitalize<Rule>}`;

export type KeepOptions = { readonly [Rule in Counted as Option<Rule>]?: number } & {
  readonly keepWithin?: number;
};

const meanings: Readonly<Record<Counted, string>> = {
  last: 'keep the newest n',
  hourly: 'keep the newest of each of the last n hours that have one',
  daily: '... of each of the last n days, in local time',
  weekly: '... of each of the last n weeks, from Monday',
  monthly: '... of each of the last n months',
  yearly: '... of each of the last n years',
};

export function addKeepOptions(command: Command): void {
  for (const rule of counted) command.option(`--keep-${rule} <n>`, meanings[rule], countOption);
  command.option(
    '--keep-within <duration>',
    'keep all that are at most so much older than the newest, e.g. 14d',
    withinOption,
  );
}

/** undefined: none was given. */
export function rulesOf(options: KeepOptions): RetentionRules | undefined {
  const counts = counted.flatMap((rule) => {
    const option: Option<Counted> = `keep${(rule[0]!.toUpperCase() + rule.slice(1)) as Capitalize<Counted>}`;
    const count = options[option];
    return count === undefined ? [] : [[rule, count] as const];
  });
  const { keepWithin } = options;
  if (counts.length === 0 && keepWithin === undefined) return undefined;
  return {
    ...Object.fromEntries(counts),
    ...(keepWithin === undefined ? {} : { withinMs: keepWithin }),
  };
}

/** Names say what goes, rules say what stays: both at once would mean either. */
export function refuseMixed(refs: readonly string[], rules: RetentionRules | undefined): void {
  if ((refs.length === 0) !== (rules === undefined)) return;
  throw failure('USAGE_INVALID', {
    problem: 'Name either the snapshots to forget or, with --keep-..., the rules for what stays.',
    usage: 'stillpoint forget --help shows how it is used.',
  });
}

export async function forgetByRules(
  context: CommandContext,
  rules: RetentionRules,
  { dryRun, yes }: { readonly dryRun: boolean; readonly yes: boolean },
): Promise<void> {
  const { host, output } = context;
  await using project = await context.openProject();
  const { stillpoint } = project;
  const plan = await stillpoint.retain(rules, { ...context.call, dryRun: true });
  if (dryRun) {
    output.result(plan);
    showRetained(context, plan, (line) => output.data(line));
    return;
  }
  if (plan.forgotten.length > 0 && !yes) {
    if (!host.interactive || output.json) throw failure('FORGET_NEEDS_YES', {});
    showRetained(context, plan, (line) => output.say(line));
    await confirm(context, 'forgetting', false);
  }
  const result = await stillpoint.retain(rules, context.call);
  output.result(result);
  output.data(`Forgot ${countText(result.forgotten.length, 'snapshot')}. ${remainText(result)}`);
  if (result.forgotten.length > 0) {
    output.next('stillpoint prune --dry-run', 'What deleting their bytes would free');
  }
}

/** Oldest first, what stays with the reasons. */
export function showRetained(
  { output }: CommandContext,
  plan: RetainResult,
  write: (line: string) => void,
): void {
  const { style, width } = output;
  const columns: readonly Column[] = [
    { title: 'ID' },
    { title: 'NAME', shrink: true, spare: 1 },
    { title: 'TAKEN' },
    { title: '' },
    { title: 'WHY', shrink: true },
  ];
  const row = (one: SnapshotSummary, what: string, why: string): readonly string[] => [
    one.id,
    one.name ?? (one.kind === 'undo' ? '(undo point)' : ''),
    momentText(new Date(one.createdAt)),
    what,
    why,
  ];
  const rows = [
    ...plan.forgotten.map((one) => ({ one, cells: row(one, 'forget', 'no rule keeps it') })),
    ...plan.kept.map(({ snapshot, reasons }) => ({
      one: snapshot,
      cells: row(snapshot, 'keep', reasons.join(', ')),
    })),
  ].toSorted((a, b) => (a.one.createdAt < b.one.createdAt ? -1 : 1));
  const cells = rows.map((one) => one.cells);
  if (rows.length > 0)
    for (const line of renderTable(columns, cells, { width, style })) write(line);
  write(`Forgetting ${countText(plan.forgotten.length, 'snapshot')}. ${remainText(plan)}`);
}

function remainText({ kept }: RetainResult): string {
  return kept.length === 1 ? 'One remains.' : `${kept.length} remain.`;
}

function countOption(text: string): number {
  const count = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new InvalidArgumentError('Write a whole number of 1 or more.');
  return count;
}

function withinOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0) {
    throw new InvalidArgumentError("Write a duration like '36h', '14d' or '8w'.");
  }
  return ms;
}
