// stillpoint run --sweep: begins a sweep or joins it, works at it until each of its runs has a result, and shows them.
import { setTimeout as delay } from 'node:timers/promises';
import { failure, systemClock } from '@stillpoint/core';
import type { SweepRun, Sweeps } from '@stillpoint/persistence';
import { renderTable, type Column } from '../../output/table.ts';
import { countText } from '../../output/units.ts';
import type { CommandContext } from '../context.ts';
import { loadPersistence } from '../load-persistence.ts';
import { loadSim } from '../load-sim.ts';
import { readParameters } from './parameters.ts';
import { isSweepId, sweepJob, type SweepTask } from './sweep-task.ts';
import { startSweepWorkers } from './sweep-workers.ts';

export interface SweepOptions extends Omit<SweepTask, 'sweep' | 'url' | 'freezeLockKey'> {
  /** `params.json`; absolute. */
  readonly file: string;
  /** Undefined: by its world and the time. */
  readonly sweep: string | undefined;
  /** Undefined: DATABASE_URL. */
  readonly url: string | undefined;
  readonly workers: number;
}

const lookEveryMs = 500;
const sayEveryMs = 5000;

/** Rejects with SWEEP_DIFFERS, SWEEP_INCOMPLETE, SWEEP_WORKER_FAILED and what the database and the world say. */
export async function runSweep(context: CommandContext, options: SweepOptions): Promise<void> {
  const { host, output } = context;
  const parameters = await readParameters(options.file);
  const { identify, loadWorld } = await loadSim();
  const loaded = await loadWorld(options.world);
  const { name, hash } = await identify(loaded);
  const task = taskOf(context, options, options.sweep ?? newSweepId(name, host.now()));
  const { defineJob, prepareSweeps } = await loadPersistence();
  await prepareSweeps(task.url);
  await using opened = await openSweeps(task);
  const { untilTick, seed = '1' } = options;
  const plan = { agreed: { world: hash, untilTick, seed }, parameters };
  const isNew = await opened.sweeps.begin(task.sweep, plan, sweepJob(task.sweep, defineJob));
  const many = countText(parameters.length, 'run');
  output.say(`${isNew ? 'Began' : 'Joined'} the sweep ${task.sweep} of ${many}.`);
  const runs = await work(context, task, options.workers, opened.sweeps);
  showRuns(context, task.sweep, runs);
  const failed = runs.filter(({ state }) => state === 'failed').length;
  if (failed > 0)
    throw failure('SWEEP_INCOMPLETE', { sweep: task.sweep, failed, runs: runs.length });
}

/** stillpoint run --sweep-status: looks only. */
export async function showSweep(
  context: CommandContext,
  { sweep, url }: { readonly sweep: string | undefined; readonly url: string | undefined },
): Promise<void> {
  if (sweep === undefined) {
    const usage = 'stillpoint run --sweep-status --sweep-id ID --database URL';
    throw failure('USAGE_INVALID', { problem: 'Which sweep?', usage });
  }
  await using opened = await openSweeps({
    sweep,
    url: urlOf(context, url),
    freezeLockKey: context.host.environment['STILLPOINT_LOCK_KEY'],
  });
  showRuns(context, sweep, await opened.sweeps.runs(sweep));
}

async function work(
  { host, output }: CommandContext,
  task: SweepTask,
  count: number,
  sweeps: Sweeps,
): Promise<readonly SweepRun[]> {
  const problems = new Set<string>();
  await using workers = startSweepWorkers({
    task,
    count,
    environment: host.environment,
    onProblem(why) {
      // Once each: a database that is away is told of by every worker, again and again.
      if (!problems.has(why)) output.warn(why);
      problems.add(why);
    },
  });
  const until = AbortSignal.any([host.signal, workers.failed]);
  let said = -1;
  let saidAtMs = -Infinity;
  try {
    for (;;) {
      until.throwIfAborted();
      const runs = await sweeps.runs(task.sweep);
      const open = runs.filter(({ state }) => state === 'waiting' || state === 'running').length;
      const nowMs = systemClock.monotonicMs();
      if (runs.length - open !== said && (open === 0 || nowMs - saidAtMs >= sayEveryMs)) {
        said = runs.length - open;
        saidAtMs = nowMs;
        output.say(`${said} of ${runs.length} runs are done.`);
      }
      if (open === 0) return runs;
      await delay(lookEveryMs, undefined, { signal: until }).catch(() => {});
    }
  } finally {
    await workers.stop();
  }
}

async function openSweeps({
  url,
  freezeLockKey,
}: Pick<SweepTask, 'url' | 'freezeLockKey' | 'sweep'>): Promise<
  AsyncDisposable & { readonly sweeps: Sweeps }
> {
  const { createQueue, createSweeps, openDatabase } = await loadPersistence();
  const key = freezeLockKey === undefined ? {} : { freezeLockKey: BigInt(freezeLockKey) };
  await using opening = new AsyncDisposableStack();
  const applicationName = 'stillpoint sweep';
  const at = { at: url, connections: 3, applicationName, ...key };
  const database = opening.use(await openDatabase(at));
  const queue = opening.use(await createQueue(database, key));
  const opened = opening.move();
  return {
    sweeps: createSweeps(database, queue),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function taskOf(context: CommandContext, options: SweepOptions, sweep: string): SweepTask {
  if (!isSweepId(sweep)) {
    const usage = 'An id has up to 80 letters, digits, dots, _ and -.';
    throw failure('USAGE_INVALID', { problem: `${sweep} is no id of a sweep.`, usage });
  }
  const { world, seed, untilTick, checkpointDirectory, strideTicks, intervalMs, keep } = options;
  return {
    url: urlOf(context, options.url),
    freezeLockKey: context.host.environment['STILLPOINT_LOCK_KEY'],
    sweep,
    world,
    seed,
    untilTick,
    checkpointDirectory,
    strideTicks,
    intervalMs,
    keep,
    socketDirectory: options.socketDirectory,
  };
}

function urlOf({ host }: CommandContext, given: string | undefined): string {
  const url = given ?? host.environment['DATABASE_URL'] ?? '';
  if (url !== '') return url;
  throw failure('USAGE_INVALID', {
    problem: 'A sweep needs a database, by which its processes share the work.',
    usage: 'Name it: --database postgresql://..., or DATABASE_URL.',
  });
}

function newSweepId(world: string, now: Date): string {
  const word = world
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 40);
  return `${word === '' ? 'world' : word}-sweep-${now.toISOString().replaceAll(/[-:]|\.\d+Z$/g, '')}`;
}

function showRuns({ output }: CommandContext, sweep: string, runs: readonly SweepRun[]): void {
  output.result({ sweep, runs });
  const { style, width } = output;
  const names = [...new Set(runs.flatMap(({ parameters }) => Object.keys(parameters)))];
  const columns: readonly Column[] = [
    { title: 'RUN', align: 'right' },
    ...names.map((name): Column => ({ title: name, align: 'right' })),
    { title: 'STATE' },
    { title: 'TICK', align: 'right' },
    { title: 'ATTEMPTS', align: 'right', spare: 1 },
    { title: 'RESULT', shrink: true, paint: style.dim },
  ];
  const rows = runs.map((one) => [
    String(one.index),
    ...names.map((name) => String(one.parameters[name] ?? '')),
    one.state,
    one.tick === null ? '' : String(one.tick),
    String(one.attempts),
    one.stateHash ?? one.error ?? '',
  ]);
  if (!output.json) output.data(renderTable(columns, rows, { width, style }).join('\n'));
}
