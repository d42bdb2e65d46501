// From what is written after `stillpoint run` to a sweep: which options belong to one, and which cannot be together with it.
import { failure } from '@stillpoint/core';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { CommandContext } from '../context.ts';
import { asksForLens, type LensOptions } from '../run/lens-options.ts';
import { USUAL_DIRECTORY, type RunCommandOptions } from '../run/options.ts';
import { runtimeDirectory } from '../runtime-directory.ts';
import { runSweep, showSweep } from './run-sweep.ts';

export interface SweepCommandOptions extends RunCommandOptions {
  readonly sweep?: string;
  readonly sweepId?: string;
  readonly sweepStatus?: true;
  readonly database?: string;
  readonly workers?: number;
}

export function isSweep({ sweep, sweepId, sweepStatus, database, workers }: SweepCommandOptions) {
  return [sweep, sweepId, sweepStatus, database, workers].some((value) => value !== undefined);
}

export async function sweepAsTold(
  context: CommandContext,
  options: SweepCommandOptions & LensOptions,
  world: string,
): Promise<void> {
  const { sweep: file, sweepId, sweepStatus, database, workers } = options;
  if (sweepStatus === true) return await showSweep(context, { sweep: sweepId, url: database });
  if (file === undefined) throw wrong('--sweep-id, --database and --workers belong to --sweep.');
  const { resume, forceResume, runId, param, steps, until } = options;
  if ([resume, forceResume, runId, param].some((value) => value !== undefined))
    throw wrong('Runs of a sweep have their ids and parameters from it, and resume by themselves.');
  if (asksForLens(options))
    throw wrong('Runs of a sweep are not captured: there is no lens with --sweep.');
  const untilTick = until ?? steps;
  if (untilTick === undefined || (until !== undefined && steps !== undefined))
    throw wrong('A sweep needs --steps or --until, and not both.');
  const { cwd } = context.host;
  await runSweep(context, {
    file: path.resolve(cwd, file),
    sweep: sweepId,
    url: database,
    workers: workers ?? availableParallelism(),
    world: path.resolve(cwd, world),
    seed: options.seed,
    untilTick,
    checkpointDirectory: path.resolve(cwd, options.checkpointDir ?? USUAL_DIRECTORY),
    strideTicks: options.checkpointStride,
    intervalMs: options.checkpointInterval,
    keep: options.keepCheckpoints,
    socketDirectory: runtimeDirectory(),
  });
}

function wrong(problem: string): Error {
  const usage = 'stillpoint run ./world --sweep params.json --steps 1000 --database URL';
  return failure('USAGE_INVALID', { problem, usage: `For example: ${usage}` });
}
