// stillpoint vault copy [FROM] [TO] [REF...]
import { failure } from '@stillpoint/core';
import type { CopyResult, VaultCare } from '@stillpoint/engine';
import type { Command } from 'commander';
import { plainText } from '../../output/plain-text.ts';
import { bytesText, countText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import {
  addKeyOptions,
  keyOf,
  type KeyOptions,
  openNamed,
  openOwn,
  openResolved,
} from './open-vault.ts';

interface Options extends KeyOptions {
  readonly fromPassphraseFile?: string;
  readonly fromPassphraseEnv?: string;
}

export function addVaultCopyCommand(vault: Command, run: Runner): void {
  const command = vault
    .command('copy')
    .argument(
      '[places...]',
      'FROM, TO and then snapshots; TO alone copies from the vault of the project',
    )
    .summary('bring copies up to date, or copy from one vault to another')
    .description(
      'Copies every snapshot that the other vault lacks, each whole or not at all, under the keys of that vault. Without arguments: into all the copies that the configuration names. What was copied once is not copied again; whatever dies, the next run goes on.',
    );
  addKeyOptions(command, 'the vault that is copied to');
  addKeyOptions(command, 'the vault that is copied from', 'from-')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault copy\n  stillpoint vault copy /mnt/offsite/shop\n  stillpoint vault copy /mnt/offsite/shop s3://backups/shop latest',
    )
    .action(
      run<Options>(async (context, options, places) => {
        const results = await copyAll(context, options, places);
        const { output } = context;
        output.result(results);
        for (const result of results) show(context, result);
        const failed = results.flatMap((result) => result.failed);
        if (failed.length > 0) {
          const reason = failed.map(({ id, reason: why }) => `${id}: ${why.replace(/\.$/, '')}`);
          throw failure('SNAPSHOTS_NOT_COPIED', {
            failed: failed.length,
            reason: reason.join('; '),
          });
        }
      }),
    );
}

async function copyAll(
  context: CommandContext,
  options: Options,
  [first, second, ...refs]: readonly string[],
): Promise<readonly CopyResult[]> {
  const toKey = keyOf(options);
  if (first !== undefined && second !== undefined) {
    const fromKey = { file: options.fromPassphraseFile, env: options.fromPassphraseEnv };
    await using from = await openNamed(context, first, fromKey, { readonly: true });
    await using to = await openNamed(context, second, toKey);
    return [await copy(context, from.care, to.care, refs)];
  }
  await using own = await openOwn(context);
  if (first !== undefined) {
    await using to = await openNamed(context, first, toKey);
    return [await copy(context, own.care, to.care, [])];
  }
  const copies = own.config.copies ?? [];
  if (copies.length === 0) throw failure('COPIES_NOT_CONFIGURED', {});
  const results: CopyResult[] = [];
  for (const one of copies) {
    await using to = await openResolved(context, one);
    results.push(await copy(context, own.care, to.care, []));
  }
  return results;
}

async function copy(
  { call }: CommandContext,
  from: VaultCare,
  to: VaultCare,
  refs: readonly string[],
): Promise<CopyResult> {
  return await from.copyTo(to, { ...call, ...(refs.length === 0 ? {} : { refs }) });
}

function show({ output }: CommandContext, { to, copied, there, failed }: CopyResult): void {
  for (const { id, name, bytesStored } of copied) {
    output.data(
      `  ${id}  ${plainText(name ?? '')}  ${bytesText(bytesStored)}`.replace(/ {4,}/, '  '),
    );
  }
  for (const { id, reason } of failed) output.data(`  ${id}  not copied: ${plainText(reason)}`);
  const done =
    copied.length === 0
      ? 'Nothing was to be copied'
      : `${countText(copied.length, 'snapshot')} copied`;
  const before = there === 0 ? '' : `, ${there} there before`;
  output.data(`${output.style.bold(to)}: ${done}${before}.`);
}
