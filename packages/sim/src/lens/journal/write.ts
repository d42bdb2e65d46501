// The journal of an open chunk: appended frame by frame. A kill leaves at most one record cut, which the next writer takes away.
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { failure, fsyncDirectory } from '@stillpoint/core';
import type { ChunkFacts, LensFrame } from '../contract.ts';
import { crc32 } from 'node:zlib';
import { damagedFrom, damageOf, readJournal } from './read.ts';
import { framePayload, headerFor, HEADER_BYTES } from './records.ts';
import { endOf, type JournalFrame, type JournalIndex } from './scan.ts';

export type JournalFacts = Omit<ChunkFacts, 'frames'>;

export interface JournalWriter extends AsyncDisposable {
  readonly facts: JournalFacts;
  readonly frames: number;
  /** Of the newest frame; -1 before the first. Ticks only grow. */
  readonly lastTick: number;
  /** What it holds by now. */
  readonly index: JournalIndex;
  append(frame: LensFrame): Promise<void>;
  /** Until here nothing is lost by a loss of power. */
  sync(): Promise<void>;
}

/** Has its name only with its facts: whoever is killed before, or finds the disk full, leaves no journal that nobody can go on with. */
export async function createJournal(file: string, facts: JournalFacts): Promise<JournalWriter> {
  await refuseExisting(file);
  const temporary = `${file}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    const payload = new TextEncoder().encode(JSON.stringify(facts));
    const described = { bytes: payload.length, crc32: crc32(payload) };
    const header = headerFor('facts', facts.ticks.start, described);
    const factsEndBytes = await writeAll(handle, [header, payload], 0);
    await handle.sync();
    await rename(temporary, file);
    await fsyncDirectory(path.dirname(file));
    return writerOn(handle, { facts, factsEndBytes, frames: [] });
  } catch (error) {
    await handle.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The one writer of a lens asks: nobody makes it in between. */
async function refuseExisting(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined)
    throw Object.assign(new Error(`${file} is there already`), { code: 'EEXIST' });
}

/**
 * Goes on with one that is there: what was cut is taken away, and frames after `throughTick`. Throws as `readJournal`, and LENS_DAMAGED
 * where frames up to that tick lie behind what is damaged: they would be taken away with it.
 */
export async function continueJournal(file: string, throughTick: number): Promise<JournalWriter> {
  let index: JournalIndex;
  {
    await using journal = await readJournal(file);
    const { facts, factsEndBytes } = journal;
    const damaged = damagedFrom(journal);
    if (damaged !== undefined && damaged <= throughTick)
      throw failure('LENS_DAMAGED', { path: file, reason: damageOf(journal)! });
    const frames = journal.frames.filter(({ tick }) => tick <= throughTick);
    index = { facts, factsEndBytes, frames };
  }
  const handle = await open(file, 'r+');
  try {
    await handle.truncate(endOf(index));
    await handle.sync();
    return writerOn(handle, index);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The position moves only after the last byte of a record: one that did not go in whole is overwritten by the next. */
function writerOn(
  handle: FileHandle,
  { facts, factsEndBytes, frames: before }: JournalIndex,
): JournalWriter {
  const frames: JournalFrame[] = [...before];
  const index = { facts, factsEndBytes, frames };
  return {
    facts,
    index,
    get frames() {
      return frames.length;
    },
    get lastTick() {
      return frames.at(-1)?.tick ?? -1;
    },
    async append(frame) {
      const { tick, simTimeSeconds: timeSeconds } = frame;
      if (tick <= (frames.at(-1)?.tick ?? -1)) throw new TypeError('ticks of a journal only grow');
      const { parts, fields, ...payload } = framePayload(facts.fields, frame);
      const startBytes = endOf(index);
      let endBytes: number;
      try {
        endBytes = await writeAll(
          handle,
          [headerFor('frame', tick, payload), ...parts],
          startBytes,
        );
      } catch (error) {
        // What of it came onto a disk that is full only takes room there. If it stays, the next record is put over it.
        await handle.truncate(startBytes).catch(() => {});
        throw error;
      }
      const offsetBytes = startBytes + HEADER_BYTES;
      const { bytes: payloadBytes, crc32: sum } = payload;
      frames.push({ tick, timeSeconds, offsetBytes, payloadBytes, crc32: sum, endBytes, fields });
    },
    sync: () => handle.datasync(),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function writeAll(
  handle: FileHandle,
  parts: readonly Uint8Array[],
  startBytes: number,
): Promise<number> {
  let at = startBytes;
  let rest = parts.filter(({ length }) => length > 0);
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    rest = without(rest, bytesWritten);
  }
  return at;
}

function without(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = bytes;
  for (const part of parts) {
    if (skip >= part.length) skip -= part.length;
    else {
      rest.push(part.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
