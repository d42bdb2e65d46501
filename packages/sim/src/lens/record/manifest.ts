// `manifest.json` of a lens. Chunks are what the files say; what was dropped is remembered from the manifest before.
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomic } from '@stillpoint/core';
import { openChunk } from '../chunk/index.ts';
import { readJournal } from '../journal/index.ts';
import { precisionText } from '../precision.ts';
import { fileSource } from '../../zip/index.ts';
import type { ChunkEntry, Dropped, LensManifest, RecorderOptions } from './contract.ts';
import { lensFilesIn, type LensFile } from './files.ts';

const NAME = 'manifest.json';

/** Undefined where there is none, or it is damaged: it can be made again. */
export async function readManifest(directory: string): Promise<LensManifest | undefined> {
  try {
    return parseManifest(await readFile(path.join(directory, NAME), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined where it is none. */
export function parseManifest(json: string): LensManifest | undefined {
  try {
    const found = JSON.parse(json) as Partial<LensManifest> | null;
    const whole =
      found?.version === 1 && Array.isArray(found.chunks) && Array.isArray(found.dropped);
    return whole ? (found as LensManifest) : undefined;
  } catch {
    return undefined;
  }
}

export async function writeManifest(
  { directory, runId, world, chunkTicks, fields }: RecorderOptions,
  chunks: readonly ChunkEntry[],
  dropped: readonly Dropped[],
): Promise<void> {
  const manifest: LensManifest = {
    version: 1,
    runId,
    world,
    chunkTicks,
    fields: fields.map((field) => ({ ...field, precision: precisionText(field.precision) })),
    chunks,
    dropped,
  };
  await writeFileAtomic(path.join(directory, NAME), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** In line with the files, by whoever has the run's lock. One that is lost is made by the next recorder. */
export async function renewManifest(directory: string): Promise<void> {
  const before = await readManifest(directory);
  if (before === undefined) return;
  const manifest: LensManifest = { ...before, chunks: await chunkEntries(directory) };
  await writeFileAtomic(path.join(directory, NAME), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Of sealed chunks; those that the manifest knows with the same length are not opened. */
export async function chunkEntries(directory: string): Promise<readonly ChunkEntry[]> {
  const known = new Map(
    (await readManifest(directory))?.chunks.map((chunk) => [chunk.file, chunk]),
  );
  const entries: ChunkEntry[] = [];
  for (const file of await lensFilesIn(directory)) {
    if (file.kind !== 'lens') continue;
    const name = path.basename(file.path);
    try {
      const { size: sizeBytes } = await stat(file.path);
      const before = known.get(name);
      entries.push(
        before?.sizeBytes === sizeBytes
          ? before
          : { file: name, ticks: file.ticks, frames: await framesOf(file), sizeBytes },
      );
    } catch (error) {
      // Pruned at this moment: the run goes on.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return entries;
}

export async function framesOf(file: LensFile): Promise<number> {
  if (file.kind === 'journal') {
    await using journal = await readJournal(file.path);
    return journal.frames.length;
  }
  await using source = await fileSource(file.path);
  return (await openChunk(source)).facts.frames;
}
