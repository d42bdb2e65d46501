// The hash of a causal state: equal hashes mean that the next tick will be equal. See law 4 in contract.ts.
import { canonicalBytes, createHasher, type Hasher } from '@stillpoint/core';
import { arrayOf } from './create-set.ts';
import { bytesPerElement, INSTANCES } from './layout.ts';
import type { SectionLayout, StateArray, StateHash, StateLayout, StateSet } from './contract.ts';

/** Elements that are looked at and hashed at a time: they stay in the processor's cache in between. */
const BLOCK_ELEMENTS = 32_768;

/** Over all sections in their order, instances that are alive only, each NaN in its canonical form. */
export function hashState(layout: StateLayout, set: StateSet): StateHash {
  const hasher = createHasher();
  for (const section of layout.sections) {
    const array = set.arrays.get(section.name);
    if (array === undefined) throw new TypeError(`the set has no section ${section.name}`);
    const elements = aliveElements(section, set);
    const { name, dtype, shape } = section;
    // The length of the head is fixed by a line's end, that of the values by the head.
    hasher.update(canonicalBytes({ dtype, elements, name, shape }));
    hasher.update(LINE_END);
    hashValues(hasher, array, elements);
  }
  return hasher.digest();
}

const LINE_END = Uint8Array.of(0x0a);

/** Elements of the section's array that count. */
export function aliveElements(section: SectionLayout, set: StateSet): number {
  const all = section.lengthBytes / bytesPerElement[section.dtype];
  if (section.entity === undefined) return all;
  const alive = arrayOf(set, `${section.entity}@instances`, 'u32')[INSTANCES.count] ?? 0;
  if (section.kind === 'instances') return INSTANCES.firstId + alive;
  return (all / section.capacity) * alive;
}

function hashValues(hasher: Hasher, array: StateArray, elements: number): void {
  for (let from = 0; from < elements; from += BLOCK_ELEMENTS) {
    const until = Math.min(from + BLOCK_ELEMENTS, elements);
    if (array instanceof Float64Array)
      hasher.update(
        hasNaN(array, from, until) ? canonical64(array, from, until) : bytesOf(array, from, until),
      );
    else if (array instanceof Float32Array)
      hasher.update(
        hasNaN32(array, from, until)
          ? canonical32(array, from, until)
          : bytesOf(array, from, until),
      );
    else hasher.update(bytesOf(array, from, until));
  }
}

function bytesOf(array: StateArray, from: number, until: number): Uint8Array {
  const size = array.BYTES_PER_ELEMENT;
  return new Uint8Array(array.buffer, array.byteOffset + from * size, (until - from) * size);
}

// Two of each: a function that sees both kinds of array is several times slower.
function hasNaN(array: Float64Array, from: number, until: number): boolean {
  for (let index = from; index < until; index += 1) {
    const value = array[index];
    if (value !== value) return true;
  }
  return false;
}

function hasNaN32(array: Float32Array, from: number, until: number): boolean {
  for (let index = from; index < until; index += 1) {
    const value = array[index];
    if (value !== value) return true;
  }
  return false;
}

// Written as words: what bits a NaN has that is stored as a number is the machine's choice.
function canonical64(array: Float64Array, from: number, until: number): Uint8Array {
  const copy = array.slice(from, until);
  const words = new Uint32Array(copy.buffer);
  for (let index = 0; index < copy.length; index += 1)
    if (Number.isNaN(copy[index])) {
      words[2 * index] = 0;
      words[2 * index + 1] = 0x7ff8_0000;
    }
  return new Uint8Array(copy.buffer);
}

function canonical32(array: Float32Array, from: number, until: number): Uint8Array {
  const copy = array.slice(from, until);
  const words = new Uint32Array(copy.buffer);
  for (let index = 0; index < copy.length; index += 1)
    if (Number.isNaN(copy[index])) words[index] = 0x7fc0_0000;
  return new Uint8Array(copy.buffer);
}
