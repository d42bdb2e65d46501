// The hash of a state of a loop of the user's own: over its parts in the order of their names and its JSON in canonical form, each
// NaN as one and the same. Equal hashes mean that the next tick will be equal.
import { canonicalJson, createHasher, type Digest } from '@stillpoint/core';
import { partsOf, type OwnState, type Part } from './own-state.ts';
import { minusZerosOf, plainJson } from './plain-json.ts';

const BLOCK_BYTES = 65_536;

export function hashOwnState({ arrays, json }: OwnState): Digest {
  const hasher = createHasher();
  for (const part of partsOf(arrays)) {
    const { name, dtype, shape, bytes } = part;
    hasher.update(Buffer.from(`${canonicalJson([name, dtype, [...shape]])}\n`));
    if (dtype === 'f64' || dtype === 'f32') updateFloats(hasher, part);
    else hasher.update(bytes);
  }
  const plain = plainJson(json);
  hasher.update(Buffer.from(canonicalJson(plain)));
  const minusZeros = minusZerosOf(plain);
  if (minusZeros.length > 0) hasher.update(Buffer.from(`\n${canonicalJson(minusZeros)}`));
  return hasher.digest();
}

function updateFloats(hasher: { update(bytes: Uint8Array): void }, { dtype, bytes }: Part): void {
  const Floats = dtype === 'f64' ? Float64Array : Float32Array;
  // A copy of one block: views may stand at any offset, and NaN is put right in it.
  const block = new Uint8Array(BLOCK_BYTES);
  const floats = new Floats(block.buffer);
  for (let at = 0; at < bytes.byteLength; at += BLOCK_BYTES) {
    const some = bytes.subarray(at, at + BLOCK_BYTES);
    block.set(some);
    const count = some.byteLength / floats.BYTES_PER_ELEMENT;
    for (let index = 0; index < count; index++) {
      // oxlint-disable-next-line no-self-compare -- the quickest test for NaN, in a loop over all of the state
      if (floats[index] !== floats[index]) floats[index] = Number.NaN;
    }
    hasher.update(block.subarray(0, some.byteLength));
  }
}
