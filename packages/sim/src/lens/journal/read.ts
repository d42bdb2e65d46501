// Reads a journal: of a run that was killed, or of one that still writes. It ends where the first record is not whole.
import { crc32 } from 'node:zlib';
import { failure } from '@stillpoint/core';
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';
import { fileSource, readInto } from '../../zip/index.ts';
import type { RangeSource } from '../../zip/contract.ts';
import {
  FIELD_BYTES,
  frameFromPayload,
  HEADER_BYTES,
  numbersOf,
  parseHeader,
  placeOf,
  TIME_BYTES,
  timeFromPayload,
  type JournalField,
  type RecordHeader,
} from './records.ts';
import { createWindow, type Window } from './window.ts';
import type { JournalFacts } from './write.ts';

export interface JournalFrame {
  readonly tick: number;
  readonly timeSeconds: number;
  /** Of its payload. */
  readonly offsetBytes: number;
  readonly payloadBytes: number;
  readonly crc32: number;
  readonly endBytes: number;
  /** In the order of the fields. */
  readonly fields: readonly JournalField[];
}

/** What its writer knows of a journal: whoever has it need not look through the file. */
export interface JournalIndex {
  readonly facts: JournalFacts;
  readonly factsEndBytes: number;
  readonly frames: readonly JournalFrame[];
}

export interface Journal extends JournalIndex, AsyncDisposable {
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

/** Throws LENS_FOREIGN where it does not begin as a journal. */
export async function readJournal(file: string): Promise<Journal> {
  return await readJournalFrom(await fileSource(file));
}

/** The source is the journal's from then on. */
export async function readJournalFrom(source: RangeSource & AsyncDisposable): Promise<Journal> {
  try {
    const begin = await factsOf(source);
    return journalOver(source, await scan(createWindow(source), source.sizeBytes, begin));
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
  { facts, factsEndBytes, frames }: JournalIndex,
): Journal {
  const endBytes = frames.at(-1)?.endBytes ?? factsEndBytes;
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
    cutBytes: source.sizeBytes - endBytes,
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

async function factsOf(source: RangeSource): Promise<Omit<JournalIndex, 'frames'>> {
  const foreign = (reason: string): Error => failure('LENS_FOREIGN', { path: source.name, reason });
  const header =
    source.sizeBytes < HEADER_BYTES ? undefined : parseHeader(await source.read(0, HEADER_BYTES));
  if (header?.kind !== 'facts' || header.payloadBytes > MOST_FACTS_BYTES)
    throw foreign('it does not begin as a journal does');
  const factsEndBytes = HEADER_BYTES + header.payloadBytes;
  if (factsEndBytes > source.sizeBytes) throw foreign('its first record is damaged');
  const payload = await source.read(HEADER_BYTES, header.payloadBytes);
  if (crc32(payload) !== header.crc32) throw foreign('its first record is damaged');
  return { facts: JSON.parse(new TextDecoder().decode(payload)) as JournalFacts, factsEndBytes };
}

async function scan(
  window: Window,
  sizeBytes: number,
  { facts, factsEndBytes }: Omit<JournalIndex, 'frames'>,
): Promise<JournalIndex> {
  const frames: JournalFrame[] = [];
  let at = factsEndBytes;
  let lastTick = -1;
  while (at + HEADER_BYTES <= sizeBytes) {
    const header = parseHeader(await window.bytes(at, HEADER_BYTES));
    if (header?.kind !== 'frame' || header.tick <= lastTick) break;
    const offsetBytes = at + HEADER_BYTES;
    if (offsetBytes + header.payloadBytes > sizeBytes) break;
    const frame = await frameAt(window, offsetBytes, header, facts.fields);
    if (frame === undefined) break;
    frames.push(frame);
    at = frame.endBytes;
    lastTick = frame.tick;
  }
  return { facts, factsEndBytes, frames };
}

/** Undefined where it is not what was written. */
async function frameAt(
  window: Window,
  offsetBytes: number,
  { tick, payloadBytes, crc32: whole }: RecordHeader,
  described: readonly LensField[],
): Promise<JournalFrame | undefined> {
  if (payloadBytes < TIME_BYTES) return undefined;
  const time = await window.bytes(offsetBytes, TIME_BYTES);
  const timeSeconds = timeFromPayload(time);
  let sum = crc32(time);
  let at = TIME_BYTES;
  const fields: JournalField[] = [];
  const until = async (end: number): Promise<number> => {
    sum = await window.sum(offsetBytes + at, offsetBytes + end, sum);
    at = end;
    return sum;
  };
  for (const field of described) {
    if (at + FIELD_BYTES > payloadBytes) return undefined;
    const description = await window.bytes(offsetBytes + at, FIELD_BYTES);
    const place = placeOf(field, description, at + FIELD_BYTES);
    // Not believed yet: the checksum comes last.
    const endBytes = place.positionsOffsetBytes + place.positionsBytes;
    if (endBytes > payloadBytes) return undefined;
    fields.push({
      ...place,
      crc32BeforeValues: await until(place.offsetBytes),
      crc32AfterValues: await until(place.offsetBytes + place.valuesBytes),
      crc32BeforePositions: await until(place.positionsOffsetBytes),
      crc32AfterPositions: await until(endBytes),
    });
  }
  if (at !== payloadBytes || sum !== whole) return undefined;
  const endBytes = offsetBytes + payloadBytes;
  return { tick, timeSeconds, offsetBytes, payloadBytes, crc32: whole, endBytes, fields };
}
