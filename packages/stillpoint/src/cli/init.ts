// stillpoint init [DIR]
import type { Command } from 'commander';
import { createFileAtomic, failure, isFailure } from '@stillpoint/core';
import type { Choice, Discovery } from '@stillpoint/engine';
import path from 'node:path';
import { plainText } from '../output/plain-text.ts';
import { countText } from '../output/units.ts';
import type { CommandContext, Runner } from './context.ts';
import { gitEnvironment } from './engine-environment.ts';
import { askChoice, foundTable } from './init-questions.ts';

interface Options {
  readonly yes?: true;
  readonly dryRun?: true;
}

const CONFIG_NAME = 'stillpoint.config.ts';

export function addInitCommand(program: Command, run: Runner): void {
  program
    .command('init')
    .argument('[dir]', 'the project; the current directory when left out')
    .summary('find repositories and databases, and write the configuration')
    .description(
      'Looks for git repositories, databases and their addresses, and writes a commented stillpoint.config.ts.',
    )
    .option('-y, --yes', 'take what is likely, without questions')
    .option('--dry-run', 'print the configuration instead of writing it')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint init\n  stillpoint init --dry-run\n\nWhere nobody can be asked, what is likely is taken. Passwords are never written: an address is the\nname of the variable that holds it.',
    )
    .action(run<Options>((context, options, [dir]) => init(context, options, dir)));
}

async function init(context: CommandContext, options: Options, dir?: string): Promise<void> {
  const { host, output, global } = context;
  const { chooseLikely, discoverProject, loadConfig, writeConfigText } =
    await import('@stillpoint/engine');
  const asked = path.resolve(host.cwd, dir ?? global.project ?? '.');
  const dryRun = options.dryRun === true;
  if (!dryRun) await refuseExisting(asked);
  const found = await discoverProject(asked, host.environment, {
    signal: host.signal,
    gitEnvironment: gitEnvironment(host.environment),
  });
  const { repositories, databases, uploads, runs } = found;
  if ([repositories, databases, uploads, runs].every((one) => one.length === 0)) {
    throw failure('NOTHING_FOUND', { directory: found.directory });
  }
  showFound(context, found, dryRun);
  await warnWithin(context, found.directory);
  const alone = options.yes === true || dryRun || output.json || !host.interactive;
  const choice = alone ? chooseLikely(found) : await askChoice(context, found, chooseLikely(found));
  const text = writeConfigText(found, choice);
  const file = path.join(found.directory, CONFIG_NAME);
  if (!dryRun) {
    await writeConfig(file, text);
    // What is written must load; if it does not, that is told now and not by the first snapshot.
    await loadConfig(file, { stillpointModule: import.meta.resolve('stillpoint') });
  }
  output.result({ directory: found.directory, file, written: !dryRun, found, config: text });
  if (dryRun) output.data(text.trimEnd());
  else sayWritten(context, found, choice);
}

async function refuseExisting(directory: string): Promise<void> {
  const { findConfig } = await import('@stillpoint/engine');
  const file = await findConfig(directory, { walk: false }).catch((error: unknown) => {
    if (isFailure(error, 'CONFIG_MISSING')) return undefined;
    throw error;
  });
  if (file !== undefined) throw failure('CONFIG_EXISTS', { file });
}

/** What lies in a project already would be captured twice, by two that know nothing of each other. */
async function warnWithin({ output }: CommandContext, directory: string): Promise<void> {
  const { findConfig } = await import('@stillpoint/engine');
  const above = await findConfig(path.dirname(directory)).catch((error: unknown) => {
    if (isFailure(error, 'CONFIG_MISSING')) return undefined;
    throw error;
  });
  if (above === undefined) return;
  output.warn(
    `this directory lies in the project of ${above}: it will be a project of its own, with its own vault.`,
  );
}

async function writeConfig(file: string, text: string): Promise<void> {
  try {
    await createFileAtomic(file, text, { mode: 0o644 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw failure('CONFIG_EXISTS', { file });
    throw failure('CONFIG_NOT_WRITTEN', { file }, error);
  }
}

/** With --dry-run stdout is the configuration alone. */
function showFound({ output }: CommandContext, found: Discovery, dryRun: boolean): void {
  if (!output.json) {
    const style = dryRun ? output.talkStyle : output.style;
    for (const line of foundTable(found, { width: output.width, style })) {
      if (dryRun) output.say(line);
      else output.data(line);
    }
  }
  for (const note of found.notes) output.warn(note);
}

function sayWritten({ output }: CommandContext, found: Discovery, choice: Choice): void {
  const members = countText(choice.repositories.length, 'repository', 'repositories');
  const { databases, uploads, runs } = choice;
  const sources = countText(databases.length + uploads.length + runs.length, 'source');
  output.data(`Wrote ${output.style.bold(CONFIG_NAME)}: ${members}, ${sources}.`);
  for (const line of leftOut(found, choice)) output.say(line);
  output.next('stillpoint doctor', 'To see what works');
  output.next('stillpoint snapshot', 'The first snapshot');
}

/** What was found and is not captured: nobody should learn that from a restore. */
function leftOut(found: Discovery, choice: Choice): readonly string[] {
  const skipped = [
    ...found.databases.flatMap((one) => {
      if (choice.databases.includes(one)) return [];
      if (one.kind === 'sqlite') return [one.file];
      return [one.kind === 'postgres' ? one.where : `${one.where} (needs ${one.variable})`];
    }),
    ...found.uploads.flatMap((one) => (choice.uploads.includes(one) ? [] : [one.path])),
    ...found.runs.flatMap((one) => (choice.runs.includes(one) ? [] : [one.path])),
  ];
  if (skipped.length === 0) return [];
  return [
    plainText(`Not captured: ${skipped.join(', ')}. ${CONFIG_NAME} says how to add what you miss.`),
  ];
}
