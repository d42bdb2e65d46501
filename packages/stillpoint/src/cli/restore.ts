// stillpoint restore REF
import { failure } from '@stillpoint/core';
import type { Command } from 'commander';
import type { RestorePlan } from '@stillpoint/engine';
import path from 'node:path';
import { confirm } from './confirm.ts';
import type { Runner } from './context.ts';
import { titleOf } from './describe.ts';
import { showPlan } from './plan.ts';
import { restoreFromPlace } from './restore-from.ts';
import { showRestored, suggestNext } from './restored.ts';
import { addKeyOptions, type KeyOptions } from './vault/open-vault.ts';

interface Options extends KeyOptions {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly into?: string;
  readonly from?: string;
  readonly only?: readonly string[];
  readonly breakSeal?: true;
}

export function addRestoreCommand(program: Command, run: Runner): void {
  const command = program
    .command('restore')
    .argument('<ref>', 'an id, the start of one, a name, latest or latest~2')
    .summary('bring a snapshot back, exactly')
    .description(
      'Brings code and databases back to a snapshot: prepared beside, proved, then switched. What was there becomes the undo point.',
    )
    .option('--dry-run', 'only say what would change')
    .option('--yes', 'do not ask')
    .option('--into <dir>', 'into an empty directory, as a project of its own')
    .option(
      '--from <place>',
      'with --into, where there is no project: the vault, a directory or s3://...',
    )
    .option('--only <name>', 'only this source or member; may be given several times', collect)
    .option('--break-seal', 'with --only: yes, the others stay as they are, from another moment');
  addKeyOptions(command, 'the vault that --from names')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint restore before-v2 --dry-run\n  stillpoint restore latest --into /tmp/look\n  stillpoint restore latest --only db --break-seal\n  stillpoint restore latest --from s3://acme-backups/shop --passphrase-file ~/shop.key --into shop',
    )
    .action(
      run<Options>(async (context, options, [ref = '']) => {
        const { from } = options;
        if (from !== undefined) return restoreFromPlace(context, ref, { ...options, from });
        await using project = await context.openProject();
        const how = {
          ...context.call,
          ...(options.into === undefined
            ? {}
            : { into: path.resolve(context.host.cwd, options.into) }),
          ...(options.only === undefined ? {} : { only: options.only }),
          breakSeal: options.breakSeal === true,
        };
        const plan = await project.stillpoint.plan(ref, how);
        if (options.dryRun === true) {
          context.output.result(plan);
          showPlan(plan, (line) => context.output.data(line));
          // Of a part, or into a directory, the person knows the words: they have just typed them.
          if (options.into === undefined && options.only === undefined) {
            context.output.next(`stillpoint restore ${titleOf(plan.snapshot)}`, 'To do it');
          }
          return;
        }
        if (!how.breakSeal) refuseToBreakSeal(plan);
        // An empty directory has nothing to lose: no plan to weigh, nothing to confirm.
        if (options.into === undefined) {
          showPlan(plan, (line) => context.output.say(line));
          await confirm(context, 'restore', options.yes === true);
        }
        // By its id: `latest` may mean another one by now.
        const restored = await project.stillpoint.restore(plan.snapshot.id, how);
        showRestored(context, restored);
        suggestNext(context, restored, project.config);
      }),
    );
}

function collect(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

/** The engine refuses too; this comes before the question. */
function refuseToBreakSeal({ snapshot, changes, breaksSeal }: RestorePlan): void {
  if (breaksSeal === null) return;
  const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');
  throw failure('SEAL_WOULD_BREAK', {
    id: snapshot.id,
    sources: quoted(changes.map(({ source }) => source)),
    others: quoted(breaksSeal),
  });
}
