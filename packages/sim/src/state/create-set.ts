// Memory for one complete state.
import { bytesText, failure } from '@stillpoint/core';
import { bytesPerElement } from './layout.ts';
import type { ArrayOf, SectionLayout, StateArray, StateLayout, StateSet } from './contract.ts';
import { numberArrays } from './number-arrays.ts';

/** A set of zeros. Throws WORLD_TOO_LARGE where the memory for it cannot be had. */
export function createSet(layout: StateLayout): StateSet {
  return setOver(allocate(layout), layout);
}

/** The views of a set on memory that is there already, for example in a worker. */
export function setOver(buffer: SharedArrayBuffer, layout: StateLayout): StateSet {
  const arrays = new Map<string, StateArray>();
  for (const section of layout.sections) arrays.set(section.name, viewOf(buffer, section));
  return { buffer, arrays };
}

function viewOf(buffer: SharedArrayBuffer, section: SectionLayout): StateArray {
  const elements = section.lengthBytes / bytesPerElement[section.dtype];
  // The constructors are a union to the compiler, which then forgets whose buffer it is.
  const View = numberArrays[section.dtype] as new (
    buffer: SharedArrayBuffer,
    offsetBytes: number,
    elements: number,
  ) => StateArray;
  return new View(buffer, section.offsetBytes, elements);
}

/** The array of a section whose dtype is known. A section that is not there is a defect of ours. */
export function arrayOf<D extends keyof ArrayOf>(
  set: StateSet,
  name: string,
  dtype: D,
): ArrayOf[D] {
  const array = set.arrays.get(name);
  if (!(array instanceof numberArrays[dtype]))
    throw new TypeError(`no section ${name} of dtype ${dtype}`);
  return array as ArrayOf[D];
}

function allocate(layout: StateLayout): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(layout.totalBytes);
  } catch (cause) {
    const widest = layout.sections.reduce((a, b) => (b.lengthBytes > a.lengthBytes ? b : a));
    const bytes = bytesText(layout.totalBytes);
    const limit = 'the system gives no more memory';
    throw failure('WORLD_TOO_LARGE', { bytes, where: widest.name, limit }, cause);
  }
}
