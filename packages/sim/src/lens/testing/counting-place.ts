// A place that counts what is read of it, for the tests of what a question costs.
import type { LensPlace } from '../read/contract.ts';

export interface Counted {
  readonly place: LensPlace;
  /** Since the last time, each a range that was asked for. */
  taken(): readonly {
    readonly file: string;
    readonly offsetBytes: number;
    readonly bytes: number;
  }[];
}

export function countingPlace(place: LensPlace): Counted {
  let reads: { readonly file: string; readonly offsetBytes: number; readonly bytes: number }[] = [];
  return {
    place: {
      name: place.name,
      list: (signal) => place.list(signal),
      async open(file, signal) {
        const source = await place.open(file, signal);
        return {
          name: source.name,
          sizeBytes: source.sizeBytes,
          async read(offsetBytes, bytes, signal) {
            reads.push({ file, offsetBytes, bytes });
            return await source.read(offsetBytes, bytes, signal);
          },
          [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
        };
      },
    },
    taken() {
      const all = reads;
      reads = [];
      return all;
    },
  };
}
