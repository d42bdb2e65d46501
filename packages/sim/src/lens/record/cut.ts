// Takes away what lies behind a checkpoint, so that the run that goes on from it makes those frames again.
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { failure, fsyncDirectory, removeFileDurable } from '@stillpoint/core';
import { openChunk } from '../chunk/index.ts';
import { createJournal, damageOf, readJournal } from '../journal/index.ts';
import { fileSource } from '../../zip/index.ts';
import type { FieldSamples } from '../contract.ts';
import { lostIn } from './damage.ts';
import { pathOf, type LensFile } from './files.ts';

/**
 * Chunks that begin after the tick go, the newest first: whoever is killed in between leaves a lens without gaps. The chunk of the
 * tick becomes a journal again, which the recorder goes on with. Killed there, both are there, and the sealed one counts (files.ts).
 */
export async function cutAfter(files: readonly LensFile[], tick: number): Promise<void> {
  for (const file of files.toReversed()) {
    if (file.ticks.start > tick) await removeFileDurable(file.path);
    else if (file.kind === 'lens' && file.ticks.end > tick + 1) await unseal(file, tick);
  }
}

/**
 * Whoever went on with a journal that is damaged would cut the whole frames behind the damage. It stays as it is for whoever can mend it,
 * as one that cannot be sealed does: its name ends at the checkpoint from then on, and the run goes on in a chunk that begins there.
 * Resolves to its new path. Throws LENS_DAMAGED where another has that name.
 */
export async function setAside(
  { path: file, ticks: { start } }: LensFile,
  throughTick: number,
  files: readonly LensFile[],
): Promise<string> {
  await using journal = await readJournal(file);
  const directory = path.dirname(file);
  const aside = pathOf(directory, { start, end: throughTick + 1 }, 'journal');
  if (files.some((one) => one.path === aside))
    throw failure('LENS_DAMAGED', { path: file, reason: damageOf(journal)! });
  const { endBytes } = (await lostIn(journal, throughTick))!;
  await rename(file, aside);
  await fsyncDirectory(directory);
  // Killed here, it holds frames after the checkpoint that nobody can read. They are made again all the same.
  await using handle = await open(aside, 'r+');
  await handle.truncate(endBytes);
  await handle.sync();
  return aside;
}

async function unseal(file: LensFile, throughTick: number): Promise<void> {
  const directory = path.dirname(file.path);
  const journalFile = pathOf(directory, file.ticks, 'journal');
  const temporary = `${journalFile}.tmp`;
  {
    await using source = await fileSource(file.path);
    const chunk = await openChunk(source);
    const { frames: _, ...facts } = chunk.facts;
    await rm(temporary, { force: true });
    await using journal = await createJournal(temporary, facts);
    let lastPositions = new Map<string, Float64Array | null>();
    for (const [number, frameTick] of chunk.ticks.entries()) {
      if (frameTick > throughTick) break;
      const fields = new Map<string, FieldSamples>();
      const positions = new Map<string, Float64Array | null>();
      for (const { name } of facts.fields) {
        const samples = await chunk.samples(name, number);
        positions.set(name, samples.positions);
        // Positions are written once, and then only where they change: as the run itself does it.
        const same = number > 0 && isSame(samples.positions, lastPositions.get(name) ?? null);
        fields.set(name, same ? { ...samples, positions: null } : samples);
      }
      lastPositions = positions;
      await journal.append({
        tick: frameTick,
        simTimeSeconds: chunk.timesSeconds[number]!,
        fields,
      });
    }
    await journal.sync();
  }
  // Killed between the two, both are there, the sealed one counts, and the next resume cuts it anew.
  await rename(temporary, journalFile);
  await fsyncDirectory(directory);
  await removeFileDurable(file.path);
}

export function isSame(one: Float64Array | null, other: Float64Array | null): boolean {
  if (one === null || other === null) return one === other;
  return (
    one.length === other.length &&
    Buffer.compare(
      new Uint8Array(one.buffer, one.byteOffset, one.byteLength),
      new Uint8Array(other.buffer, other.byteOffset, other.byteLength),
    ) === 0
  );
}
