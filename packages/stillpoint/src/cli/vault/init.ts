// stillpoint vault init PLACE
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { addKeyOptions, keyOf, type KeyOptions, openNamed } from './open-vault.ts';

interface Options extends KeyOptions {
  readonly unencrypted?: true;
}

export function addVaultInitCommand(vault: Command, run: Runner): void {
  const command = vault
    .command('init')
    .argument('<place>', 'an empty directory, or s3://bucket/prefix')
    .summary('begin a vault, e.g. for copies')
    .description(
      'Begins a vault in an empty place. The vault of a project need not be begun: its first snapshot does that. One that is there already is left as it is.',
    );
  addKeyOptions(command, 'the new vault')
    .option('--unencrypted', 'begin one that is not encrypted')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault init /mnt/offsite/shop --passphrase-file ~/shop.key\n  stillpoint vault init s3://backups/shop --passphrase-env SHOP_KEY',
    )
    .action(
      run<Options>(async (context, options, [place = '']) => {
        const { output } = context;
        const key = keyOf(options);
        const how = { create: true, unencrypted: options.unencrypted === true };
        await using opened = await openNamed(context, place, key, how);
        const { care } = opened;
        output.result({ place: care.place, id: care.id, encryption: care.encryption });
        const style = care.encryption === 'none' ? 'not encrypted' : 'encrypted';
        output.data(`The vault at ${output.style.bold(care.place)} is there, ${style}.`);
        if (care.encryption === 'none' && options.unencrypted !== true) {
          output.warn('Whoever can read this place can read what is in it.');
        }
        output.next(`stillpoint vault copy ${place}`, "To copy the project's snapshots there");
      }),
    );
}
