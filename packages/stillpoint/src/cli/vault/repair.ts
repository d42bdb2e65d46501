// stillpoint vault repair
import { failure } from '@stillpoint/core';
import type { RepairOptions, RepairResult } from '@stillpoint/engine';
import type { Command } from 'commander';
import { plainText } from '../../output/plain-text.ts';
import { countText } from '../../output/units.ts';
import { confirm } from '../confirm.ts';
import type { CommandContext, Runner } from '../context.ts';
import { lossText } from '../verify.ts';
import {
  addKeyOptions,
  addVaultOption,
  openChosen,
  openNamed,
  type Opened,
  type VaultOption,
} from './open-vault.ts';

interface Options extends VaultOption {
  readonly dryRun?: true;
  readonly yes?: true;
  readonly forgetDamaged?: true;
  readonly from?: string;
  readonly fromPassphraseFile?: string;
  readonly fromPassphraseEnv?: string;
}

/** Of what one snapshot lost; the JSON has all. */
const LOSSES_SHOWN = 20;

export function addVaultRepairCommand(vault: Command, run: Runner): void {
  const command = vault
    .command('repair')
    .summary('keep what is whole, fetch what is lost, say what is gone')
    .description(
      'Reads the whole vault. What is whole in damaged packs is stored anew, lost indexes are made again, and what is lost is fetched from another vault, if one is named. Snapshots that are not whole stay, and are told by name, unless you say that they may be forgotten.',
    )
    .option('--dry-run', 'only say what would be done')
    .option('--yes', 'do not ask')
    .option('--from <place>', 'another vault with the same snapshots, to fetch what is lost here')
    .option('--forget-damaged', 'also forget the snapshots that are not whole and not held');
  addKeyOptions(command, 'the vault of --from', 'from-');
  addVaultOption(command)
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint vault repair --dry-run\n  stillpoint vault repair --from /mnt/offsite/shop',
    )
    .action(
      run<Options>(async (context, options) => {
        await using opened = await openChosen(context, options);
        await using from = await openFrom(context, options);
        const wanted: RepairOptions = {
          ...context.call,
          forgetDamaged: options.forgetDamaged === true,
          ...(from === undefined ? {} : { from: from.care }),
        };
        await repair(context, opened, wanted, options);
      }),
    );
}

async function openFrom(context: CommandContext, options: Options): Promise<Opened | undefined> {
  if (options.from === undefined) return undefined;
  const key = { file: options.fromPassphraseFile, env: options.fromPassphraseEnv };
  return await openNamed(context, options.from, key, { readonly: true });
}

async function repair(
  context: CommandContext,
  { care }: Opened,
  wanted: RepairOptions,
  { dryRun, yes }: Options,
): Promise<void> {
  const { output } = context;
  if (dryRun === true || yes !== true) {
    const plan = await care.repair({ ...wanted, dryRun: true });
    if (dryRun === true) output.result(plan);
    if (dryRun !== true && !needsRepair(plan)) {
      output.result(plan);
      output.data('Nothing is to be repaired.');
      return;
    }
    show(context, plan, (line) => (dryRun === true ? output.data(line) : output.say(line)));
    if (dryRun === true) {
      if (needsRepair(plan)) output.next('stillpoint vault repair', 'To do it');
      return;
    }
    await confirm(context, 'repair', false);
  }
  const result = await care.repair(wanted);
  output.result(result);
  show(context, result, (line) => output.data(line));
  const left = result.harmed.filter(({ id }) => !result.forgotten.includes(id));
  if (left.length > 0) throw failure('SNAPSHOTS_LOST', { harmed: left.length });
  output.next('stillpoint snapshot', 'To have a whole one of now');
}

function needsRepair({ packs, indexes, marks, reindexed, harmed }: RepairResult): boolean {
  return packs.length + indexes.length + marks.length + reindexed + harmed.length > 0;
}

function show(
  { output }: CommandContext,
  result: RepairResult,
  write: (line: string) => void,
): void {
  const { bold, red } = output.style;
  const { packs, indexes, marks, reindexed, mended, harmed, forgotten, done } = result;
  if (!needsRepair(result)) write('Nothing is to be repaired.');
  for (const { key, what, wholeChunks, lostChunks } of packs) {
    const kept = done ? 'kept' : 'can be kept';
    write(`${key}: ${what}; ${countText(wholeChunks, 'chunk')} ${kept}, ${lostChunks} lost`);
  }
  for (const { key, what } of [...indexes, ...marks]) write(`${key}: ${what}`);
  if (marks.length > 0) write('The next stillpoint prune writes everything that is needed anew');
  if (reindexed > 0) {
    write(
      `${countText(reindexed, 'pack')} that no index names ${done ? 'are named again' : 'can be named again'}`,
    );
  }
  for (const id of mended) write(`${bold(id)} is whole again`);
  for (const { id, name, held, lost } of harmed) {
    const title = `${bold(id)}${name === null ? '' : ` ${name}`}`;
    const gone = forgotten.includes(id);
    const fate = gone ? (done ? ', forgotten' : ', would be forgotten') : held ? ', held' : '';
    write(`${title} ${red('is not whole')}${fate}; lost:`);
    for (const loss of lost.slice(0, LOSSES_SHOWN)) write(`  ${plainText(lossText(loss))}`);
    if (lost.length > LOSSES_SHOWN) write(`  … and ${lost.length - LOSSES_SHOWN} more`);
  }
}
