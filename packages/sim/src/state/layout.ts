// Where everything of a state lies: from the world alone, in declared order, so that two processes and two hosts agree on it.
import { bytesText, failure } from '@stillpoint/core';
import type { WorldIr } from '../world/contract.ts';
import type { DType, SectionLayout, StateLayout } from './contract.ts';

export const bytesPerElement: Readonly<Record<DType, number>> = {
  f64: 8,
  f32: 4,
  i32: 4,
  u32: 4,
  i16: 2,
  u16: 2,
  i8: 1,
  u8: 1,
};

/** A cache line, and what SIMD likes. */
const ALIGNMENT_BYTES = 64;

/** What one buffer may have. V8 would take more; nobody has the memory for several of them. */
const LONGEST_BYTES = 2 ** 36;

/** Words of one random stream in `@random`. */
export const WORDS_PER_STREAM = 4;

/** Places in `<entity>@instances`: how many are alive, the id that the next birth gets, then the ids. */
export const INSTANCES = { count: 0, nextId: 1, firstId: 2 } as const;

type Wanted = Omit<SectionLayout, 'offsetBytes' | 'lengthBytes'>;

/** The layout of a world's sets. Throws WORLD_TOO_LARGE. */
export function layoutOf(ir: WorldIr): StateLayout {
  const sections: SectionLayout[] = [];
  let end = 0;
  for (const wanted of wantedOf(ir)) {
    const elements = wanted.shape.reduce((product, size) => product * size, wanted.capacity);
    const lengthBytes = elements * bytesPerElement[wanted.dtype];
    const section = { ...wanted, offsetBytes: end, lengthBytes };
    end = aligned(end + lengthBytes);
    if (end > LONGEST_BYTES) throw tooLarge(end, wanted.name);
    sections.push(section);
  }
  return { sections, totalBytes: end };
}

function* wantedOf(ir: WorldIr): Iterable<Wanted> {
  yield { name: '@clock', kind: 'clock', dtype: 'f64', shape: [4], capacity: 1 };
  // One stream for each stratum in declared order, and last the one of `init`.
  const streams = ir.strata.length + 1;
  const shape = [streams, WORDS_PER_STREAM];
  yield { name: '@random', kind: 'random', dtype: 'u32', shape, capacity: 1 };
  for (const { name, capacity } of ir.entities)
    yield {
      name: `${name}@instances`,
      kind: 'instances',
      dtype: 'u32',
      shape: [INSTANCES.firstId + capacity],
      entity: name,
      capacity: 1,
    };
  for (const { name, dtype, shape } of ir.signals)
    yield { name, kind: 'signal', dtype, shape, capacity: 1 };
  for (const { name: entity, capacity, members } of ir.entities)
    for (const { name, dtype, shape } of members)
      yield { name: `${entity}.${name}`, kind: 'member', dtype, shape, entity, capacity };
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

function tooLarge(bytes: number, where: string): Error {
  const limit = `${bytesText(LONGEST_BYTES)} is the most`;
  return failure('WORLD_TOO_LARGE', { bytes: bytesText(bytes), where, limit });
}
