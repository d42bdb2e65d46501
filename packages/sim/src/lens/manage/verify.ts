// Every byte of a lens, read and held against its checksums.
import { isFailure } from '@stillpoint/core';
import { openChunk } from '../chunk/index.ts';
import { damageOf, readJournalFrom } from '../journal/index.ts';
import { partFiles, type LensPlace, type PartFile } from '../read/index.ts';

export interface VerifiedLensFile {
  readonly file: string;
  readonly sizeBytes: number;
  readonly sealed: boolean;
  /** Those that can be read. */
  readonly frames: number;
  readonly ok: boolean;
  /** What is damaged, one by one. All else is whole. */
  readonly damaged: readonly string[];
  /** Of an open journal: bytes behind its last whole frame, by a kill or because somebody writes at this moment. No damage. */
  readonly cutBytes: number;
}

/** Rejects only for what is not about the files: an abort, a disk that cannot be read. */
export async function* verifyLens(
  place: LensPlace,
  signal?: AbortSignal,
): AsyncGenerator<VerifiedLensFile> {
  for (const file of partFiles(await place.list(signal))) {
    signal?.throwIfAborted();
    const verified = await verifyFile(place, file, signal);
    if (verified !== undefined) yield verified;
  }
}

/** Undefined: it went meanwhile, by a prune or because it was sealed. */
async function verifyFile(
  place: LensPlace,
  file: PartFile,
  signal?: AbortSignal,
): Promise<VerifiedLensFile | undefined> {
  const sealed = file.kind === 'lens';
  let known = { file: file.name, sizeBytes: 0, sealed, frames: 0, cutBytes: 0 };
  try {
    await using source = await place.open(file.name, signal);
    known = { ...known, sizeBytes: source.sizeBytes };
    if (!sealed) {
      const journal = await readJournalFrom(source, signal);
      const damage = damageOf(journal);
      const [frames, damaged] = [journal.frames.length, damage === undefined ? [] : [damage]];
      const cutBytes = damage === undefined ? journal.cutBytes : 0;
      return { ...known, frames, cutBytes, ok: damage === undefined, damaged };
    }
    const chunk = await openChunk(source, signal);
    const damaged = await Array.fromAsync(chunk.verify(signal));
    return { ...known, frames: chunk.facts.frames, ok: damaged.length === 0, damaged };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!isFailure(error) || error.code === 'LENS_PLACE_REFUSED') throw error;
    return { ...known, ok: false, damaged: [error.message] };
  }
}
