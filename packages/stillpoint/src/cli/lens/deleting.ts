// What lens prune and lens clear have in common: the plan is shown, confirmed, and carried out.
import { failure } from '@stillpoint/core';
import type { LensPrunePlan, LensPruneRule } from '@stillpoint/sim';
import { bytesText, countText } from '../../output/units.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { loadSim } from '../load-sim.ts';
import { runsOf, type LensRunOptions } from './places.ts';

export interface DeletingOptions extends LensRunOptions {
  readonly dryRun?: true;
  readonly yes?: true;
}

export async function deleteChunks(
  context: CommandContext,
  rule: LensPruneRule,
  options: DeletingOptions,
): Promise<void> {
  const { planLensPrune } = await loadSim();
  const { host, output } = context;
  const plans: LensPrunePlan[] = [];
  for (const run of await runsOf(context, options)) plans.push(await planLensPrune(run, rule));
  const goes = plans.some(({ gone, whole }) => gone.length > 0 || whole);
  if (options.dryRun === true || !goes) {
    output.result(plans);
    showPlans(plans, rule, (line) => output.data(line));
    return;
  }
  if (options.yes !== true) {
    if (!host.interactive || output.json) throw failure('LENS_PRUNE_NEEDS_YES', {});
    showPlans(plans, rule, (line) => output.say(line));
    await confirm(context, 'pruning', false);
  }
  await carryOut(context, plans);
}

async function carryOut(
  { call, output }: CommandContext,
  plans: readonly LensPrunePlan[],
): Promise<void> {
  const { pruneLens } = await loadSim();
  const done: LensPrunePlan[] = [];
  for (const plan of plans) {
    const gone = await pruneLens(plan, call.signal);
    const freedBytes = gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    done.push({ ...plan, gone, freedBytes });
  }
  output.result(done);
  output.data(`Deleted ${totalText(done)} freed.`);
}

function showPlans(
  plans: readonly LensPrunePlan[],
  rule: LensPruneRule,
  write: (line: string) => void,
): void {
  const going = plans.filter(({ gone }) => gone.length > 0);
  if (going.length === 0) {
    const isKept = rule !== 'all' && 'before' in rule && plans.some(({ kept }) => kept.length > 0);
    // Chunks are long, and the ticks that were asked for may be in the middle of one.
    const why = isKept ? `: no chunk lies wholly before tick ${rule.before}` : '';
    write(`Nothing is to be deleted${why}.`);
    return;
  }
  write(`Deleting ${totalText(going)}:`);
  for (const { runId, gone, kept, freedBytes, busy } of going) {
    const ticks = `ticks ${gone[0]!.ticks.start} to ${gone.at(-1)!.ticks.end - 1}`;
    const stay = kept.length === 1 ? 'one stays' : `${kept.length} stay`;
    const open = busy ? ', for it goes on what it writes as well' : '';
    write(
      `  ${runId}  ${countText(gone.length, 'chunk')}, ${ticks}, ${bytesText(freedBytes)}; ${stay}${open}`,
    );
  }
}

function totalText(plans: readonly LensPrunePlan[]): string {
  const chunks = plans.reduce((sum, { gone }) => sum + gone.length, 0);
  const bytes = plans.reduce((sum, { freedBytes }) => sum + freedBytes, 0);
  return `${countText(chunks, 'chunk')} of ${countText(plans.length, 'run')}, ${bytesText(bytes)}`;
}
