// The journal of an open chunk: appended frame by frame. A kill leaves at most one record cut, which the next writer takes away.
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { fsyncDirectory } from '@stillpoint/core';
import type { ChunkFacts, LensFrame } from '../contract.ts';
import { readJournal } from './read.ts';
import { framePayload, headerFor } from './records.ts';

export type JournalFacts = Omit<ChunkFacts, 'frames'>;

export interface JournalWriter extends AsyncDisposable {
  readonly facts: JournalFacts;
  readonly frames: number;
  /** Of the newest frame; -1 before the first. Ticks only grow. */
  readonly lastTick: number;
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
    const payload = [new TextEncoder().encode(JSON.stringify(facts))];
    const header = headerFor('facts', facts.ticks.start, payload);
    const endBytes = await writeAll(handle, [header, ...payload], 0);
    await handle.sync();
    await rename(temporary, file);
    await fsyncDirectory(path.dirname(file));
    return writerOn(handle, facts, { frames: 0, lastTick: -1, endBytes });
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

/** Goes on with one that is there: what was cut is taken away, and frames after `throughTick`. Throws as `readJournal`. */
export async function continueJournal(file: string, throughTick: number): Promise<JournalWriter> {
  let frames = 0;
  let lastTick = -1;
  let endBytes: number;
  let facts: JournalFacts;
  {
    await using journal = await readJournal(file);
    const kept = journal.frames.filter(({ tick }) => tick <= throughTick);
    frames = kept.length;
    lastTick = kept.at(-1)?.tick ?? -1;
    endBytes = kept.at(-1)?.endBytes ?? journal.factsEndBytes;
    facts = journal.facts;
  }
  const handle = await open(file, 'r+');
  try {
    await handle.truncate(endBytes);
    await handle.sync();
    return writerOn(handle, facts, { frames, lastTick, endBytes });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

interface Position {
  frames: number;
  lastTick: number;
  endBytes: number;
}

function writerOn(handle: FileHandle, facts: JournalFacts, position: Position): JournalWriter {
  return {
    facts,
    get frames() {
      return position.frames;
    },
    get lastTick() {
      return position.lastTick;
    },
    async append(frame) {
      if (frame.tick <= position.lastTick) throw new TypeError('ticks of a journal only grow');
      const payload = framePayload(facts.fields, frame);
      const parts = [headerFor('frame', frame.tick, payload), ...payload];
      try {
        position.endBytes = await writeAll(handle, parts, position.endBytes);
      } catch (error) {
        // What of it came onto a disk that is full only takes room there. If it stays, the next record is put over it.
        await handle.truncate(position.endBytes).catch(() => {});
        throw error;
      }
      position.frames += 1;
      position.lastTick = frame.tick;
    },
    sync: () => handle.datasync(),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** A record that did not go in whole is overwritten by the next: the position moves only after the last byte. */
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
