// stillpoint migrate [status|rollback|drift]: the schema of a daemon's database, from the models of its extensions.
import { failure } from '@stillpoint/core';
import type { MigrateOutcome, RollbackOutcome } from '@stillpoint/persistence';
import type { Command } from 'commander';
import { countText } from '../output/units.ts';
import { confirm } from './confirm.ts';
import type { CommandContext, Runner } from './context.ts';
import { addLookingCommands } from './migrate/look.ts';
import { openDaemon, optionsOf, type Daemon, type DaemonOptions } from './migrate/open.ts';
import { showOutlook, showSql } from './migrate/show.ts';

interface ApplyingOptions extends DaemonOptions {
  readonly accept?: readonly string[];
  readonly dryRun?: true;
  readonly yes?: true;
  /** False with --no-guard. */
  readonly guard: boolean;
}

interface Options extends ApplyingOptions {
  readonly dropData?: readonly string[];
  readonly frozen?: true;
}

export function addMigrateCommands(program: Command, run: Runner): void {
  const migrate = program
    .command('migrate')
    .summary("bring the database to the extensions' models")
    .description(
      'Applies the migrations that are committed and not in the database yet. Where the models of the extensions want more, it makes a new one: a file in stillpoint/migrations of the core repository, to be committed with the code. Each migration is applied as a whole or not at all, and before the first one a snapshot is taken.',
    )
    .option('--drop-data <extension>', 'drop the tables of an extension that is gone', collect)
    .option('--frozen', 'only what is committed: refuse to make a new migration')
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint migrate --dry-run\n  stillpoint migrate --accept "drop public.notes.title"\n  stillpoint migrate --frozen --yes',
    )
    .action(
      run<Options>(async (context) => {
        await applying(
          context,
          optionsOf<Options>(context),
          async (daemon, how) => await migrateUp(daemon, how),
        );
      }),
    );
  addApplyingOptions(migrate);

  const back = migrate
    .command('rollback')
    .summary('take the last migration back')
    .description(
      'Takes back the last migration, by the way back that was stored with it, or all after the one that is named. Its file stays: delete it, or it is applied again.',
    )
    .argument('[to]', 'the migration that is to be the last one; nothing: take all back')
    .addHelpText('after', '\nExample:\n  stillpoint migrate rollback --dry-run')
    .action(
      run<ApplyingOptions>(async (context, _, [to]) => {
        const options = optionsOf<Options>(context);
        refuseForward(options);
        await applying(context, options, async (daemon, how) => await migrateBack(daemon, how, to));
      }),
    );
  addApplyingOptions(back);
  addLookingCommands(migrate, run);
}

function addApplyingOptions(command: Command): void {
  command
    .option('--accept <loss>', 'yes to a loss by its name; may be given several times', collect)
    .option('--dry-run', 'print the SQL, and change nothing')
    .option('--no-guard', 'take no snapshot before')
    .option('--yes', 'do not ask')
    .option('--source <name>', 'which database, when the project has several')
    .option('--member <path>', 'the repository with the migrations, when it is not clear');
}

/** Taken for a part of the rollback, they would be overlooked. */
function refuseForward({ dropData, frozen }: Options): void {
  if (dropData === undefined && frozen === undefined) return;
  throw failure('USAGE_INVALID', {
    problem: '--drop-data and --frozen are for migrating, not for a rollback.',
    usage: 'stillpoint migrate rollback --help shows how it is used.',
  });
}

interface Applying {
  readonly context: CommandContext;
  readonly options: Options;
  /** The name of the snapshot, as soon as it is there. */
  readonly guardName: () => string | undefined;
  readonly shared: {
    readonly accept: readonly string[];
    readonly dryRun: boolean;
    readonly guard?: (reason: string) => Promise<{ readonly id: string }>;
  };
}

async function applying(
  context: CommandContext,
  options: Options,
  work: (daemon: Daemon, applying: Applying) => Promise<void>,
): Promise<void> {
  await using daemon = await openDaemon(context, options, { commits: options.dryRun !== true });
  const { stillpoint } = daemon.project;
  let guardName: string | undefined;
  const guard = async (reason: string): Promise<{ readonly id: string }> => {
    const at = context.host.now().toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
    const name = `before-migration-${at}`;
    const { id } = await stillpoint.snapshot({ ...context.call, name, message: reason });
    guardName = name;
    return { id };
  };
  try {
    await work(daemon, {
      context,
      options,
      guardName: () => guardName,
      shared: {
        accept: options.accept ?? [],
        dryRun: options.dryRun === true,
        ...(options.guard ? { guard } : {}),
      },
    });
  } catch (error) {
    // Whatever was applied before it failed: there is a way back.
    if (guardName !== undefined) {
      context.output.say(`The snapshot ${guardName} was taken before.`);
      context.output.next(`stillpoint restore ${guardName}`, 'To come back to it');
    }
    throw error;
  }
}

async function migrateUp(daemon: Daemon, applying: Applying): Promise<void> {
  const { context, options, shared } = applying;
  const { output, call, host } = context;
  const outcome = await daemon.persistence.migrate({
    ...daemon.places,
    ...shared,
    dropData: options.dropData ?? [],
    frozen: options.frozen === true,
    confirm: async (outlook) => {
      showOutlook(context, outlook.steps, outlook.parts);
      await ask(context, 'migration', options.yes === true);
    },
    progress: call.onProgress,
    signal: host.signal,
    now: () => host.now(),
  });
  output.result({ ...outcome, file: fileOf(daemon, outcome) });
  if (nothingIn(outcome)) {
    output.data('Nothing to do: the database is as the models say.');
    return;
  }
  if (!outcome.done) {
    showSql(context, outcome.steps, outcome.parts);
    output.next('stillpoint migrate', 'To do it');
    return;
  }
  output.data(`Applied ${countText(outcome.steps.length, 'migration')}.`);
  if (outcome.parts.length > 0) output.data(`Set up: the tables of ${outcome.parts.join(', ')}.`);
  const file = fileOf(daemon, outcome);
  if (file !== null) output.data(`New: ${file}. Commit it with the code.`);
  suggestGuard(applying);
}

async function migrateBack(daemon: Daemon, applying: Applying, to?: string): Promise<void> {
  const { context, options, shared } = applying;
  const { output, call, host } = context;
  const outcome: RollbackOutcome = await daemon.persistence.rollback({
    ...daemon.places,
    ...shared,
    ...(to === undefined ? {} : { to }),
    confirm: async (outlook) => {
      showOutlook(context, outlook.steps, []);
      await ask(context, 'rollback', options.yes === true);
    },
    progress: call.onProgress,
    signal: host.signal,
  });
  output.result(outcome);
  if (outcome.steps.length === 0) output.data('Nothing to do: no migration is to be taken back.');
  else if (!outcome.done) showSql(context, outcome.steps, []);
  else {
    output.data(`Took back ${countText(outcome.steps.length, 'migration')}.`);
    output.say('The files stay: delete those that you do not want to be applied again.');
    suggestGuard(applying);
  }
}

function suggestGuard({ context, guardName }: Applying): void {
  const name = guardName();
  if (name !== undefined) context.output.next(`stillpoint restore ${name}`, 'To come back');
}

function nothingIn({ steps, parts }: MigrateOutcome): boolean {
  return steps.length === 0 && parts.length === 0;
}

function fileOf({ fileOf: named }: Daemon, { steps }: MigrateOutcome): string | null {
  const made = steps.find(({ committed }) => !committed);
  return made === undefined ? null : named(made.name);
}

async function ask(
  context: CommandContext,
  operation: 'migration' | 'rollback',
  yes: boolean,
): Promise<void> {
  const { host, output } = context;
  if (!yes && (!host.interactive || output.json)) throw failure('MIGRATE_NEEDS_YES', { operation });
  await confirm(context, operation, yes);
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
