// stillpoint ctl
import { failure, isFailure, parseDuration } from '@stillpoint/core';
import type { LivingRun, ControlStatus, Where } from '@stillpoint/sim';
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { renderTable, type Column } from '../output/table.ts';
import { countText } from '../output/units.ts';
import { addPlaceOption, whereOf, type PlaceOptions } from './checkpoint/places.ts';
import type { CommandContext, Runner } from './context.ts';
import { loadSim } from './load-sim.ts';
import { runtimeDirectory } from './runtime-directory.ts';

interface Options extends PlaceOptions {
  readonly all?: true;
  readonly dir?: string;
  readonly timeout: number;
  readonly ttl?: number;
}

const actions = ['status', 'checkpoint', 'pause', 'resume', 'stop', 'set-stride'] as const;
type Action = (typeof actions)[number];

type Ask = (method: string, parameters?: object) => Promise<unknown>;
interface Taken {
  readonly tick: number;
  readonly file: string;
}

export function addControlCommand(program: Command, run: Runner): void {
  const command = program
    .command('ctl')
    .summary('look at and control runs of simulations')
    .description('Asks a run that goes on, or all of them, and says what it answers.')
    .argument('[run]', 'its id or its directory')
    .addArgument(new Argument('[action]', 'what it is asked').choices(actions).default('status'))
    .argument('[ticks]', 'with set-stride: a checkpoint every so many ticks')
    .option('--all', 'a table of all runs of this user that go on');
  addPlaceOption(command)
    // What --checkpoint-dir was called here first.
    .addOption(new Option('--dir <dir>').hideHelp().conflicts('checkpointDir'))
    .addOption(
      new Option('--timeout <duration>', 'how long to wait for the answer')
        .argParser(durationOption)
        .default(60_000, '60s'),
    )
    .addOption(
      new Option('--ttl <duration>', 'with pause: it goes on by itself after so long').argParser(
        durationOption,
      ),
    )
    .addHelpText(
      'after',
      '\nExample:\n  stillpoint ctl terra-20261121T160400-k3x9 checkpoint\n  stillpoint ctl --all',
    )
    .action(
      run<Options>(async (context, options, [named, action = 'status', ticks]) => {
        if (options.all === true) return await showAll(context, options);
        if (named === undefined) {
          throw failure('USAGE_INVALID', {
            problem: 'Which run?',
            usage: 'Name it, or see all of them: stillpoint ctl --all',
          });
        }
        const { askRun } = await loadSim();
        const living = await findRun(context, named, options);
        const { signal } = context.host;
        const { socket, runId } = living;
        const ask: Ask = (method, parameters = {}) =>
          askRun({ socket, runId, method, parameters, timeoutMs: options.timeout, signal });
        await carryOut[action as Action]({ context, options, ask, runId, ticks });
      }),
    );
}

interface Asked {
  readonly context: CommandContext;
  readonly options: Options;
  readonly ask: Ask;
  readonly runId: string;
  readonly ticks: string | undefined;
}

const carryOut: Readonly<Record<Action, (asked: Asked) => Promise<void>>> = {
  async status({ context: { output }, ask }) {
    const status = (await ask('status')) as ControlStatus;
    output.result(status);
    const { checkpoints } = status;
    const lines: readonly (readonly [string, string])[] = [
      ['run', status.runId],
      ['state', stateText(status)],
      ['tick', tickText(status)],
      ['time', `${status.simTimeSeconds} s of its world`],
      ['speed', speedText(status)],
      ['checkpoints', `${checkpoints.written} written, ${checkpoints.dropped} dropped`],
      ['newest', checkpoints.last?.file ?? 'none'],
      ['process', String(status.pid)],
      ['directory', status.directory],
    ];
    for (const [name, text] of lines) output.data(`${name.padEnd(12)}${text}`);
    if (checkpoints.failed > 0)
      output.warn(`${countText(checkpoints.failed, 'checkpoint')} could not be written.`);
  },

  async checkpoint({ context: { output }, ask, runId }) {
    const taken = (await ask('checkpoint')) as Taken & { readonly outcome: string };
    if (taken.outcome === 'dropped') throw failure('CTL_CHECKPOINT_DROPPED', { run: runId });
    output.result(taken);
    output.data(`tick ${taken.tick} is in ${taken.file}`);
  },

  async pause({ context: { output }, ask, runId, options }) {
    const parameters = options.ttl === undefined ? {} : { ttlMs: options.ttl };
    const held = (await ask('pause', parameters)) as { readonly tick: number };
    output.result(held);
    output.data(`holds still after tick ${held.tick}`);
    output.next(`stillpoint ctl ${runId} resume`, 'To let it go on');
  },

  async resume({ context: { output }, ask }) {
    const { ended } = (await ask('resume')) as { readonly ended: number };
    output.result({ ended });
    output.data(ended === 0 ? 'nobody held it' : 'goes on');
  },

  async stop({ context: { output }, ask, runId }) {
    const ended = (await ask('stop')) as { tick: number; checkpoint: Taken | null };
    output.result(ended);
    output.data(`stopped after tick ${ended.tick}`);
    if (ended.checkpoint === null) return output.warn('It has no checkpoint.');
    output.data(`its last checkpoint is ${ended.checkpoint.file}`);
    output.next(`stillpoint run ... --resume ${runId}`, 'To go on from there');
  },

  async 'set-stride'({ context: { output }, ask, ticks }) {
    const wanted = Number(ticks);
    if (!Number.isSafeInteger(wanted) || wanted < 1) {
      throw failure('USAGE_INVALID', {
        problem: 'set-stride needs a whole number of ticks.',
        usage: 'For example: stillpoint ctl RUN set-stride 1000',
      });
    }
    const set = (await ask('set-stride', { ticks: wanted })) as { readonly ticks: number };
    output.result(set);
    output.data(`takes a checkpoint every ${countText(set.ticks, 'tick')}`);
  },
};

/** By a directory, by an id in `--checkpoint-dir`, by an id wherever it runs. */
async function findRun(
  context: CommandContext,
  named: string,
  options: Options,
): Promise<LivingRun> {
  const { findLivingRuns, findRunSocket } = await loadSim();
  const { directory, cwd } = whereTold(context, options);
  for (const place of [path.resolve(directory, named), path.resolve(cwd, named)]) {
    // `latest` is a link.
    const real = await realpath(place).catch(() => place);
    const living = await findRunSocket(real);
    if (living !== undefined) return living;
  }
  const all = await findLivingRuns({ socketDirectory: runtimeDirectory() });
  const [found, other] = all.filter(({ runId }) => runId === named);
  if (found === undefined) throw failure('CTL_NOT_RUNNING', { run: named });
  if (other !== undefined) {
    throw failure('USAGE_INVALID', {
      problem: `More than one run is called ${named}.`,
      usage: `Name its directory: ${found.directory} or ${other.directory}`,
    });
  }
  return found;
}

function whereTold(context: CommandContext, { dir, checkpointDir = dir }: Options): Where {
  return whereOf(context, checkpointDir === undefined ? {} : { checkpointDir });
}

/** One that is alive and does not answer in time: its tick takes longer than that, or its control is overwhelmed. */
type Shown = ControlStatus | (LivingRun & { readonly problem: string });

async function showAll(context: CommandContext, options: Options): Promise<void> {
  const { output, host } = context;
  const { askRun, findLivingRuns } = await loadSim();
  const living = await findLivingRuns({
    checkpointDirectory: whereTold(context, options).directory,
    socketDirectory: runtimeDirectory(),
  });
  const shown: readonly Shown[] = await Promise.all(
    living.map(async (one) => {
      const { socket, runId } = one;
      const asked = { socket, runId, timeoutMs: options.timeout, signal: host.signal };
      try {
        return (await askRun({ ...asked, method: 'status' })) as ControlStatus;
      } catch (error) {
        if (!isFailure(error)) throw error;
        return { ...one, problem: error.message };
      }
    }),
  );
  output.result(shown);
  if (shown.length === 0) return output.say('No run goes on.');
  const { style, width } = output;
  const columns: readonly Column[] = [
    { title: 'RUN', paint: style.bold },
    { title: 'STATE' },
    { title: 'TICK', align: 'right' },
    { title: 'SPEED', align: 'right', spare: 1 },
    { title: 'CHECKPOINT', align: 'right', spare: 2 },
    { title: 'DIRECTORY', shrink: true, spare: 3, paint: style.dim },
  ];
  output.data(renderTable(columns, shown.map(rowOf), { width, style }).join('\n'));
}

function rowOf(one: Shown): readonly string[] {
  if ('problem' in one) return [one.runId, 'no answer', '', '', '', one.directory];
  const { last } = one.checkpoints;
  const checkpoint = last === null ? '' : String(last.tick);
  return [one.runId, stateText(one), tickText(one), speedText(one), checkpoint, one.directory];
}

function stateText({ paused }: ControlStatus): string {
  return paused ? 'paused' : 'running';
}

function tickText({ tick, untilTick }: ControlStatus): string {
  return untilTick === null ? String(tick) : `${tick} of ${untilTick}`;
}

function speedText({ ticksPerSecond }: ControlStatus): string {
  return `${ticksPerSecond < 10 ? ticksPerSecond.toFixed(1) : ticksPerSecond.toFixed(0)} ticks/s`;
}

function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0)
    throw new InvalidArgumentError("Write a duration like '500ms', '60s' or '2m'.");
  return ms;
}
