// What `stillpoint run` is told, and what of it cannot be together.
import { failure, parseDuration } from '@stillpoint/core';
import type { SessionOptions } from '@stillpoint/sim';
import { InvalidArgumentError } from 'commander';
import path from 'node:path';

export interface RunCommandOptions {
  readonly steps?: number;
  readonly until?: number;
  readonly seed?: string;
  readonly param?: Readonly<Record<string, number>>;
  readonly checkpointDir?: string;
  readonly checkpointStride?: number;
  /** Milliseconds. */
  readonly checkpointInterval?: number;
  readonly keepCheckpoints?: number;
  readonly checkpointFullEvery?: number;
  readonly resume?: string | true;
  readonly forceResume?: true;
  readonly runId?: string;
}

export const USUAL_DIRECTORY = './checkpoints';

export type Store = NonNullable<SessionOptions['store']>;

/** Undefined: nothing is written. Any option about checkpoints turns them on. */
export function storeOf(
  options: RunCommandOptions,
  { cwd, socketDirectory }: { readonly cwd: string; readonly socketDirectory: string },
): Store | undefined {
  const { resume, runId, keepCheckpoints, checkpointFullEvery, forceResume } = options;
  const { checkpointDir, checkpointStride, checkpointInterval } = options;
  const about = [
    checkpointDir,
    checkpointStride,
    checkpointInterval,
    keepCheckpoints,
    checkpointFullEvery,
    resume,
    forceResume,
    runId,
  ];
  if (about.every((value) => value === undefined)) return undefined;
  return {
    directory: path.resolve(cwd, checkpointDir ?? USUAL_DIRECTORY),
    beginning: beginningOf(options, cwd),
    cadence: {
      ...(checkpointStride === undefined ? {} : { strideTicks: checkpointStride }),
      ...(checkpointInterval === undefined ? {} : { intervalMs: checkpointInterval }),
    },
    ...(keepCheckpoints === undefined ? {} : { keep: keepCheckpoints }),
    ...(checkpointFullEvery === undefined ? {} : { fullEvery: checkpointFullEvery }),
    force: forceResume === true,
    socketDirectory,
  };
}

function beginningOf(
  { resume, forceResume, runId }: RunCommandOptions,
  cwd: string,
): Store['beginning'] {
  const named = runId === undefined ? {} : { runId };
  if (resume === undefined && forceResume === undefined) return { begin: 'new', ...named };
  if (typeof resume !== 'string') return { begin: 'resume', ...named };
  // An id has no separator: whatever has one is a place.
  const from = /[/\\]|\.ckpt$/.test(resume) ? path.resolve(cwd, resume) : resume;
  return { begin: 'resume', from, ...named };
}

/** Throws USAGE_INVALID. */
export function refuseContradictions(options: RunCommandOptions): void {
  const { steps, until, seed, param } = options;
  const resumes = options.resume !== undefined || options.forceResume !== undefined;
  if (steps !== undefined && until !== undefined)
    throw failure('USAGE_INVALID', {
      problem: '--steps and --until both say when to end.',
      usage: '--steps 1000 makes 1000 ticks more; --until 1000 ends with tick 1000.',
    });
  if (resumes && (seed !== undefined || param !== undefined))
    throw failure('USAGE_INVALID', {
      problem: 'A run that is resumed keeps its seed and its parameters.',
      usage:
        'stillpoint checkpoint fork begins a new run from a checkpoint, with other parameters.',
    });
}

export function countOption(text: string): number {
  const count = Number(text);
  if (!/^\d{1,15}$/.test(text) || count < 1)
    throw new InvalidArgumentError('Write a whole number, 1 or more.');
  return count;
}

export function durationOption(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0)
    throw new InvalidArgumentError("Write a duration like '30s' or '5m'.");
  return ms;
}

/** Called once for each --param. */
export function parameterOption(
  text: string,
  before: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  const number = Number(value);
  if (name === undefined || value === undefined || value.trim() === '' || !Number.isFinite(number))
    throw new InvalidArgumentError("Write NAME=NUMBER, like 'rotation=1.5'.");
  return { ...before, [name]: number };
}
