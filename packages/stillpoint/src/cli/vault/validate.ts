// stillpoint vault validate PLACE
import { failure, isFailure } from '@stillpoint/core';
import type { StoreCheck } from '@stillpoint/engine';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';

export function addVaultValidateCommand(vault: Command, run: Runner): void {
  vault
    .command('validate')
    .argument('<place>', 'a directory, or s3://bucket/prefix')
    .summary('try whether a store keeps what a vault needs')
    .description(
      'Tries a directory or a bucket for everything that a vault relies on, in a folder of its own that is gone afterwards. What is there is neither read nor changed.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault validate /mnt/offsite\n  stillpoint vault validate "s3://backups/shop?endpoint=https://s3.example.org"',
    )
    .action(
      run(async (context, _options, [text = '']) => {
        const { host, output } = context;
        const { green, red } = output.style;
        const { readPlace, validatePlace } = await import('@stillpoint/engine');
        const checks = await validatePlace(readPlace(text, host.cwd), {
          signal: host.signal,
          onCheck: (check) => {
            const verdict = check.error === undefined ? green('holds') : red('fails');
            output.data(
              `${verdict}  ${check.name}${check.error === undefined ? '' : `: ${reasonOf(check)}`}`,
            );
          },
        });
        output.result(
          checks.map((check) => ({
            name: check.name,
            ok: check.error === undefined,
            reason: check.error === undefined ? null : reasonOf(check),
          })),
        );
        const failed = checks.filter(({ error }) => error !== undefined).length;
        if (failed > 0)
          throw failure('STORE_NOT_LAWFUL', { place: text, failed, checks: checks.length });
        output.next(`stillpoint vault init ${text}`, 'To begin a vault there');
      }),
    );
}

function reasonOf({ error }: StoreCheck): string {
  if (isFailure(error)) return `${error.code}: ${error.message}`;
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'it does not hold';
}
