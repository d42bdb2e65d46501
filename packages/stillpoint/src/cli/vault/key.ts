// stillpoint vault key list|add|change|remove
import { failure } from '@stillpoint/core';
import type { KeySlot } from '@stillpoint/engine';
import type { Command } from 'commander';
import { plainText } from '../../output/plain-text.ts';
import { renderTable } from '../../output/table.ts';
import { agoText } from '../../output/units.ts';
import type { CommandContext, Runner } from '../context.ts';
import {
  addKeyOptions,
  keyOf,
  type KeyOptions,
  addVaultOption,
  openChosen,
  readKey,
  type VaultOption,
} from './open-vault.ts';

interface Options extends VaultOption, KeyOptions {
  readonly label?: string;
}

export function addVaultKeyCommands(vault: Command, run: Runner): void {
  const key = vault
    .command('key')
    .summary('the passphrases that open the vault: list, add, change, remove')
    .description(
      'A vault can be opened by several passphrases. To remove or change one does not take back what somebody has read with it: for that, copy the snapshots into a new vault.',
    )
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault key add --passphrase-file ~/second.key --label safe',
    );
  addListCommand(key, run);
  addAddCommand(key, run);
  addChangeCommand(key, run);
  addRemoveCommand(key, run);
}

function addListCommand(key: Command, run: Runner): void {
  const list = key
    .command('list')
    .summary('every passphrase that opens the vault, by its slot')
    .description('Lists the key slots: each is opened by one passphrase.');
  addVaultOption(list)
    .addHelpText('after', '\nExample:\n  stillpoint vault key list')
    .action(
      run<Options>(async (context, options) => {
        const { host, output } = context;
        await using opened = await openChosen(context, options);
        const { care } = opened;
        const slots = await care.keys();
        output.result(slots.map((slot) => ({ ...slot, opened: slot.name === care.openedBy })));
        const rows = slots.map(({ name, label, createdAt }) => [
          name,
          plainText(label ?? ''),
          agoText(new Date(createdAt), host.now()),
          name === care.openedBy ? 'opened it now' : '',
        ]);
        const { style, width } = output;
        const columns = [
          { title: 'SLOT' },
          { title: 'LABEL', shrink: true },
          { title: 'ADDED' },
          { title: '' },
        ];
        for (const line of renderTable(columns, rows, { width, style })) output.data(line);
        output.next('stillpoint vault key add --passphrase-file FILE', 'To add another');
      }),
    );
}

function addAddCommand(key: Command, run: Runner): void {
  const add = key
    .command('add')
    .summary('let another passphrase open the vault')
    .description('Lets another passphrase, of at least 16 bytes, open the vault too.');
  addKeyOptions(add, 'the new slot').option('--label <text>', 'what you call it');
  addVaultOption(add)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault key add --passphrase-file ~/second.key --label safe',
    )
    .action(
      run<Options>(async (context, options) => {
        const passphrase = await newPassphrase(context, options);
        await using opened = await openChosen(context, options);
        const slot = await opened.care.addKey(passphrase, options.label ?? null);
        context.output.result(slot);
        context.output.data(`Added ${describe(context, slot)}.`);
        context.output.next('stillpoint vault key list', 'All of them');
      }),
    );
}

function addChangeCommand(key: Command, run: Runner): void {
  const change = key
    .command('change')
    .summary('another passphrase in place of the one that is used')
    .description(
      'Puts another passphrase in place of the one with which the vault was opened just now. The configuration must name the new one from then on.',
    );
  addKeyOptions(change, 'the new slot').option('--label <text>', 'what you call it');
  addVaultOption(change)
    .addHelpText('after', '\nExample:\n  stillpoint vault key change --passphrase-file ~/new.key')
    .action(
      run<Options>(async (context, options) => {
        const passphrase = await newPassphrase(context, options);
        await using opened = await openChosen(context, options);
        const slot = await opened.care.changeKey(passphrase, options.label ?? null);
        context.output.result(slot);
        context.output.data(`Changed: ${describe(context, slot)} opens the vault now.`);
        context.output.say('Name the new passphrase in the configuration.');
      }),
    );
}

function addRemoveCommand(key: Command, run: Runner): void {
  const remove = key
    .command('remove')
    .argument('<slot>', 'as stillpoint vault key list shows it')
    .summary('let a passphrase open the vault no longer')
    .description(
      'Removes a key slot. Never the one that opened the vault just now: so it is known that one is left that works.',
    );
  addVaultOption(remove)
    .addHelpText('after', '\nExample:\n  stillpoint vault key remove 3f9a1c77b0de4a21')
    .action(
      run<Options>(async (context, options, [slot = '']) => {
        await using opened = await openChosen(context, options);
        await opened.care.removeKey(slot);
        context.output.result({ removed: slot });
        context.output.data(`Removed ${slot}.`);
        context.output.next('stillpoint vault key list', 'What is left');
      }),
    );
}

async function newPassphrase(context: CommandContext, options: Options): Promise<Uint8Array> {
  const key = keyOf(options);
  const passphrase = await readKey(context, key);
  if (passphrase !== undefined) return passphrase;
  throw failure('USAGE_INVALID', {
    problem: 'Say where the new passphrase is: --passphrase-file or --passphrase-env.',
    usage: 'stillpoint vault key --help shows how it is used.',
  });
}

function describe({ output }: CommandContext, { name, label }: KeySlot): string {
  const text = label === null ? '' : ` (${plainText(label)})`;
  return `the key slot ${output.style.bold(name)}${text}`;
}
