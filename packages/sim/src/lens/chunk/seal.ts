// Makes the `.lens` file of a chunk from its journal. Until the file is there whole, the journal is all there is; then it goes.
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fsyncDirectory, removeFileDurable } from '@stillpoint/core';
import { groupJson, writeArray } from '../../zarr/index.ts';
import { createZipWriter, type ZipWriter } from '../../zip/index.ts';
import { LENS_VERSION, type ChunkFacts, type LensField } from '../contract.ts';
import { readJournal, widthOf, type Journal } from '../journal/index.ts';
import { lensFileName } from '../names.ts';
import {
  fieldAttributes,
  pathsOf,
  perFrameArray,
  positionsArray,
  tickArray,
  TICKS,
  timeArray,
  TIMES,
  valuesArray,
} from './arrays.ts';
import { outlineOf, type FieldOutline } from './outline.ts';

export interface Sealed {
  readonly file: string;
  readonly facts: ChunkFacts;
  readonly sizeBytes: number;
}

/** Throws LENS_FOREIGN for what is no journal, and what the file system says. */
export async function sealJournal(journalFile: string, signal?: AbortSignal): Promise<Sealed> {
  const directory = path.dirname(journalFile);
  await using journal = await readJournal(journalFile);
  const { facts: begun } = journal;
  const file = path.join(directory, lensFileName(begun.ticks, 'lens'));
  const facts: ChunkFacts = { ...begun, version: LENS_VERSION, frames: journal.frames.length };
  const temporary = `${file}.tmp`;
  try {
    const sizeBytes = await writeFile(temporary, journal, facts, signal);
    await rename(temporary, file);
    await fsyncDirectory(directory);
    // Killed here, both are there: the next writer finds the `.lens` file and removes the journal (open-lens.ts).
    await removeFileDurable(journalFile);
    return { file, facts, sizeBytes };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeFile(
  file: string,
  journal: Journal,
  facts: ChunkFacts,
  signal?: AbortSignal,
): Promise<number> {
  // A temporary file of a writer that was killed.
  await rm(file, { force: true });
  await using handle = await open(file, 'wx');
  const zip = createZipWriter(handle);
  const outline = await outlineOf(journal, signal);
  await addText(
    zip,
    'zarr.json',
    groupJson({ stillpoint: { ...facts, fields: facts.fields.map(fieldAttributes) } }),
  );
  await writeArray(zip, TICKS, tickArray(facts.frames), async (from, count) =>
    BigInt64Array.from(outline.ticks.slice(from, from + count), BigInt),
  );
  await writeArray(zip, TIMES, timeArray(facts.frames), async (from, count) =>
    Float64Array.from(outline.timesSeconds.slice(from, from + count)),
  );
  await addText(zip, 'fields/zarr.json', groupJson({}));
  for (const field of facts.fields)
    await writeField(zip, journal, field, outline.fields.get(field.name)!, signal);
  const { sizeBytes } = await zip.finish();
  await handle.sync();
  return sizeBytes;
}

async function writeField(
  zip: ZipWriter,
  journal: Journal,
  field: LensField,
  { counts, positionSets, positionsOf }: FieldOutline,
  signal?: AbortSignal,
): Promise<void> {
  const frames = counts.length;
  const samples = counts.reduce((most, count) => Math.max(most, count), 0);
  const width = widthOf(field);
  const paths = pathsOf(field.name);
  await addText(zip, `${paths.group}/zarr.json`, groupJson(fieldAttributes(field)));
  await writeArray(zip, paths.values, valuesArray(field, frames, samples), async (from, count) => {
    const Numbers = field.precision.type === 'float64' ? Float64Array : Float32Array;
    const block = new Numbers(count * samples * width).fill(Number.NaN);
    for (const [row, frame] of journal.frames.slice(from, from + count).entries()) {
      signal?.throwIfAborted();
      const { fields } = await journal.read(frame);
      block.set(fields.get(field.name)!.values, row * samples * width);
    }
    return block;
  });
  await writeArray(zip, paths.counts, perFrameArray(frames), async (from, count) =>
    Int32Array.from(counts.slice(from, from + count)),
  );
  if (positionSets.length === 0) return;
  await writeArray(zip, paths.positionsOf, perFrameArray(frames), async (from, count) =>
    Int32Array.from(positionsOf.slice(from, from + count)),
  );
  await writeArray(
    zip,
    paths.positions,
    positionsArray(positionSets.length, samples),
    async (from, count) => {
      const block = new Float64Array(count * samples * 3).fill(Number.NaN);
      for (const [row, frame] of positionSets.slice(from, from + count).entries()) {
        signal?.throwIfAborted();
        const { fields } = await journal.read(journal.frames[frame]!);
        block.set(fields.get(field.name)!.positions!, row * samples * 3);
      }
      return block;
    },
  );
}

async function addText(zip: ZipWriter, name: string, text: string): Promise<void> {
  await zip.add(name, new TextEncoder().encode(text));
}
