// Makes the `.lens` file of a chunk from its journal. Until the file is there whole, the journal is all there is; then it goes.
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { failure, fsyncDirectory, removeFileDurable } from '@stillpoint/core';
import { LENS_VERSION, type ChunkFacts } from '../contract.ts';
import {
  damageOf,
  readIndexed,
  readJournal,
  widthOf,
  type Journal,
  type JournalIndex,
} from '../journal/index.ts';
import { lensFileName } from '../names.ts';
import { outlineOf } from './outline.ts';
import { writeChunk, type ChunkContent } from './write.ts';

export interface Sealed {
  readonly file: string;
  readonly facts: ChunkFacts;
  readonly sizeBytes: number;
}

/**
 * With the index of its writer, if he is still there. Throws LENS_FOREIGN for what is no journal, LENS_DAMAGED where frames lie behind what
 * is damaged (the file would be without them, and the journal gone), and what the file system says.
 */
export async function sealJournal(
  journalFile: string,
  signal?: AbortSignal,
  index?: JournalIndex,
): Promise<Sealed> {
  const directory = path.dirname(journalFile);
  await using journal =
    index === undefined
      ? await readJournal(journalFile, signal)
      : await readIndexed(journalFile, index);
  const { facts: begun } = journal;
  const damage = damageOf(journal);
  if (damage !== undefined) throw failure('LENS_DAMAGED', { path: journalFile, reason: damage });
  const file = path.join(directory, lensFileName(begun.ticks, 'lens'));
  const facts: ChunkFacts = { ...begun, version: LENS_VERSION, frames: journal.frames.length };
  const temporary = `${file}.tmp`;
  try {
    const sizeBytes = await writeChunk(temporary, facts, contentOf(journal, signal), signal);
    await rename(temporary, file);
    await fsyncDirectory(directory);
    // Killed here, both are there: the next writer finds the `.lens` file and removes the journal (record/files.ts).
    await removeFileDurable(journalFile);
    return { file, facts, sizeBytes };
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function contentOf(journal: Journal, signal?: AbortSignal): ChunkContent {
  return {
    ticks: journal.frames.map(({ tick }) => tick),
    timesSeconds: journal.frames.map(({ timeSeconds }) => timeSeconds),
    field(field) {
      const number = journal.facts.fields.indexOf(field);
      const { counts, positionSets, positionsOf } = outlineOf(journal, number);
      const width = widthOf(field);
      return {
        counts,
        positionSets: positionSets.length,
        positionsOf,
        async values(block, from, count, samples) {
          const frames = journal.frames.slice(from, from + count);
          await Promise.all(
            frames.map((frame, row) => {
              const start = row * samples * width;
              const target = block.subarray(start, start + counts[from + row]! * width);
              return journal.readValues(frame, number, target, signal);
            }),
          );
        },
        async positions(block, from, count, samples) {
          const frames = positionSets.slice(from, from + count);
          await Promise.all(
            frames.map((frame, row) => {
              const start = row * samples * 3;
              const target = block.subarray(start, start + frame.fields[number]!.count * 3);
              return journal.readPositions(frame, number, target, signal);
            }),
          );
        },
      };
    },
  };
}
