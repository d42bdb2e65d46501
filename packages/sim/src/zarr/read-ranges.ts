// Reads many places of one source: those that follow each other at once, and some ahead of whoever uses them. Far away each read is a
// round trip, on a disk a wait.
import { freeMemory } from '@stillpoint/core';
import type { RangeSource } from '../zip/contract.ts';
import type { ChunkPlace } from './shard.ts';

/** Of one read. */
const MOST_BYTES = 1024 * 1024;
/** Reads that are under way while the one before them is used. */
const AHEAD = 4;

/** `use` is given the bytes of each place, in their order. They are good until it returns. */
export async function readRanges<T extends ChunkPlace>(
  source: RangeSource,
  places: readonly T[],
  use: (place: T, bytes: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  const ranges = together(places);
  const reads: Promise<Uint8Array>[] = [];
  const memory: Uint8Array[] = [];
  const read = readerOf(source, memory, signal);
  for (const [number, range] of ranges.entries()) {
    while (reads.length < ranges.length && reads.length <= number + AHEAD) {
      const reading = read(ranges[reads.length]!);
      // If one before it fails nobody waits for it.
      reading.catch(() => {});
      reads.push(reading);
    }
    const bytes = await reads[number]!;
    // It is not kept until the last is there.
    reads[number] = none;
    for (const place of range.places) {
      const at = place.offsetBytes - range.offsetBytes;
      use(place, bytes.subarray(at, at + place.lengthBytes));
    }
  }
  // Only here: after a failure others may still be read into theirs.
  for (const one of memory) freeMemory(one);
}

/** In turn into memory that whoever came before no longer uses: new memory for each read would be as much as all of them until it is collected. */
function readerOf(
  source: RangeSource,
  memory: Uint8Array[],
  signal?: AbortSignal,
): (range: ChunkPlace) => Promise<Uint8Array> {
  let count = 0;
  return async ({ offsetBytes, lengthBytes }) => {
    if (source.readInto === undefined) return await source.read(offsetBytes, lengthBytes, signal);
    const turn = count % (AHEAD + 1);
    count += 1;
    let target = memory[turn];
    if (target === undefined || target.length < lengthBytes) target = new Uint8Array(lengthBytes);
    memory[turn] = target;
    const bytes = target.subarray(0, lengthBytes);
    await source.readInto(bytes, offsetBytes, signal);
    return bytes;
  };
}

const none = Promise.resolve(new Uint8Array());

interface Range<T> extends ChunkPlace {
  readonly places: readonly T[];
}

function together<T extends ChunkPlace>(places: readonly T[]): readonly Range<T>[] {
  const ranges: { offsetBytes: number; lengthBytes: number; places: T[] }[] = [];
  for (const place of places) {
    const last = ranges.at(-1);
    const follows = last !== undefined && last.offsetBytes + last.lengthBytes === place.offsetBytes;
    if (follows && last.lengthBytes + place.lengthBytes <= MOST_BYTES) {
      last.lengthBytes += place.lengthBytes;
      last.places.push(place);
    } else ranges.push({ ...place, places: [place] });
  }
  return ranges;
}
