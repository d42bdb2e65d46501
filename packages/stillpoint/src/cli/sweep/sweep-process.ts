// A worker of a sweep, a process of its own: claims one run after the other, simulates it from its newest checkpoint that verifies, and
// writes its result in the transaction that completes the job. It ends with its parent, however that ended.
import { failure, isFailure } from '@stillpoint/core';
import type { Attempt, Sweeps, SweepJob, SweepResult, Worker } from '@stillpoint/persistence';
import type { LoadedWorld } from '@stillpoint/sim';
import { loadPersistence } from '../load-persistence.ts';
import { loadSim } from '../load-sim.ts';
import { RETRIES, runIdOf, sweepJob, type SweepReport, type SweepTask } from './sweep-task.ts';

const say = (report: SweepReport): void => void process.send?.(report);
let stop = async (): Promise<void> => process.exit(0);
let stopping = false;

process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// A terminal sends it to everybody; who started us says when it is time.
process.on('SIGINT', () => {});
process.on('message', (message) => {
  if (message === 'stop') {
    stopping = true;
    void stop();
  } else void begin(message as SweepTask).catch(fail);
});

function fail(error: unknown): void {
  say({ kind: 'problem', why: messageOf(error) });
  process.exitCode = 1;
  process.disconnect();
}

async function begin(task: SweepTask): Promise<void> {
  const { createQueue, createSweeps, defineJob, openDatabase } = await loadPersistence();
  const { loadWorld } = await loadSim();
  const loaded = await loadWorld(task.world);
  const key = task.freezeLockKey === undefined ? {} : { freezeLockKey: BigInt(task.freezeLockKey) };
  const database = await openDatabase({
    at: task.url,
    connections: 3,
    applicationName: 'stillpoint sweep',
    ...key,
  });
  const onError = (error: unknown): void => say({ kind: 'problem', why: messageOf(error) });
  const queue = await createQueue(database, { ...key, onError });
  const sweeps = createSweeps(database, queue);
  const worker: Worker = queue.work(
    sweepJob(task.sweep, defineJob),
    async (attempt, { signal }) => {
      const result = await runOne({ task, sweeps, loaded }, attempt, signal);
      return (transaction) => sweeps.record(attempt.data, result, transaction);
    },
    { concurrency: 1, poll: '1s' },
  );
  stop = async () => {
    await worker.stop({ graceMs: 0 });
    await queue[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
    process.exit(0);
  };
  say({ kind: 'ready' });
}

interface Place {
  readonly task: SweepTask;
  readonly sweeps: Sweeps;
  readonly loaded: LoadedWorld;
}

async function runOne(
  { task, sweeps, loaded }: Place,
  { data, attempt }: Attempt<SweepJob>,
  signal: AbortSignal,
): Promise<SweepResult> {
  const { simulate } = await loadSim();
  const parameters = await sweeps.parametersOf(data);
  if (parameters === undefined) throw new TypeError(`no run ${data.index} of ${data.sweep}`);
  const { seed, untilTick, strideTicks, intervalMs, keep } = task;
  const runId = runIdOf(data.sweep, data.index);
  try {
    const ended = await simulate({
      loaded,
      parameters,
      ...(seed === undefined ? {} : { seed }),
      untilTick,
      signal,
      store: {
        directory: task.checkpointDirectory,
        beginning: { begin: 'either', runId },
        cadence: {
          ...(strideTicks === undefined ? {} : { strideTicks }),
          ...(intervalMs === undefined ? {} : { intervalMs }),
        },
        ...(keep === undefined ? {} : { keep }),
        socketDirectory: task.socketDirectory,
      },
    });
    signal.throwIfAborted();
    if (ended.reason !== 'reached') throw failure('SWEEP_RUN_STOPPED', { run: runId });
    return { tick: ended.tick, stateHash: ended.stateHash };
  } catch (error) {
    const why = signal.aborted ? signal.reason : error;
    // It would fail so every time: that is its result. All else is tried again, on another host perhaps.
    if (!signal.aborted && (isOfTheWorld(error) || attempt > RETRIES))
      return { error: messageOf(error) };
    if (!stopping) say({ kind: 'problem', why: `${runId} is tried again: ${messageOf(why)}` });
    throw why;
  }
}

function isOfTheWorld(error: unknown): boolean {
  if (!isFailure(error)) return false;
  const { code } = error;
  return (
    code.startsWith('WORLD_') || code === 'RUN_STEP_FAILED' || code.startsWith('RUN_PARAMETER')
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
