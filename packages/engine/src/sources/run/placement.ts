// Prepared states of runs, and where they lie: beside the runs, on their file system, so that a switch is made of renames.
//   .stillpoint/{id}/{run}/    a run that is not in its place: prepared, or put aside by a switch to another placement
//   .stillpoint/{id}/prepared  nothing was ever switched to this placement
//   {run}/.placement           by which placement the run in its place came there, or is brought back
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { failure, fsyncDirectory, newUuid, writeFileAtomic } from '@stillpoint/core';
import type { Placement } from '../contract.ts';
import type { RunContext } from './context.ts';
import {
  isCheckpointName,
  isMissing,
  isOfRun,
  isRunId,
  isRunning,
  namesIn,
} from './run-directory.ts';

const placementSchema = z.strictObject({
  version: z.literal(1),
  id: z.string().regex(/^[\w-]{1,100}$/),
  runs: z.array(
    z.strictObject({
      run: z.string().refine(isRunId),
      there: z.boolean(),
      /** Checkpoints that the record has. */
      files: z.array(z.string()),
      /** Checkpoints that were so when an undo point took them as they were. */
      damaged: z.array(z.string()),
    }),
  ),
  /** As in the record. */
  latest: z.exactOptional(z.string().refine(isRunId).nullable()),
  /** Where it is only to be proved: elsewhere. */
  elsewhere: z.exactOptional(z.string()),
});
export type RunPlacement = z.infer<typeof placementSchema>;

const MARKER = '.placement';
const PREPARED = 'prepared';

export function parsePlacement(source: string, placement: Placement): RunPlacement {
  const parsed = placementSchema.safeParse(placement);
  if (parsed.success) return parsed.data;
  throw failure('RUN_RECORD_INVALID', { source, what: 'its placement has another form' });
}

export function newPlacementId(): string {
  return newUuid();
}

export function stagedRoot({ directory }: RunContext, id: string): string {
  return path.join(directory, '.stillpoint', id);
}

/** Where the run of this placement lies while it is not in its place. */
export function stagedAt(
  context: RunContext,
  { id, elsewhere }: RunPlacement,
  run: string,
): string {
  return path.join(elsewhere ?? stagedRoot(context, id), run);
}

export async function markPrepared(context: RunContext, id: string): Promise<void> {
  const root = stagedRoot(context, id);
  await mkdir(root, { recursive: true, mode: 0o700 });
  await writeFileAtomic(path.join(root, PREPARED), '');
}

export async function forgetPrepared(context: RunContext, id: string): Promise<void> {
  await rm(path.join(stagedRoot(context, id), PREPARED), { force: true });
}

export async function placeMarker(runDirectory: string, id: string): Promise<void> {
  await writeFileAtomic(path.join(runDirectory, MARKER), id);
}

export async function markerOf(runDirectory: string): Promise<string | undefined> {
  try {
    return await readFile(path.join(runDirectory, MARKER), 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What prepare() made and nothing was switched to. */
export async function dropPrepared(context: RunContext): Promise<void> {
  const top = path.join(context.directory, '.stillpoint');
  for (const id of await namesIn(top)) {
    const root = path.join(top, id);
    if ((await namesIn(root)).includes(PREPARED)) await rm(root, { recursive: true, force: true });
  }
  await removeIfEmpty(top);
}

/** Of a placement that is not in its place. What no undo point holds stays: a run that somebody writes all the same, other files. */
export async function dropStaged(context: RunContext, { id, runs }: RunPlacement): Promise<void> {
  const root = stagedRoot(context, id);
  for (const run of (await namesIn(root)).filter(isRunId)) {
    const at = path.join(root, run);
    const known = runs.find((one) => one.run === run)?.files ?? [];
    const others = (await namesIn(at)).some((name) =>
      isCheckpointName(name) ? !known.includes(name) : !isOfRun(name),
    );
    if (!others && !(await isRunning(at))) await rm(at, { recursive: true, force: true });
  }
  await forgetPrepared(context, id);
  await removeIfEmpty(root);
  await removeIfEmpty(path.dirname(root));
}

export async function forgetMarkers(context: RunContext, { runs }: RunPlacement): Promise<void> {
  for (const { run } of runs) await rm(path.join(context.at(run), MARKER), { force: true });
}

async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory);
    await fsyncDirectory(path.dirname(directory));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!isMissing(error) && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}
