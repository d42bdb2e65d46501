// Claims jobs of one kind and runs them, as many at a time as there are free places. One claim fills all free places, for a claim
// costs the same for one job as for fifty.
//
// While the gate is closed it claims nothing. What runs then is waited for by the freeze, unless the job says 'leave'.
import { EventEmitter, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { isFailure } from '@stillpoint/core';
import { bossDb } from './boss.ts';
import type { JobDefinition, Worker } from './contract.ts';
import type { Permit, Permits } from './permits.ts';
import { runJobs, type AnyHandler, type ClaimedJob, type RunParts } from './run-job.ts';

export interface WorkerParts extends RunParts {
  readonly permits: Permits;
  /** Emits a queue's name when a job was enqueued there. */
  readonly enqueued: EventEmitter;
  /** The queue's row is there and as the definition says. */
  readonly ready: (job: JobDefinition) => Promise<void>;
}

export interface WorkerOptions {
  readonly job: JobDefinition;
  readonly handler: AnyHandler;
  readonly concurrency: number;
  /** Undefined: the handler gets one job, not an array. */
  readonly batch: number | undefined;
  readonly pollMs: number;
}

/** After a claim that failed. */
const pauseMs = 500;

export function startWorker(parts: WorkerParts, options: WorkerOptions): Worker {
  const { job, handler, concurrency, batch } = options;
  const stopping = new AbortController();
  const impatient = new AbortController();
  const running = new Set<Promise<void>>();
  const changed = new EventEmitter().setMaxListeners(0);
  const wake = (): void => void changed.emit('changed');
  /** Something was enqueued since the last claim began: an empty claim says nothing then. */
  let news = false;
  const onEnqueued = (): void => {
    news = true;
    wake();
  };
  parts.enqueued.on(job.name, onEnqueued);
  stopping.signal.addEventListener('abort', wake);

  const start = (claimed: readonly ClaimedJob[], permit: Permit): void => {
    // A job that the freeze does not wait for keeps no permit; but its claim ends with the session as well.
    const held = job.freeze === 'drain' ? permit.share() : undefined;
    const asBatch = batch !== undefined;
    const run = { job, claimed, asBatch, handler, permit, stopped: impatient.signal };
    const ended = runJobs(parts, run).finally(() => {
      held?.[Symbol.dispose]();
      running.delete(ended);
      wake();
    });
    running.add(ended);
  };

  /** Resolves to whether there may be more. */
  const claimOnce = async (permit: Permit): Promise<boolean> => {
    const wanted = (concurrency - running.size) * (batch ?? 1);
    news = false;
    const jobs = await permit.claim((claiming) =>
      parts.boss.fetch<unknown>(job.name, { batchSize: wanted, db: bossDb(claiming) } as object),
    );
    for (let from = 0; from < jobs.length; from += batch ?? 1) {
      start(jobs.slice(from, from + (batch ?? 1)), permit);
    }
    return jobs.length === wanted || news;
  };

  const isFull = (): boolean => running.size >= concurrency;

  /** Until all places are taken, or there is no more: false. The permit is not kept by who waits for a place. */
  const claimAll = async (): Promise<boolean> => {
    using permit = await parts.permits.enter(stopping.signal);
    let more = true;
    while (more && !isFull() && permit.isOpen() && !stopping.signal.aborted) {
      more = await claimOnce(permit);
    }
    return more;
  };

  const loop = (async () => {
    while (!stopping.signal.aborted) {
      try {
        // Once; and again while the server is away.
        await parts.ready(job);
        const more = isFull() || (await claimAll());
        if (isFull() || !(more || news)) await changeWithin(changed, options.pollMs);
      } catch (error) {
        if (stopping.signal.aborted) break;
        // It is the program that is wrong: no waiting helps.
        if (isFailure(error, 'QUEUE_JOB_DIFFERS')) throw error;
        parts.onError(error);
        await changeWithin(changed, pauseMs);
      }
    }
  })().catch(parts.onError);

  const stop: Worker['stop'] = async ({ graceMs } = {}) => {
    stopping.abort();
    const timer =
      graceMs === undefined
        ? undefined
        : setTimeout(() => impatient.abort(new Error('the worker was stopped')), graceMs);
    await loop;
    while (running.size > 0) await Promise.all(running);
    clearTimeout(timer);
    parts.enqueued.off(job.name, onEnqueued);
  };
  return { stop, [Symbol.asyncDispose]: () => stop() };
}

/** Until something has changed, or the time is up. */
async function changeWithin(changed: EventEmitter, ms: number): Promise<void> {
  const done = new AbortController();
  const { signal } = done;
  await Promise.race([
    delay(ms, undefined, { signal, ref: false }),
    once(changed, 'changed', { signal }),
  ]).catch(() => {});
  done.abort();
}
