// stillpoint forget REF...
import type { ForgetResult } from '@stillpoint/engine';
import type { Command } from 'commander';
import { plainText } from '../output/plain-text.ts';
import { agoText, countText } from '../output/units.ts';
import { failure } from '@stillpoint/core';
import { confirm } from './confirm.ts';
import type { CommandContext, Runner } from './context.ts';
import { isDamaged } from './describe.ts';
import {
  addKeepOptions,
  forgetByRules,
  refuseMixed,
  rulesOf,
  type KeepOptions,
} from './forget-by-rules.ts';

interface Options extends KeepOptions {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly undoPoint?: true;
  readonly last?: true;
}

export function addForgetCommand(program: Command, run: Runner): void {
  const command = program
    .command('forget')
    .argument('[refs...]', 'ids, names, latest or latest~2; a damaged one by its whole id')
    .summary('remove snapshots from the vault')
    .description(
      'Removes snapshots: they can no longer be restored, and every other one restores as before. What is held is not forgotten. Either those that are named, or with --keep-... all of this project that no rule keeps. Their bytes stay in the vault until stillpoint prune.',
    )
    .option('--dry-run', 'only say what would be forgotten')
    .option('--yes', 'do not ask')
    .option('--undo-point', 'also the undo point that stillpoint undo goes back to')
    .option('--last', 'even if no other good snapshot remains');
  addKeepOptions(command);
  command
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint forget before-v1 3f9a1c77b0de --dry-run\n  stillpoint forget before-v1\n  stillpoint forget --keep-last 10 --keep-daily 7 --keep-within 14d --dry-run',
    )
    .action(
      run<Options>(async (context, { dryRun, undoPoint, last, yes, ...keep }, refs) => {
        const { output } = context;
        const rules = rulesOf(keep);
        refuseMixed(refs, rules);
        if (rules !== undefined) {
          await forgetByRules(context, rules, { dryRun: dryRun === true, yes: yes === true });
          return;
        }
        await using project = await context.openProject();
        const { stillpoint } = project;
        const options = {
          ...context.call,
          undoPoint: undoPoint === true,
          last: last === true,
        };
        const plan = await stillpoint.forget(refs, { ...options, dryRun: true });
        if (dryRun === true) {
          output.result(plan);
          showPlan(context, plan, (line) => output.data(line));
          return;
        }
        if (yes !== true) await ask(context, plan);
        // By their ids: `latest` may mean another one by now.
        const ids = plan.forgotten.map(({ id }) => id);
        const result = await stillpoint.forget(ids, options);
        output.result(result);
        showResult(context, result);
      }),
    );
}

async function ask(context: CommandContext, plan: ForgetResult): Promise<void> {
  const { host, output } = context;
  if (!host.interactive || output.json) throw failure('FORGET_NEEDS_YES', {});
  showPlan(context, plan, (line) => output.say(line));
  await confirm(context, 'forgetting', false);
}

function showPlan(
  { host }: CommandContext,
  { forgotten, remaining }: ForgetResult,
  write: (line: string) => void,
): void {
  write(`Forgetting ${countText(forgotten.length, 'snapshot')}:`);
  for (const entry of forgotten) {
    if (isDamaged(entry)) {
      write(`  ${entry.id}  cannot be read: ${plainText(entry.damaged)}`);
      continue;
    }
    const { id, name, kind, message, createdAt } = entry;
    const what = [
      name ?? (kind === 'undo' ? '(undo point)' : ''),
      agoText(new Date(createdAt), host.now()),
      plainText(message ?? ''),
    ];
    write(`  ${[id, ...what].filter((part) => part !== '').join('  ')}`);
  }
  write(`  ${remaining === 1 ? 'One remains' : `${remaining} remain`} that can be restored.`);
}

function showResult({ output }: CommandContext, { forgotten, remaining }: ForgetResult): void {
  const ids = forgotten.map(({ id }) => output.style.bold(id)).join(', ');
  output.data(
    `Forgot ${ids}. ${remaining === 1 ? 'One snapshot remains' : `${remaining} snapshots remain`}.`,
  );
  output.say('Their bytes stay in the vault until they are pruned.');
  output.next('stillpoint prune --dry-run', 'What that would free');
}
