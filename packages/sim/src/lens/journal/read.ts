// Reads a journal: of a run that was killed, or of one that still writes. It ends where the first record is not whole.
import { failure } from '@stillpoint/core';
import type { LensFrame } from '../contract.ts';
import { fileSource } from '../../zip/index.ts';
import type { RangeSource } from '../../zip/contract.ts';
import { crc32 } from 'node:zlib';
import {
  frameFromPayload,
  HEADER_BYTES,
  parseHeader,
  timeFromPayload,
  type RecordHeader,
} from './records.ts';
import type { JournalFacts } from './write.ts';

export interface JournalFrame {
  readonly tick: number;
  /** Of its payload. */
  readonly offsetBytes: number;
  readonly payloadBytes: number;
  readonly crc32: number;
  readonly endBytes: number;
}

export interface Journal extends AsyncDisposable {
  readonly facts: JournalFacts;
  readonly factsEndBytes: number;
  readonly frames: readonly JournalFrame[];
  /** Bytes behind the last whole record: 0 unless somebody was killed, or writes at this moment. */
  readonly cutBytes: number;
  /** Throws LENS_DAMAGED where the frame is no longer there: a run that goes on from a checkpoint has cut it meanwhile. */
  read(frame: JournalFrame, signal?: AbortSignal): Promise<LensFrame>;
  /** Without its samples. */
  timeSeconds(frame: JournalFrame, signal?: AbortSignal): Promise<number>;
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
    const first = await headerAt(source, 0);
    if (first?.kind !== 'facts' || first.payloadBytes > MOST_FACTS_BYTES)
      throw failure('LENS_FOREIGN', {
        path: source.name,
        reason: 'it does not begin as a journal does',
      });
    const facts = await factsOf(source, first);
    const factsEndBytes = HEADER_BYTES + first.payloadBytes;
    const { frames, endBytes } = await scan(source, factsEndBytes);
    return {
      facts,
      factsEndBytes,
      frames,
      cutBytes: source.sizeBytes - endBytes,
      async read({ tick, offsetBytes, payloadBytes, crc32: sum }, signal) {
        const payload = await source.read(offsetBytes, payloadBytes, signal);
        // Whoever resumed the run writes other frames in its place.
        if (crc32(payload) !== sum)
          throw failure('LENS_DAMAGED', {
            path: source.name,
            reason: `the frame of tick ${tick} was changed after it was found`,
          });
        return frameFromPayload(facts.fields, tick, payload);
      },
      timeSeconds: async ({ offsetBytes }, signal) =>
        timeFromPayload(await source.read(offsetBytes, 8, signal)),
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
    };
  } catch (error) {
    await source[Symbol.asyncDispose]();
    throw error;
  }
}

async function factsOf(source: RangeSource, header: RecordHeader): Promise<JournalFacts> {
  const payload = await payloadOf(source, HEADER_BYTES, header);
  if (payload === undefined)
    throw failure('LENS_FOREIGN', { path: source.name, reason: 'its first record is damaged' });
  return JSON.parse(new TextDecoder().decode(payload)) as JournalFacts;
}

async function scan(
  source: RangeSource,
  startBytes: number,
): Promise<{ readonly frames: readonly JournalFrame[]; readonly endBytes: number }> {
  const frames: JournalFrame[] = [];
  let at = startBytes;
  let lastTick = -1;
  for (;;) {
    const header = await headerAt(source, at);
    if (header?.kind !== 'frame' || header.tick <= lastTick) break;
    const offsetBytes = at + HEADER_BYTES;
    if ((await payloadOf(source, offsetBytes, header)) === undefined) break;
    const { tick, payloadBytes, crc32: sum } = header;
    at = offsetBytes + payloadBytes;
    lastTick = tick;
    frames.push({ tick, offsetBytes, payloadBytes, crc32: sum, endBytes: at });
  }
  return { frames, endBytes: at };
}

async function headerAt(source: RangeSource, at: number): Promise<RecordHeader | undefined> {
  if (at + HEADER_BYTES > source.sizeBytes) return undefined;
  return parseHeader(await source.read(at, HEADER_BYTES));
}

async function payloadOf(
  source: RangeSource,
  at: number,
  header: RecordHeader,
): Promise<Uint8Array | undefined> {
  if (at + header.payloadBytes > source.sizeBytes) return undefined;
  const payload = await source.read(at, header.payloadBytes);
  return crc32(payload) === header.crc32 ? payload : undefined;
}
