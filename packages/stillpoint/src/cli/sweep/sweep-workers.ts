// The worker processes of a sweep: as many as were asked for, each replaced when it dies. One that dies before it could begin is not
// replaced for ever.
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { failure } from '@stillpoint/core';
import type { SweepReport, SweepTask } from './sweep-task.ts';

export interface SweepWorkers extends AsyncDisposable {
  /** Aborts when workers end again and again without having begun. */
  readonly failed: AbortSignal;
  /** Each writes a checkpoint of what it is at, and ends. */
  stop(): Promise<void>;
}

export interface SweepWorkersOptions {
  readonly task: SweepTask;
  readonly count: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onProblem: (why: string) => void;
}

const failuresMax = 3;

export function startSweepWorkers(options: SweepWorkersOptions): SweepWorkers {
  const { task, count, environment, onProblem } = options;
  const script = fileURLToPath(
    new URL(`./sweep-process.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
  );
  const failed = new AbortController();
  const living = new Map<ChildProcess, Promise<void>>();
  let failures = 0;
  let why = 'it says nothing';
  let stopping = false;

  const startOne = (): void => {
    const child = fork(script, [], {
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let ready = false;
    child.on('message', (message) => {
      const report = message as SweepReport;
      if (report.kind === 'ready') {
        ready = true;
        failures = 0;
        return;
      }
      ({ why } = report);
      onProblem(why);
    });
    const ended = Promise.withResolvers<void>();
    living.set(child, ended.promise);
    child.on('error', (error) => ({ message: why } = error));
    child.once('exit', () => {
      living.delete(child);
      ended.resolve();
      if (stopping) return;
      if (!ready) failures += 1;
      if (failures >= failuresMax)
        failed.abort(failure('SWEEP_WORKER_FAILED', { sweep: task.sweep, why }));
      else startOne();
    });
    // Its address may hold a password: not as an argument, which everybody sees.
    child.send(task, () => {});
  };
  for (let index = 0; index < count; index += 1) startOne();

  const end = async (how: (child: ChildProcess) => void): Promise<void> => {
    stopping = true;
    const all = [...living];
    for (const [child] of all) how(child);
    await Promise.all(all.map(([, ended]) => ended));
  };
  return {
    failed: failed.signal,
    stop: () => end((child) => void (child.connected && child.send('stop', () => {}))),
    [Symbol.asyncDispose]: () => end((child) => child.kill('SIGKILL')),
  };
}
