// stillpoint exec -- CMD: runs a program with the managed database, and gets out of its way. Its signals, its exit
// status and its terminal are its own; passwords go through the environment, never through an argument list.
import { failure } from '@stillpoint/core';
import { InvalidArgumentError, type Command } from 'commander';
import { spawn } from 'node:child_process';
import { databaseEnvironment } from './database-environment.ts';
import type { CommandContext, OpenProject, Runner } from './context.ts';
import { refuseIfBlocked, verdictLines } from './gate.ts';
import type { Host } from './host.ts';
import { plainText } from '../output/plain-text.ts';

interface Options {
  readonly source?: string;
  /** False with --no-gate. */
  readonly gate: boolean;
}

export function addExecCommand(program: Command, run: Runner): void {
  program
    .command('exec')
    .argument('[command...]', 'the program and its arguments')
    .usage('[options] -- COMMAND...')
    .summary('run a program with the database in its environment')
    .description(
      'Starts the managed database if need be and runs a program with DATABASE_URL, PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE and STILLPOINT_LOCK_KEY set. Before, it asks the gate: old code is not started on newer data.',
    )
    .option('--source <name>', 'whose address DATABASE_URL is, when the project has several')
    .option('--no-gate', 'start the program whatever the gate would say')
    .addHelpText('after', '\nExample:\n  stillpoint exec -- npm start\n  stillpoint exec -- psql')
    .action(
      run<Options>(async (context, options, [command, ...args]) => {
        if (command === undefined)
          throw new InvalidArgumentError('Name the program to run after "--".');
        const environment = await environmentFor(context, options);
        await runProgram(command, args, environment, context.host);
      }),
    );
}

async function environmentFor(
  context: CommandContext,
  options: Options,
): Promise<Readonly<Record<string, string | undefined>>> {
  // The project is closed again before the program runs: it may run for days, and take snapshots itself.
  await using project = await context.openProject();
  const own = await databaseEnvironment(project, options.source, context.call);
  await askGate(context, project, options.gate);
  return { ...context.host.environment, ...own };
}

/** Throws GATE_BLOCKED. From here on the databases say that this code uses them. */
async function askGate(
  { call, output }: CommandContext,
  { stillpoint }: OpenProject,
  wanted: boolean,
): Promise<void> {
  if (!wanted) {
    output.warn(
      'The gate was not asked, because of --no-gate: this code may be older than the data.',
    );
    return;
  }
  const verdict = await stillpoint.gate({ ...call, stamp: true });
  for (const { level, subject, what, evidence } of verdict.findings) {
    if (level !== 'warn') continue;
    const text = plainText(`${subject}: ${what} (${evidence.join('; ')})`);
    call.onProgress({ type: 'note:said', level: 'warn', text });
  }
  if (verdict.level === 'block') {
    for (const line of verdictLines(verdict, output.talkStyle)) output.say(line);
  }
  refuseIfBlocked(verdict, 'the program was not started');
}

async function runProgram(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  host: Host,
): Promise<void> {
  host.signal.throwIfAborted();
  const child = spawn(command, args, { stdio: 'inherit', env: environment, cwd: host.cwd });
  host.handSignalsTo((signal) => {
    // The terminal sends Ctrl-C to the program as well; twice would be once too often.
    if (signal !== 'SIGINT' || !host.interactive) child.kill(signal);
  });
  const ended = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(
    (resolve, reject) => {
      child.once('error', (error) =>
        reject(failure('PROGRAM_NOT_STARTED', { program: command }, error)),
      );
      child.once('exit', (code, signal) => resolve({ code, signal }));
    },
  );
  if (ended.signal !== null) host.dieBy(ended.signal);
  if (ended.code !== 0) throw new ProgramEnded(ended.code ?? 1);
}

/** Not an error of ours: the program's own exit status, to be passed on without a word. */
export class ProgramEnded extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`the program ended with status ${exitCode}`);
    this.exitCode = exitCode;
  }
}
