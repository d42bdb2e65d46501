// stillpoint vault export REF FILE, stillpoint vault import FILE
import type { Command } from 'commander';
import path from 'node:path';
import { bytesText, countText } from '../../output/units.ts';
import type { Runner } from '../context.ts';
import {
  addKeyOptions,
  keyOf,
  type KeyOptions,
  addVaultOption,
  openChosen,
  readKey,
  type VaultOption,
} from './open-vault.ts';

type Options = VaultOption & KeyOptions;

export function addVaultExportCommand(vault: Command, run: Runner): void {
  const command = vault
    .command('export')
    .argument('<ref>', 'an id, the start of one, a name, latest or latest~2')
    .argument('<file>', 'a file that is not there yet')
    .summary('write one snapshot into a file')
    .description(
      'Writes one snapshot, with everything that it needs, into a file that guards each of its bytes. With a passphrase it is encrypted. Any tar unpacks it into a directory that is a vault.',
    );
  addKeyOptions(command, 'the file');
  addVaultOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault export before-v1 shop.stillpoint --passphrase-file ~/shop.key\n  stillpoint vault import shop.stillpoint --passphrase-file ~/shop.key',
    )
    .action(
      run<Options>(async (context, options, [ref = '', file = '']) => {
        const { call, host, output } = context;
        const key = keyOf(options);
        const passphrase = await readKey(context, key);
        await using opened = await openChosen(context, options);
        const target = path.resolve(host.cwd, file);
        const result = await opened.care.exportSnapshot(ref, target, {
          ...call,
          ...(passphrase === undefined ? {} : { passphrase }),
        });
        output.result(result);
        const size = bytesText(result.bytes);
        output.data(`Exported ${output.style.bold(result.snapshot)} to ${result.file} (${size}).`);
        if (!result.encrypted) {
          output.warn('The file is not encrypted: whoever has it can read what was captured.');
        }
        output.next(
          `stillpoint vault import ${file}`,
          'To bring it into the vault of another project',
        );
      }),
    );
}

export function addVaultImportCommand(vault: Command, run: Runner): void {
  const command = vault
    .command('import')
    .argument('<file>', 'what stillpoint vault export wrote')
    .summary('take a snapshot from a file')
    .description(
      'Takes the snapshot of an exported file into the vault. Every byte of the file is checked first; what is there already is not taken again.',
    );
  addKeyOptions(command, 'the file');
  addVaultOption(command)
    .addHelpText('after', '\nExample:\n  stillpoint vault import shop.stillpoint')
    .action(
      run<Options>(async (context, options, [file = '']) => {
        const { call, host, output } = context;
        const key = keyOf(options);
        const passphrase = await readKey(context, key);
        await using opened = await openChosen(context, options);
        const result = await opened.care.importFile(path.resolve(host.cwd, file), {
          ...call,
          ...(passphrase === undefined ? {} : { passphrase }),
        });
        output.result(result);
        for (const { id, name } of result.imported) {
          output.data(`Imported ${output.style.bold(id)}${name === null ? '' : ` ${name}`}.`);
        }
        if (result.there > 0) output.data(`${countText(result.there, 'snapshot')} there before.`);
        const [first] = result.imported;
        if (first !== undefined) {
          output.next(
            `stillpoint restore ${first.id} --dry-run`,
            'To see what restoring it would change',
          );
        }
      }),
    );
}
