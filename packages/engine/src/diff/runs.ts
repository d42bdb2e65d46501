// What differs in the runs that both states have: the newest checkpoint of each, side by side. What is in one the simulation's own reader
// says; here it is bounded how much is looked into.
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunCheckpoint, RunCheckpoints } from '../sources/contract.ts';
import type { CheckpointChanges, CompareCheckpoints, FromTo, RunDiff } from './contract.ts';
import { problemOf } from './problem.ts';

export interface RunsOptions {
  readonly compare: CompareCheckpoints;
  /** Runs of which the arrays are compared, and how large their checkpoints may be. */
  readonly shown: { readonly runs: number; readonly checkpointBytes: number };
  /** Where checkpoints are made readable; not there yet. */
  readonly place: string;
  /** Throws NO_SPACE. */
  readonly checkRoom: (bytes: number) => Promise<void>;
  readonly signal: AbortSignal;
}

export async function compareRuns(
  before: RunCheckpoints,
  after: RunCheckpoints,
  options: RunsOptions,
): Promise<readonly RunDiff[] | null> {
  const runs: RunDiff[] = [];
  const both = [...before.keys()].filter((run) => after.has(run)).toSorted();
  for (const run of both) {
    const [from, to] = [before.get(run)!, after.get(run)!];
    if (from.digest !== undefined && from.digest === to.digest) continue;
    const tick = { from: from.tick, to: to.tick };
    const changes = await lookInto({ from, to }, runs.length, options);
    if (changes === undefined) return null;
    if (typeof changes === 'string') runs.push({ run, tick, problem: changes, changes: null });
    else if (changes.facts.length + changes.arrays.length > 0)
      runs.push({ run, tick, problem: null, changes });
  }
  return runs;
}

/** Words: why it was not. */
async function lookInto(
  { from, to }: FromTo<RunCheckpoint>,
  already: number,
  { compare, shown, place, checkRoom, signal }: RunsOptions,
): Promise<CheckpointChanges | string | undefined> {
  signal.throwIfAborted();
  if (already >= shown.runs)
    return `only ${shown.runs} runs are looked into unless all are asked for`;
  if (Math.max(from.bytes, to.bytes) > shown.checkpointBytes)
    return 'its checkpoints are large, and looked into only where all is asked for';
  try {
    await checkRoom(from.bytes + to.bytes);
    const files = [
      await from.toFile(path.join(place, 'from'), signal),
      await to.toFile(path.join(place, 'to'), signal),
    ];
    const [was, is] = files;
    if (was === undefined || is === undefined) return 'its newest checkpoint is gone since';
    return await compare({ from: was, to: is }, signal);
  } catch (error) {
    return problemOf(error, signal);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
