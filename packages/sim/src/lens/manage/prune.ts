// Takes away chunks of a lens, also while its run goes on: nothing of a run depends on them. What is deleted is what was shown.
import { fsyncDirectory } from '@stillpoint/core';
import { readdir, rm, rmdir, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { isRunLocked, pointedTo, takeRunLock } from '../../directory/index.ts';
import type { TickRange } from '../contract.ts';
import { parseLensFileName } from '../names.ts';
import { lensFilesIn, renewManifest } from '../record/index.ts';

export type LensPruneRule =
  /** The newest so many stay. */
  | { readonly keepChunks: number }
  /** Those that end before that tick go. */
  | { readonly before: number }
  /** All. */
  | 'all';

export interface LensChunkFile {
  readonly file: string;
  readonly ticks: TickRange;
  readonly sizeBytes: number;
  readonly sealed: boolean;
}

export interface LensPrunePlan {
  readonly runId: string;
  readonly path: string;
  /** The run goes on: its open journal stays whatever the rule. */
  readonly busy: boolean;
  /** Nothing is to stay: the directory goes with its files. */
  readonly whole: boolean;
  readonly gone: readonly LensChunkFile[];
  readonly kept: readonly LensChunkFile[];
  readonly freedBytes: number;
}

/** What would go of a run. */
export async function planLensPrune(run: string, rule: LensPruneRule): Promise<LensPrunePlan> {
  const busy = await isRunLocked(run);
  const chunks = await chunksOf(run);
  const byRule = new Set(goneBy(chunks, rule));
  const gone = chunks.filter((one) => byRule.has(one) && (one.sealed || !busy));
  return {
    runId: path.basename(run),
    path: run,
    busy,
    whole: rule === 'all' && !busy,
    gone,
    kept: chunks.filter((one) => !gone.includes(one)),
    freedBytes: gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

/** Deletes what the plan names, the oldest first, so that whoever dies leaves no gap. Resolves to what went. */
export async function pruneLens(
  plan: LensPrunePlan,
  signal?: AbortSignal,
): Promise<readonly LensChunkFile[]> {
  const deleted: LensChunkFile[] = [];
  {
    // A run that goes on lists its own files: its manifest is in line with them when its next chunk is sealed.
    await using lock = await takeRunLock(plan.path);
    for (const one of plan.gone) {
      signal?.throwIfAborted();
      // It began to go on meanwhile, and writes there.
      if (lock === undefined && !one.sealed) continue;
      if (await removed(path.join(plan.path, one.file))) deleted.push(one);
    }
    await fsyncDirectory(plan.path);
    if (lock === undefined) return deleted;
    if (!plan.whole) await renewManifest(plan.path);
    else await removeRest(plan.path);
  }
  if (plan.whole) await removeEmpty(plan.path);
  return deleted;
}

function goneBy(chunks: readonly LensChunkFile[], rule: LensPruneRule): readonly LensChunkFile[] {
  if (rule === 'all') return chunks;
  if ('before' in rule) return chunks.filter(({ ticks }) => ticks.end <= rule.before);
  return chunks.slice(0, Math.max(chunks.length - rule.keepChunks, 0));
}

async function chunksOf(run: string): Promise<readonly LensChunkFile[]> {
  const chunks: LensChunkFile[] = [];
  for (const { path: file, ticks, kind } of await lensFilesIn(run)) {
    const found = await stat(file).catch(ignoreMissing);
    if (found === undefined) continue;
    const { size: sizeBytes } = found;
    chunks.push({ file: path.basename(file), ticks, sizeBytes, sealed: kind === 'lens' });
  }
  return chunks;
}

/** What is ours: unfinished files, and the manifest last. Frames that were captured since the plan stay, and so does it. */
async function removeRest(run: string): Promise<void> {
  const names = await readdir(run);
  if (names.some((name) => parseLensFileName(name) !== undefined)) {
    await renewManifest(run);
    return;
  }
  const unfinished = names.filter((name) => /^(lens_snapshot_|manifest\.json).*\.tmp$/.test(name));
  for (const name of [...unfinished, 'manifest.json'])
    await rm(path.join(run, name), { force: true });
}

/** A directory that somebody began to write, or in which there is something else, stays. */
async function removeEmpty(run: string): Promise<void> {
  try {
    await rmdir(run);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(code)) return;
    throw error;
  }
  const parent = path.dirname(run);
  if ((await pointedTo(parent)) === path.basename(run)) await removed(path.join(parent, 'latest'));
  await fsyncDirectory(parent);
}

async function removed(file: string): Promise<boolean> {
  return await unlink(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      ignoreMissing(error);
      return false;
    },
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
