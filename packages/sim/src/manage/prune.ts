// Thins the checkpoints of a run. What is deleted is what was shown; a run that is being written is left alone.
import { failure, fsyncDirectory, isFailure } from '@stillpoint/core';
import { readlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import {
  listRuns,
  newestThatVerifies,
  openRunDirectory,
  type CheckpointRecord,
  type RunListing,
} from '../directory/index.ts';
import { choosePruned, type ChosenPruned, type PruneRule } from './choose-pruned.ts';

export interface PrunePlan extends ChosenPruned {
  readonly runId: string;
  readonly path: string;
  readonly freedBytes: number;
}

/** What would go. Throws RUN_UNKNOWN. */
export async function planPrune(run: string, rule: PruneRule): Promise<PrunePlan> {
  const [directory, runId] = [path.dirname(run), path.basename(run)];
  const listed = (await listRuns(directory)).find((one) => one.runId === runId);
  if (listed === undefined) throw failure('RUN_UNKNOWN', { run: runId, directory });
  return await planOf(listed, rule);
}

/**
 * Deletes what `plan` names, as far as it may still go; the newest that verifies never does. Throws RUN_BUSY, and RUN_NO_CHECKPOINT
 * where none verifies. Resolves to what went.
 */
export async function pruneRun(
  { runId, path: run, gone }: PrunePlan,
  signal?: AbortSignal,
): Promise<readonly CheckpointRecord[]> {
  const directory = path.dirname(run);
  const deleted: CheckpointRecord[] = [];
  {
    await using opened = await openRunDirectory({ directory, runId });
    // Somebody may have written since: bases that are needed by now, another `latest`.
    const { checkpoints } = opened.manifest;
    const latest = await latestOf(run);
    const going = new Set(gone.map(({ digest }) => digest));
    // What is newest by its name may be damaged, and an older one the only copy that is whole.
    const whole = path.basename((await newestThatVerifies(opened.path, signal)).file);
    const staying = checkpoints.filter(
      ({ digest, file }) => !going.has(digest) || file === latest || file === whole,
    );
    const needed = new Set(staying.flatMap(({ file, base }) => [file, base]));
    // Those with a base first: a crash in between leaves none without its base.
    const files = checkpoints.filter(({ file }) => !needed.has(file)).toSorted(byBase);
    for (const one of files) {
      signal?.throwIfAborted();
      await unlink(path.join(opened.path, one.file));
      deleted.push(one);
    }
    await fsyncDirectory(opened.path);
  }
  await bringInLine(directory, runId);
  return deleted;
}

/** Opening brings the manifest in line with the files; so it does for whoever has opened the run meanwhile. */
async function bringInLine(directory: string, runId: string): Promise<void> {
  try {
    await using _ = await openRunDirectory({ directory, runId });
  } catch (error) {
    if (!isFailure(error, 'RUN_BUSY')) throw error;
  }
}

async function planOf(
  { runId, path: run, manifest }: RunListing,
  rule: PruneRule,
): Promise<PrunePlan> {
  const chosen = choosePruned(manifest.checkpoints, rule, await latestOf(run));
  const freedBytes = chosen.gone.reduce((sum, { bytes }) => sum + bytes, 0);
  return { runId, path: run, freedBytes, ...chosen };
}

async function latestOf(run: string): Promise<string | undefined> {
  return await readlink(path.join(run, 'latest')).then(
    (target) => path.basename(target),
    () => undefined,
  );
}

function byBase(a: CheckpointRecord, b: CheckpointRecord): number {
  return Number(a.base === null) - Number(b.base === null);
}
