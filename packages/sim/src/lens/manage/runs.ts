// The runs of a lens directory, and which of them is the latest: that whose recorder was opened last, which a link says and no clock.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isRunId, isRunLocked, pointedTo } from '../../directory/index.ts';
import type { TickRange } from '../contract.ts';
import { directoryPlace, isS3Address, openLens } from '../read/index.ts';
import { lensFilesIn } from '../record/index.ts';
import { listOnS3 } from './on-s3.ts';

export interface ListedLens {
  readonly runId: string;
  readonly path: string;
  /** Files that have frames, sealed or open. */
  readonly chunks: number;
  readonly sizeBytes: number;
  /** From the first chunk to the last; null: it has none. */
  readonly ticks: TickRange | null;
  /** Its run goes on. */
  readonly busy: boolean;
  readonly latest: boolean;
}

/** By their ids. Of a directory, or what is below a prefix of a bucket (`s3://…`). */
export async function listLenses(directory: string): Promise<readonly ListedLens[]> {
  if (isS3Address(directory)) return await listOnS3(directory);
  const latest = await latestLens(directory);
  const listed: ListedLens[] = [];
  for (const runId of await runsIn(directory)) {
    const at = path.join(directory, runId);
    const files = await lensFilesIn(at);
    let sizeBytes = 0;
    for (const file of files) sizeBytes += await sizeOf(file.path);
    const [first, last] = [files[0], files.at(-1)];
    listed.push({
      runId,
      path: at,
      chunks: files.length,
      sizeBytes,
      ticks: first && last ? { start: first.ticks.start, end: last.ticks.end } : null,
      busy: await isRunLocked(at),
      latest: at === latest,
    });
  }
  return listed;
}

/** Where the link is gone (a copy without links): the one that was begun last by its own account, and among equals the last by its id. */
export async function latestLens(directory: string): Promise<string | undefined> {
  const runs = await runsIn(directory);
  const linked = await pointedTo(directory);
  if (linked !== undefined && runs.includes(linked)) return path.join(directory, linked);
  let latest: { readonly at: string; readonly createdAt: string } | undefined;
  for (const runId of runs) {
    const at = path.join(directory, runId);
    const createdAt = await createdAtOf(at);
    if (latest === undefined || createdAt >= latest.createdAt) latest = { at, createdAt };
  }
  return latest?.at;
}

/** Ids of the directories that hold frames. What is no directory holds none. */
export async function runsIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      throw error;
    },
  );
  const runs: string[] = [];
  for (const one of entries)
    if (one.isDirectory() && isRunId(one.name))
      if ((await lensFilesIn(path.join(directory, one.name))).length > 0) runs.push(one.name);
  return runs.toSorted((a, b) => (a < b ? -1 : 1));
}

/** Also of one that is damaged: then it is older than any other. */
async function createdAtOf(at: string): Promise<string> {
  try {
    await using lens = await openLens(directoryPlace(at));
    return lens.createdAt;
  } catch {
    return '';
  }
}

/** 0: it went while we looked. */
async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
