// stillpoint checkpoint prune RUN
import { failure } from '@stillpoint/core';
import type { PrunePlan, PruneRule } from '@stillpoint/sim';
import { InvalidArgumentError, type Command } from 'commander';
import { agoText, bytesText, countText } from '../../output/units.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext, Runner } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { addPlaceOption, whereOf, type PlaceOptions } from './places.ts';

interface Options extends PlaceOptions {
  readonly keep?: number;
  readonly before?: number;
  readonly every?: number;
  readonly dryRun?: true;
  readonly yes?: true;
}

export function addCheckpointPruneCommand(checkpoint: Command, run: Runner): void {
  const command = checkpoint
    .command('prune')
    .argument('<run>', 'its id or its directory')
    .summary('delete checkpoints of a run by a rule')
    .description(
      'Deletes checkpoints of a run that is not running. The newest stays whatever the rule, and so does what one that stays needs.',
    )
    .option('--keep <count>', 'those written last stay', numberOption)
    .option('--before <tick>', 'those of earlier ticks go', numberOption)
    .option('--every <ticks>', 'of each so many ticks one stays', numberOption)
    .option('--dry-run', 'only say what would be deleted')
    .option('--yes', 'do not ask');
  addPlaceOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint checkpoint prune terra-1 --keep 5 --dry-run\n  stillpoint checkpoint prune terra-1 --every 10000',
    )
    .action(
      run<Options>(async (context, options, [given = '']) => {
        const { locateRun, planPrune } = await loadSim();
        const rule = ruleOf(options);
        const plan = await planPrune(await locateRun(given, whereOf(context, options)), rule);
        await prune(context, plan, options);
      }),
    );
}

async function prune(
  context: CommandContext,
  plan: PrunePlan,
  { dryRun, yes }: Options,
): Promise<void> {
  const { call, host, output } = context;
  if (dryRun === true) {
    output.result(plan);
    showPlan(context, plan, (line) => output.data(line));
    return;
  }
  if (plan.gone.length > 0 && yes !== true) {
    if (!host.interactive || output.json) throw failure('CKPT_PRUNE_NEEDS_YES', {});
    showPlan(context, plan, (line) => output.say(line));
    await confirm(context, 'pruning', false);
  }
  const { pruneRun } = await loadSim();
  const gone = plan.gone.length === 0 ? [] : await pruneRun(plan, call.signal);
  const freedBytes = gone.reduce((sum, { bytes }) => sum + bytes, 0);
  output.result({ ...plan, gone, freedBytes });
  output.data(
    gone.length === 0
      ? 'Nothing is to be deleted.'
      : `Deleted ${countText(gone.length, 'checkpoint')}: ${bytesText(freedBytes)} freed.`,
  );
}

function showPlan(
  { host }: CommandContext,
  { runId, gone, kept, needed, freedBytes }: PrunePlan,
  write: (line: string) => void,
): void {
  if (gone.length === 0) {
    write('Nothing is to be deleted.');
    return;
  }
  write(`Deleting ${countText(gone.length, 'checkpoint')} of ${runId}, ${bytesText(freedBytes)}:`);
  for (const { tick, bytes, createdAt } of gone) {
    write(`  tick ${tick}  ${bytesText(bytes)}  ${agoText(new Date(createdAt), host.now())}`);
  }
  write(`  ${kept.length === 1 ? 'One stays' : `${kept.length} stay`}.`);
  const ticks = needed.map(({ tick }) => tick).join(', ');
  if (needed.length > 0) write(`  Against the rule, for the newest or others need it: ${ticks}.`);
}

function ruleOf({ keep, before, every }: Options): PruneRule {
  const rules: readonly PruneRule[] = [
    ...(keep === undefined ? [] : [{ keep }]),
    ...(before === undefined ? [] : [{ before }]),
    ...(every === undefined ? [] : [{ every }]),
  ];
  const [rule] = rules;
  if (rule !== undefined && rules.length === 1) return rule;
  throw failure('USAGE_INVALID', {
    problem: 'Say by one rule what goes: --keep, --before or --every.',
    usage: 'stillpoint checkpoint prune --help shows how it is used.',
  });
}

function numberOption(text: string): number {
  const number = Number(text);
  if (!/^\d{1,15}$/.test(text) || number < 1) {
    throw new InvalidArgumentError('Write a whole number, 1 or more.');
  }
  return number;
}
