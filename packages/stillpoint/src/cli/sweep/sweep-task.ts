// What a sweep's processes are told, and the job that each run is: one kind for each sweep, so that nobody claims runs of another world.
import type { JobDefinition } from '@stillpoint/persistence';
import * as z from 'zod';

export interface SweepTask {
  readonly url: string;
  readonly freezeLockKey: string | undefined;
  readonly sweep: string;
  /** Directory or file; absolute. */
  readonly world: string;
  readonly seed: string | undefined;
  /** The last tick of each run. */
  readonly untilTick: number;
  /** Absolute. Where hosts share it, any of them goes on with any run. */
  readonly checkpointDirectory: string;
  readonly strideTicks: number | undefined;
  readonly intervalMs: number | undefined;
  readonly keep: number | undefined;
  readonly socketDirectory: string;
}

/** From a worker process to who started it. */
export type SweepReport =
  | { readonly kind: 'ready' }
  /** It goes on all the same, or ends and is started again. */
  | { readonly kind: 'problem'; readonly why: string };

/** Deaths count as attempts, and a run of days may see many. */
export const RETRIES = 100;

const schema = z.object({ sweep: z.string(), index: z.int().min(0) });

type DefineJob = typeof import('@stillpoint/persistence').defineJob;

export function sweepJob(
  sweep: string,
  defineJob: DefineJob,
): JobDefinition<typeof schema, 'leave'> {
  return defineJob({
    name: `sweep/${sweep}`,
    data: schema,
    retry: RETRIES,
    backoff: { first: '1s', longest: '1m' },
    expire: '365d',
    keep: '365d',
    // A run takes longer than any freeze; its result is written when the freeze is over.
    freeze: 'leave',
  });
}

export function runIdOf(sweep: string, index: number): string {
  return `${sweep}-${String(index).padStart(6, '0')}`;
}

/** Letters, digits, `.`, `_` and `-`: it begins the ids of runs. */
export function isSweepId(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,79}$/.test(text);
}
