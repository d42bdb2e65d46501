// The worker threads of one open vault: as many as there are processors, at most four. They cost some tens of milliseconds to start, so jobs are
// done right here until there was much to do. A thread has one job more than the one it is at, so
// that it never waits for us; all others wait here, packs before what will fill more of them.
// A thread that dies takes all of them with it: what it was doing is lost, and nothing was sealed. Idle ones keep no process alive.
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { failure, programBeside, threadEnvironment } from '@stillpoint/core';
import { jobsHere } from './jobs-here.ts';
import type { JobName, Workers } from './jobs.ts';
import {
  bytesOf,
  errorOf,
  LAST_ORDER,
  orderOf,
  type Answer,
  type Given,
  type Order,
  type Result,
} from './worker-messages.ts';

export interface WorkersOptions {
  readonly threads?: number;
  /** Threads are started when all jobs together were given so many bytes. */
  readonly startAtBytes?: number;
}

const threadsMax = 4;
const defaultStartAtBytes = 4 * 1024 * 1024;
const jobsPerThread = 2;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  readonly ended: Promise<void>;
  jobs: number;
}

export function createWorkers(options: WorkersOptions = {}): Workers {
  const { threads: count = Math.min(threadsMax, availableParallelism()) } = options;
  const { startAtBytes = defaultStartAtBytes } = options;
  const threads: Thread[] = [];
  const waiting = new Map<number, Waiting>();
  const orders: Order[] = [];
  let numbers = 0;
  let bytesGiven = 0;
  let here: Promise<unknown> = Promise.resolve();
  let failed: { readonly error: unknown } | undefined;

  const fail = (error: unknown): void => {
    failed ??= { error };
    orders.length = 0;
    for (const one of waiting.values()) one.reject(failed.error);
    waiting.clear();
  };

  const handOut = (): void => {
    while (orders.length > 0) {
      const idlest = threads.reduce((a, b) => (b.jobs < a.jobs ? b : a));
      if (idlest.jobs >= jobsPerThread) return;
      const order = orders.shift() as Order;
      try {
        const [message, buffers] = orderOf(order);
        idlest.worker.postMessage(message, buffers);
      } catch (error) {
        waiting.get(order.number)?.reject(error);
        waiting.delete(order.number);
        continue;
      }
      idlest.jobs += 1;
      idlest.worker.ref();
    }
  };

  const start = (): void => {
    while (threads.length < count) {
      const worker = new Worker(programBeside(import.meta.url, 'worker'), {
        env: threadEnvironment(),
      });
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      const thread: Thread = { worker, ended, jobs: 0 };
      threads.push(thread);
      worker.on('message', ({ number, result, error }: Answer) => {
        thread.jobs -= 1;
        if (thread.jobs === 0) worker.unref();
        const one = waiting.get(number);
        waiting.delete(number);
        if (error === undefined) one?.resolve(result);
        else one?.reject(errorOf(error));
        handOut();
      });
      worker.on('error', (error) => fail(lost(error.message, error)));
      worker.on('exit', (code) => {
        fail(lost(`it ended with ${code}`));
        resolve();
      });
    }
  };

  const runThere = <K extends JobName>(job: K, given: Given<K>): Promise<Result<K>> =>
    new Promise((resolve, reject) => {
      numbers += 1;
      waiting.set(numbers, { resolve, reject });
      const order = { number: numbers, job, given };
      if (job === 'pack') orders.unshift(order);
      else orders.push(order);
      handOut();
    });

  const runHere = async <K extends JobName>(job: K, given: Given<K>): Promise<Result<K>> => {
    const turn = here.then(() => setImmediate());
    here = turn;
    await turn;
    if (failed !== undefined) throw failed.error;
    return jobsHere[job](given as never) as Result<K>;
  };

  return {
    async run(job, given) {
      if (failed !== undefined) throw failed.error;
      bytesGiven += bytesOf(job, given);
      if (threads.length === 0 && bytesGiven < startAtBytes) return await runHere(job, given);
      start();
      return await runThere(job, given);
    },

    async [Symbol.asyncDispose]() {
      fail(new Error('the vault is closed'));
      await Promise.all(threads.map(end));
    },
  };
}

/**
 * By itself, once it is done with what it has. Not `terminate()`: a thread that is stopped while it loads a native module takes the
 * whole process down (V8: "Check failed: (location_) != nullptr").
 */
async function end({ worker, ended }: Thread): Promise<void> {
  worker.ref();
  worker.postMessage(LAST_ORDER, []);
  await ended;
}

function lost(why: string, cause?: Error): Error {
  return failure('VAULT_THREAD_FAILED', { why }, cause);
}
