// The files of a lens's directory: what is there, and what a writer that was killed left half done.
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fsyncDirectory, removeFileDurable } from '@stillpoint/core';
import type { TickRange } from '../contract.ts';
import { lensFileName, parseLensFileName, withoutSuperseded, type LensFileKind } from '../names.ts';

export interface LensFile {
  readonly path: string;
  readonly ticks: TickRange;
  readonly kind: LensFileKind;
}

/** In the order of their ticks. A directory that is not there has none. */
export async function lensFilesIn(directory: string): Promise<readonly LensFile[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const parsed = parseLensFileName(name);
      return parsed ? [{ path: path.join(directory, name), ...parsed }] : [];
    })
    .toSorted((a, b) => a.ticks.start - b.ticks.start || a.kind.localeCompare(b.kind));
}

/**
 * For the one writer of a run, before it begins: temporary files go, and files whose frames another has (a writer was killed between
 * the rename and the removal).
 */
export async function tidyUp(directory: string): Promise<readonly LensFile[]> {
  await mkdir(directory, { recursive: true });
  await fsyncDirectory(path.dirname(directory));
  for (const name of await readdir(directory))
    if (name.endsWith('.tmp')) await rm(path.join(directory, name), { force: true });
  const files = await lensFilesIn(directory);
  const kept = withoutSuperseded(files);
  for (const file of files) if (!kept.includes(file)) await removeFileDurable(file.path);
  return kept;
}

export function pathOf(directory: string, ticks: TickRange, kind: LensFileKind): string {
  return path.join(directory, lensFileName(ticks, kind));
}
