// stillpoint prune
import { failure } from '@stillpoint/core';
import type { OpenSession, PruneReport, RetainResult, Stillpoint } from '@stillpoint/engine';
import { InvalidArgumentError, type Command } from 'commander';
import { agoText, bytesText, countText } from '../output/units.ts';
import { confirm } from './confirm.ts';
import type { CommandContext, Runner } from './context.ts';
import { showRetained } from './forget-by-rules.ts';

interface Options {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly repack?: number;
  readonly endSession?: string;
}

export function addPruneCommand(program: Command, run: Runner): void {
  program
    .command('prune')
    .summary('delete what no snapshot needs')
    .description(
      'Forgets by the rules of the configuration, if it has some, and then deletes from the vault what no snapshot of any project needs. Others may go on taking snapshots: what they may rely on is left to a later run.',
    )
    .option('--dry-run', 'only say what would be forgotten and freed')
    .option('--yes', 'do not ask')
    .option(
      '--repack <percent>',
      'rewrite packs of which at least so much is garbage (default: 30%)',
      shareOption,
    )
    .option('--end-session <id>', 'stop waiting for a writer that you know to be dead')
    .addHelpText('after', '\nExample:\n  stillpoint prune --dry-run\n  stillpoint prune --yes')
    .action(
      run<Options>(async (context, options) => {
        await using project = await context.openProject();
        const { stillpoint } = project;
        if (options.endSession !== undefined) {
          await endSession(context, stillpoint, options.endSession, options.yes === true);
          return;
        }
        const hasRules = project.config.retention !== undefined;
        await prune(context, stillpoint, options, hasRules);
      }),
    );
}

async function prune(
  context: CommandContext,
  stillpoint: Stillpoint,
  { dryRun, yes, repack }: Options,
  hasRules: boolean,
): Promise<void> {
  const { call, host, output } = context;
  const share = repack === undefined ? {} : { repackShare: repack };
  const rules = hasRules ? await stillpoint.retain(undefined, { ...call, dryRun: true }) : null;
  const going = rules?.forgotten.map(({ id }) => id) ?? [];
  if (dryRun === true || yes !== true) {
    const plan = await stillpoint.prune({ ...call, ...share, dryRun: true, without: going });
    const write = (line: string): void => (dryRun === true ? output.data(line) : output.say(line));
    if (dryRun === true) output.result({ retention: rules, prune: plan });
    const nothing = going.length === 0 && plan.deletedPacks === 0 && plan.waitingPacks === 0;
    if (dryRun === true || !nothing) showPlan(context, rules, plan, write);
    if (dryRun === true) return;
    if (!nothing) {
      if (!host.interactive || output.json) throw needsYes('pruning');
      await confirm(context, 'pruning', false);
    }
  }
  // By their ids: what was shown is what goes.
  if (going.length > 0) await stillpoint.forget(going, call);
  const report = await stillpoint.prune({ ...call, ...share });
  output.result({ retention: rules === null ? null : { ...rules, done: true }, prune: report });
  showResult(context, going.length, report);
}

function showPlan(
  context: CommandContext,
  rules: RetainResult | null,
  plan: PruneReport,
  write: (line: string) => void,
): void {
  if (rules !== null) showRetained(context, rules, write);
  const { deletedPacks, deletedBytes, copiedBytes, waitingPacks, waitingBytes } = plan;
  const all = `${countText(plan.packs, 'pack')}, ${bytesText(plan.bytes)}`;
  write(`The vault has ${all} for ${countText(plan.snapshots, 'snapshot')}.`);
  if (deletedPacks > 0) {
    const copied = copiedBytes === 0 ? '' : ` after ${bytesText(copiedBytes)} of it were copied`;
    const freed = bytesText(deletedBytes - copiedBytes);
    write(`${countText(deletedPacks, 'pack')} would be deleted${copied}: about ${freed} freed.`);
  } else if (waitingPacks === 0) write('Nothing is to be deleted.');
  if (waitingPacks > 0) {
    write(`${countText(waitingPacks, 'pack')}, ${bytesText(waitingBytes)}, may be deleted later.`);
  }
  for (const line of sessionLines(context, plan.sessions)) write(line);
}

function showResult(context: CommandContext, forgotten: number, report: PruneReport): void {
  const { output } = context;
  const { deletedPacks, deletedBytes, copiedBytes, waitingPacks, waitingBytes } = report;
  const gone = forgotten === 0 ? '' : `Forgot ${countText(forgotten, 'snapshot')}. `;
  const freed = bytesText(Math.max(0, deletedBytes - copiedBytes));
  output.data(`${gone}Deleted ${countText(deletedPacks, 'pack')}: ${freed} freed.`);
  if (waitingPacks > 0) {
    const rest = `${countText(waitingPacks, 'pack')}, ${bytesText(waitingBytes)}`;
    output.say(`${rest}, wait until those have ended who write now. Then prune again.`);
  }
  for (const line of sessionLines(context, report.sessions)) output.say(line);
  if (report.sessions.length === 0 && deletedPacks > 0) {
    output.next('stillpoint verify', 'To see that all is there');
  }
}

function sessionLines(
  { host }: CommandContext,
  sessions: readonly OpenSession[],
): readonly string[] {
  const lines = sessions.map((one) => `  ${sessionText(one, host.now())}`);
  return lines.length === 0 ? [] : ['Writing now, or dead:', ...lines];
}

function sessionText({ id, user, host, pid, openedAt }: OpenSession, now: Date): string {
  if (openedAt === null) return `${id}  cannot be read`;
  return `${id}  ${user ?? ''}@${host ?? ''}, process ${pid}, ${agoText(new Date(openedAt), now)}`;
}

async function endSession(
  context: CommandContext,
  stillpoint: Stillpoint,
  id: string,
  yes: boolean,
): Promise<void> {
  const { host, output } = context;
  const session = (await stillpoint.sessions()).find((one) => one.id === id);
  if (session !== undefined && !yes) {
    if (!host.interactive || output.json) throw needsYes('ending of a session');
    output.say(`  ${sessionText(session, host.now())}`);
    output.say('If it is alive after all, the snapshot that it takes will fail.');
    await confirm(context, 'ending of a session', false);
  }
  await stillpoint.endSession(id);
  output.result({ ended: id });
  output.data(`Session ${id} is ended.`);
  output.next('stillpoint prune', 'Delete what waited for it');
}

function needsYes(operation: 'pruning' | 'ending of a session'): Error {
  return failure('PRUNE_NEEDS_YES', { operation });
}

function shareOption(text: string): number {
  const percent = /^(\d{1,3})%?$/.exec(text.trim())?.[1];
  if (percent === undefined || Number(percent) > 100) {
    throw new InvalidArgumentError("Write a percentage like '30%', from 0% to 100%.");
  }
  return Number(percent) / 100;
}
