// What all sources together need, as their probes say; for the checks of free space, which come after them.
import type { Probe } from '../sources/contract.ts';

export interface Sizes {
  readonly bytesTotal: number;
  readonly bytesNext: number;
  add(probe: Probe): void;
}

export function createSizes(): Sizes {
  let bytesTotal = 0;
  let bytesNext = 0;
  return {
    get bytesTotal() {
      return bytesTotal;
    },
    get bytesNext() {
      return bytesNext;
    },
    add(probe) {
      bytesTotal += probe.bytesTotal;
      bytesNext += probe.bytesNext;
    },
  };
}
