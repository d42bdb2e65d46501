// Reads a journal: of a run that was killed, or of one that still writes. It ends where the first record is not whole.
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { failure } from '@stillpoint/core';
import { LENS_VERSION, type FieldSamples, type LensFrame } from '../contract.ts';
import { parseLensFileName } from '../names.ts';
import { fileSource, readInto } from '../../zip/index.ts';
import type { RangeSource } from '../../zip/contract.ts';
import { frameFromPayload, HEADER_BYTES, numbersOf, parseHeader } from './records.ts';
import {
  damagedLast,
  endOf,
  framesBehind,
  scan,
  type FrameBehind,
  type JournalFrame,
  type JournalIndex,
} from './scan.ts';
import { createWindow } from './window.ts';
import type { JournalFacts } from './write.ts';

export interface Journal extends JournalIndex, AsyncDisposable {
  /** Of the next whole frame where bytes before it are damaged: those between can only be missed. Undefined: nothing whole follows. */
  readonly damagedBeforeTick: number | undefined;
  /** Of the last record, where that is damaged and was written whole. */
  readonly damagedLastTick: number | undefined;
  /** That frame, and those behind it. */
  behindDamage(signal?: AbortSignal): AsyncGenerator<FrameBehind>;
  /** Bytes behind the last whole record: 0 unless somebody was killed, or writes at this moment. */
  readonly cutBytes: number;
  /**
   * Throws LENS_DAMAGED where the frame is no longer there: a run that goes on from a checkpoint has cut it meanwhile. So do all that
   * read.
   */
  read(frame: JournalFrame, signal?: AbortSignal): Promise<LensFrame>;
  /** Just one field, by its number; positions null where the frame has those of the frame before. */
  readField(frame: JournalFrame, field: number, signal?: AbortSignal): Promise<FieldSamples>;
  /** Into numbers that are there already, as many as the field has in this frame. */
  readValues(
    frame: JournalFrame,
    field: number,
    target: Float64Array | Float32Array,
    signal?: AbortSignal,
  ): Promise<void>;
  readPositions(
    frame: JournalFrame,
    field: number,
    target: Float64Array,
    signal?: AbortSignal,
  ): Promise<void>;
}

/** Facts are small; what says otherwise was not written by us. */
const MOST_FACTS_BYTES = 16 * 1024 * 1024;

/** Throws LENS_FOREIGN where it does not begin as a journal, and LENS_VERSION where it is one of another version. */
export async function readJournal(file: string, signal?: AbortSignal): Promise<Journal> {
  return await readJournalFrom(await fileSource(file), signal);
}

/** The source is the journal's from then on. */
export async function readJournalFrom(
  source: RangeSource & AsyncDisposable,
  signal?: AbortSignal,
): Promise<Journal> {
  try {
    const begin = await factsOf(source, signal);
    const window = createWindow(source, signal);
    const index = await scan(window, source.sizeBytes, begin);
    const behind = await framesBehind(window, source.sizeBytes, index).next();
    const last = await damagedLast(window, source.sizeBytes, index);
    return journalOver(source, index, { before: behind.value?.tick, last });
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

/** Of a journal whose writer is done with it. What is read is held against the checksums that were made when it was written. */
export async function readIndexed(file: string, index: JournalIndex): Promise<Journal> {
  return journalOver(await fileSource(file), index);
}

function journalOver(
  source: RangeSource & AsyncDisposable,
  index: JournalIndex,
  damaged: { readonly before?: number | undefined; readonly last?: number | undefined } = {},
): Journal {
  const { facts, factsEndBytes, frames } = index;
  // Whoever resumed the run writes other frames in its place.
  const changed = ({ tick }: JournalFrame): Error =>
    failure('LENS_DAMAGED', {
      path: source.name,
      reason: `the frame of tick ${tick} was changed after it was found`,
    });
  const readPart = async (
    frame: JournalFrame,
    target: Float64Array | Float32Array,
    part: { readonly offsetBytes: number; readonly before: number; readonly after: number },
    signal?: AbortSignal,
  ): Promise<void> => {
    const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
    await readInto(source, bytes, frame.offsetBytes + part.offsetBytes, signal);
    if (crc32(bytes, part.before) !== part.after) throw changed(frame);
  };
  const readValues: Journal['readValues'] = async (frame, field, target, signal) => {
    const { offsetBytes, crc32BeforeValues, crc32AfterValues } = frame.fields[field]!;
    const part = { offsetBytes, before: crc32BeforeValues, after: crc32AfterValues };
    await readPart(frame, target, part, signal);
  };
  const readPositions: Journal['readPositions'] = async (frame, field, target, signal) => {
    const place = frame.fields[field]!;
    const { crc32BeforePositions: before, crc32AfterPositions: after } = place;
    const part = { offsetBytes: place.positionsOffsetBytes, before, after };
    await readPart(frame, target, part, signal);
  };
  return {
    facts,
    factsEndBytes,
    frames,
    cutBytes: source.sizeBytes - endOf(index),
    damagedBeforeTick: damaged.before,
    damagedLastTick: damaged.last,
    behindDamage: (signal) => framesBehind(createWindow(source, signal), source.sizeBytes, index),
    async read(frame, signal) {
      const payload = await source.read(frame.offsetBytes, frame.payloadBytes, signal);
      if (crc32(payload) !== frame.crc32) throw changed(frame);
      return frameFromPayload(facts.fields, frame.tick, payload);
    },
    async readField(frame, field, signal) {
      const { count, hasPositions } = frame.fields[field]!;
      const values = numbersOf(facts.fields[field]!, count);
      await readValues(frame, field, values, signal);
      if (!hasPositions) return { count, values, positions: null };
      const positions = new Float64Array(count * 3);
      await readPositions(frame, field, positions, signal);
      return { count, values, positions };
    },
    readValues,
    readPositions,
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** Undefined: none, or only what a kill has cut. */
export function damageOf(journal: Journal): string | undefined {
  const { frames, damagedBeforeTick, damagedLastTick } = journal;
  if (damagedBeforeTick === undefined)
    return damagedLastTick === undefined
      ? undefined
      : `its last frame, that of tick ${damagedLastTick}, cannot be read`;
  const last = frames.at(-1)?.tick;
  const from = last === undefined ? 'its beginning' : `the frame of tick ${last}`;
  return `what lies between ${from} and that of tick ${damagedBeforeTick} cannot be read, and so neither can what follows`;
}

/** Of the first frame that cannot be read for damage, or lies behind it; undefined: there is none. */
export function damagedFrom({ damagedBeforeTick, damagedLastTick }: Journal): number | undefined {
  return damagedBeforeTick ?? damagedLastTick;
}

async function factsOf(
  source: RangeSource,
  signal?: AbortSignal,
): Promise<Omit<JournalIndex, 'frames'>> {
  const foreign = (reason: string): Error => failure('LENS_FOREIGN', { path: source.name, reason });
  const header =
    source.sizeBytes < HEADER_BYTES
      ? undefined
      : parseHeader(await source.read(0, HEADER_BYTES, signal));
  if (header?.kind !== 'facts' || header.payloadBytes > MOST_FACTS_BYTES)
    throw foreign('it does not begin as a journal does');
  const factsEndBytes = HEADER_BYTES + header.payloadBytes;
  if (factsEndBytes > source.sizeBytes) throw foreign('its first record is damaged');
  const payload = await source.read(HEADER_BYTES, header.payloadBytes, signal);
  if (crc32(payload) !== header.crc32) throw foreign('its first record is damaged');
  const facts = JSON.parse(new TextDecoder().decode(payload)) as JournalFacts;
  // Before anybody goes on with it: what of it we cannot read would be cut.
  if (facts.version !== LENS_VERSION)
    throw failure('LENS_VERSION', {
      path: source.name,
      version: String(facts.version),
      known: LENS_VERSION,
    });
  // The name counts: one that was set aside ends where its run went on from (record/cut.ts).
  const ticks = parseLensFileName(path.basename(source.name))?.ticks ?? facts.ticks;
  return { facts: { ...facts, ticks }, factsEndBytes };
}
