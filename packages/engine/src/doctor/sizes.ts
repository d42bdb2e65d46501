// What all sources together need, as their probes say; for the checks of free space, which come after them.
import type { Probe } from '../sources/contract.ts';

export interface Sizes {
  readonly bytesTotal: number;
  readonly bytesNext: number;
  /** How many sources said it. */
  readonly counted: number;
  add(probe: Probe): void;
}

export function createSizes(): Sizes {
  let bytesTotal = 0;
  let bytesNext = 0;
  let counted = 0;
  return {
    get bytesTotal() {
      return bytesTotal;
    },
    get bytesNext() {
      return bytesNext;
    },
    get counted() {
      return counted;
    },
    add(probe) {
      counted++;
      bytesTotal += probe.bytesTotal;
      bytesNext += probe.bytesNext;
    },
  };
}
