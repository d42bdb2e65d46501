// Fewer and larger files: the journals of a run that is dead are sealed, and small chunks that follow each other become one.
import { failure, isFailure, type ProgressListener } from '@stillpoint/core';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { takeRunLock } from '../../directory/index.ts';
import { mergeChunks, openChunk, sealJournal } from '../chunk/index.ts';
import { lensFilesIn, renewManifest, tidyUp, type LensFile } from '../record/index.ts';
import { fileSource } from '../../zip/index.ts';

export interface CompactOptions {
  /** A merged chunk is not made larger than that: 256 MiB unless told. */
  readonly targetBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface CompactedLens {
  readonly runId: string;
  readonly path: string;
  /** Names of chunks whose journals were sealed. */
  readonly sealed: readonly string[];
  readonly merged: readonly { readonly file: string; readonly from: readonly string[] }[];
  /** What was left as it is, for it is damaged. */
  readonly damaged: readonly string[];
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

const TARGET_BYTES = 256 * 1024 * 1024;

/** Throws RUN_BUSY: the files of a run that goes on are its own. Killed at any moment, no frame is lost. */
export async function compactLens(
  run: string,
  { targetBytes = TARGET_BYTES, signal, onProgress }: CompactOptions = {},
): Promise<CompactedLens> {
  const [directory, runId] = [path.dirname(run), path.basename(run)];
  await using lock = await takeRunLock(run);
  if (lock === undefined) throw failure('RUN_BUSY', { run: runId, directory });
  const beforeBytes = await sizeOf(await tidyUp(run));
  onProgress?.({ type: 'phase:started', phase: 'compact', detail: runId });
  const damaged: string[] = [];
  const sealed: string[] = [];
  for (const file of await lensFilesIn(run)) {
    if (file.kind !== 'journal') continue;
    const done = await unlessDamaged(damaged, () => sealJournal(file.path, signal));
    if (done !== undefined) sealed.push(path.basename(done.file));
  }
  const merged: { readonly file: string; readonly from: readonly string[] }[] = [];
  for (const group of await groupsIn(run, targetBytes, damaged, signal)) {
    const done = await unlessDamaged(damaged, () => mergeChunks(group, signal));
    if (done === undefined) continue;
    merged.push({ file: path.basename(done.file), from: group.map((one) => path.basename(one)) });
  }
  await renewManifest(run);
  const afterBytes = await sizeOf(await lensFilesIn(run));
  return { runId, path: run, sealed, merged, damaged, beforeBytes, afterBytes };
}

/** Files that follow each other without a gap, have the same fields, and together are not too large. */
async function groupsIn(
  run: string,
  targetBytes: number,
  damaged: string[],
  signal?: AbortSignal,
): Promise<readonly (readonly string[])[]> {
  const groups: { files: string[]; bytes: number; end: number; same: string }[] = [];
  for (const file of await lensFilesIn(run)) {
    signal?.throwIfAborted();
    const same =
      file.kind === 'lens' ? await unlessDamaged(damaged, () => likenessOf(file)) : undefined;
    if (same === undefined) continue;
    const bytes = await sizeOf([file]);
    const { start, end } = file.ticks;
    const last = groups.at(-1);
    if (last?.end === start && last.same === same && last.bytes + bytes <= targetBytes) {
      last.files.push(file.path);
      last.bytes += bytes;
      last.end = end;
    } else groups.push({ files: [file.path], bytes, end, same });
  }
  return groups.flatMap(({ files }) => (files.length > 1 ? [files] : []));
}

async function likenessOf(file: LensFile): Promise<string> {
  await using source = await fileSource(file.path);
  const { runId, world, fields } = (await openChunk(source)).facts;
  return JSON.stringify([runId, world, fields]);
}

async function unlessDamaged<T>(damaged: string[], work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isFailure(error) || !['LENS_DAMAGED', 'LENS_FOREIGN'].includes(error.code)) throw error;
    damaged.push(error.message);
    return undefined;
  }
}

async function sizeOf(files: readonly LensFile[]): Promise<number> {
  let bytes = 0;
  for (const { path: file } of files) bytes += (await stat(file)).size;
  return bytes;
}
