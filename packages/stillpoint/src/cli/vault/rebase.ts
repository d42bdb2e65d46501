// stillpoint vault rebase [REF...]
import type { Command } from 'commander';
import { countText } from '../../output/units.ts';
import type { Runner } from '../context.ts';

export function addVaultRebaseCommand(vault: Command, run: Runner): void {
  vault
    .command('rebase')
    .argument('[refs...]', 'ids, names, latest or latest~2; all of this project when left out')
    .summary('tell old snapshots again so that they keep less alive')
    .description(
      'A snapshot of a managed Postgres that holds much write-ahead log is told again by a base just before its moment. The new one is proved like a restore, and only then is the old one forgotten. It has another id; its name stays, and the old id still means it. stillpoint prune then frees the space.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault rebase before-v1\n  stillpoint vault rebase',
    )
    .action(
      run(async (context, _options, refs) => {
        const { output } = context;
        await using project = await context.openProject();
        const result = await project.stillpoint.rebase(refs, context.call);
        output.result(result);
        for (const { from, to } of result.rebased) {
          output.data(`${from} is ${output.style.bold(to)} now.`);
        }
        const { length } = result.unchanged;
        if (length > 0)
          output.say(`Nothing was to be gained with ${countText(length, 'snapshot')}.`);
        if (result.rebased.length > 0) output.next('stillpoint prune', 'To free the space');
      }),
    );
}
