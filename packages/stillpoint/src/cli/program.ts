// The command's grammar: global options, one function a command, and how commander's own complaints become errors of
// the catalogue. Nothing here touches the process; runCommand() can be called with any host.
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { exitCodes, failure, isFailure, parseDuration } from '@stillpoint/core';
import { createOutput, type Output } from '../output/output.ts';
import { addCheckpointCommands } from './checkpoint.ts';
import { addCompletionCommand } from './completion.ts';
import { addControlCommand } from './ctl.ts';
import { addDatabaseCommands } from './db.ts';
import { addDemoCommand } from './demo.ts';
import { addDoctorCommand } from './doctor.ts';
import { addDiffCommand } from './diff.ts';
import { addExecCommand, ProgramEnded } from './exec.ts';
import { firstStepsText } from './first-steps.ts';
import { addForgetCommand } from './forget.ts';
import { addHoldCommand } from './hold.ts';
import { addInitCommand } from './init.ts';
import { addGateCommand } from './gate.ts';
import { addLensCommands } from './lens.ts';
import { addListCommand } from './list.ts';
import { addMigrateCommands } from './migrate.ts';
import { addNewCommands } from './new.ts';
import { addPruneCommand } from './prune.ts';
import { addRestoreCommand } from './restore.ts';
import { addRunCommand } from './run.ts';
import { addShowCommand } from './show.ts';
import { addSnapshotCommand } from './snapshot.ts';
import { addTracesCommands } from './traces.ts';
import { addUndoCommand } from './undo.ts';
import { addVaultCommands } from './vault.ts';
import { addVerifyCommand } from './verify.ts';
import { addWorldCommands } from './world.ts';
import { createContext, createRunner, type GlobalOptions, type Runner } from './context.ts';
import type { Host } from './host.ts';
import { VERSION } from './version.ts';

export const TAGLINE =
  'Undo for everything that can break a running system: code, database and running state as one sealed snapshot.';

const commands: readonly ((program: Command, run: Runner) => void)[] = [
  addInitCommand,
  addDoctorCommand,
  addSnapshotCommand,
  addListCommand,
  addShowCommand,
  addDiffCommand,
  addVerifyCommand,
  addRestoreCommand,
  addUndoCommand,
  addHoldCommand,
  addForgetCommand,
  addPruneCommand,
  addVaultCommands,
  addDatabaseCommands,
  addMigrateCommands,
  addTracesCommands,
  addRunCommand,
  addWorldCommands,
  addControlCommand,
  addCheckpointCommands,
  addLensCommands,
  addExecCommand,
  addGateCommand,
  addDemoCommand,
  addNewCommands,
  addCompletionCommand,
];

export function createProgram(run: Runner): Command {
  const program = new Command('stillpoint')
    .description(TAGLINE)
    .version(VERSION, '-V, --version', 'print the version')
    .option('--json', 'print one JSON document on stdout, errors as JSON on stderr')
    .option('--project <dir>', 'the project, instead of the nearest one from here upwards')
    .option(
      '--wait <duration>',
      'wait for another stillpoint of this project, e.g. 60s',
      waitOption,
    )
    .option('-q, --quiet', 'say nothing but warnings and errors')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, commandDescription: () => '' })
    .exitOverride();
  for (const add of commands) add(program, run);
  program.addHelpText(
    'after',
    `\nStart with: stillpoint init. To see it at work first: stillpoint demo.`,
  );
  // Commander asks for this when no command was named.
  program.help = () => {
    program.configureOutput().writeErr?.(firstStepsText(program));
    throw new CommanderError(exitCodes.usage, 'commander.help', '(first steps)');
  };
  // What it is comes first, before how it is written.
  forAll(program, (command) => command.addHelpText('before', `${command.description()}\n`));
  return program;
}

/** Runs one command line (without node and script). Resolves to the exit status; never rejects. */
export async function runCommand(args: readonly string[], host: Host): Promise<number> {
  const output = (global: Partial<GlobalOptions>): Output =>
    createOutput(outputOptions(host, global));
  // What a command has drawn only its own output can take away, before the error is written.
  let used: Output | undefined;
  const program = createProgram(
    createRunner((global) => createContext(host, (used = output(global)), global)),
  );
  forAll(program, (command) => {
    command.configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => host.stdout.columns(),
      getErrHelpWidth: () => host.stderr.columns(),
    });
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage;
    if (error instanceof ProgramEnded) return error.exitCode;
    const shown = presentable(error, args, { host, program });
    (used ?? output(globalsOf(args, program))).error(shown);
    return isFailure(shown) ? shown.exitCode : exitCodes.failed;
  }
}

function presentable(
  error: unknown,
  args: readonly string[],
  { host, program }: { readonly host: Host; readonly program: Command },
): unknown {
  if (error instanceof CommanderError) {
    const problem = error.message.replace(/^error: /, '').replaceAll('\n', ' ');
    return failure('USAGE_INVALID', {
      problem: /[.?!)]$/.test(problem) ? problem : `${problem}.`,
      usage: `${commandIn(args, program)} --help shows how it is used.`,
    });
  }
  // What an aborted call rejects with is only the echo of the interruption, unless it is an error of ours.
  return host.signal.aborted && !isFailure(error) ? host.signal.reason : error;
}

/** As far as the words name one: `stillpoint lens query`. */
function commandIn(args: readonly string[], program: Command): string {
  let command = program;
  let text = program.name();
  for (const word of args) {
    const found = command.commands.find((one) => one.name() === word);
    if (found === undefined) continue;
    command = found;
    text += ` ${word}`;
  }
  return text;
}

/** The options as far as they could be read, for an error that may be about the options themselves. */
function globalsOf(args: readonly string[], program: Command): Partial<GlobalOptions> {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  return own.includes('--json')
    ? { ...program.opts<GlobalOptions>(), json: true }
    : program.opts<GlobalOptions>();
}

function outputOptions(
  host: Host,
  global: Partial<GlobalOptions>,
): Parameters<typeof createOutput>[0] {
  const noColor = host.environment['NO_COLOR'];
  return {
    stdout: host.stdout,
    stderr: host.stderr,
    json: global.json === true,
    quiet: global.quiet === true,
    color: global.color !== false && (noColor === undefined || noColor === ''),
    debug: (host.environment['STILLPOINT_DEBUG'] ?? '') !== '',
  };
}

function waitOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError("Write a duration like '60s' or '2m'.");
  return ms;
}

function forAll(command: Command, change: (command: Command) => unknown): void {
  change(command);
  for (const child of command.commands) forAll(child, change);
}
