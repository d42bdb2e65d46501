// Looks through a journal for its whole frames, and for what lies behind the last of them.
import { crc32 } from 'node:zlib';
import type { LensField } from '../contract.ts';
import {
  FIELD_BYTES,
  HEADER_BYTES,
  MAGIC_BYTES,
  parseHeader,
  placeOf,
  TIME_BYTES,
  timeFromPayload,
  type JournalField,
  type RecordHeader,
} from './records.ts';
import type { Window } from './window.ts';
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

/** Of the last whole frame. */
export function endOf({ frames, factsEndBytes }: JournalIndex): number {
  return frames.at(-1)?.endBytes ?? factsEndBytes;
}

export async function scan(
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
    // Of one that was set aside (record/cut.ts): another file has that tick.
    if (header.tick >= facts.ticks.end) break;
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

/** The tick of a last record that has its whole length and is damaged, where there is one: what a kill has cut is shorter. */
export async function damagedLast(
  window: Window,
  sizeBytes: number,
  index: JournalIndex,
): Promise<number | undefined> {
  const at = endOf(index);
  if (at + HEADER_BYTES > sizeBytes) return undefined;
  const header = parseHeader(await window.bytes(at, HEADER_BYTES));
  if (header?.kind !== 'frame' || at + HEADER_BYTES + header.payloadBytes !== sizeBytes)
    return undefined;
  const { start, end } = index.facts.ticks;
  const after = index.frames.at(-1)?.tick ?? start - 1;
  return header.tick > after && header.tick < end ? header.tick : undefined;
}

/** Looked at together, behind where the frames end. */
const LOOK_BYTES = 64 * 1024;

/** A whole frame behind damaged bytes. */
export interface FrameBehind {
  readonly tick: number;
  readonly startBytes: number;
  readonly endBytes: number;
}

/**
 * A kill leaves the beginning of one record and nothing behind it. Where a whole frame follows, what is before it was written and is
 * damaged. Such frames are not read: their positions may be those of a frame that is lost.
 */
export async function* framesBehind(
  window: Window,
  sizeBytes: number,
  index: JournalIndex,
): AsyncGenerator<FrameBehind> {
  let tick = index.frames.at(-1)?.tick ?? -1;
  let endBytes = endOf(index);
  for (;;) {
    const found = await nextWhole(window, sizeBytes, index, { tick, endBytes });
    if (found === undefined) return;
    yield found;
    ({ tick, endBytes } = found);
  }
}

async function nextWhole(
  window: Window,
  sizeBytes: number,
  index: JournalIndex,
  { tick: lastTick, endBytes }: { readonly tick: number; readonly endBytes: number },
): Promise<FrameBehind | undefined> {
  let from = endBytes;
  while (from + HEADER_BYTES <= sizeBytes) {
    const length = Math.min(LOOK_BYTES, sizeBytes - from);
    const look = Buffer.from(await window.bytes(from, length));
    for (let at = look.indexOf(MAGIC_BYTES); at >= 0; at = look.indexOf(MAGIC_BYTES, at + 1)) {
      const header = parseHeader(look.subarray(at, at + HEADER_BYTES));
      if (header?.kind !== 'frame' || header.tick <= lastTick) continue;
      if (header.tick >= index.facts.ticks.end) continue;
      const offsetBytes = from + at + HEADER_BYTES;
      if (offsetBytes + header.payloadBytes > sizeBytes) continue;
      const frame = await frameAt(window, offsetBytes, header, index.facts.fields);
      if (frame !== undefined)
        return { tick: frame.tick, startBytes: from + at, endBytes: frame.endBytes };
    }
    // A header may lie over the edge.
    from += Math.max(length - HEADER_BYTES + 1, 1);
  }
  return undefined;
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
