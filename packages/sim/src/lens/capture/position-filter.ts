// Positions of samples go into a frame only where they changed: most never do. What a frame that was lost said of them goes with the next.
import type { LensField } from '../contract.ts';
import type { SampledField, SampledFrame, SampledNumbers } from './contract.ts';

export interface PositionFilter {
  /** The frame without positions that the recorder has, and with those that it does not: it gets this one. */
  filtered(frame: SampledFrame): SampledFrame;
  /** The recorder does not get this one. The next frame may say that its samples are where they were in it. */
  lost(frame: SampledFrame): void;
  /** The recorder has none of them any more. */
  forgotten(): void;
}

interface Known {
  readonly numbers: SampledNumbers;
  isTold: boolean;
}

export function createPositionFilter(fields: readonly LensField[]): PositionFilter {
  const newest = new Map<string, Known>();
  const note = (frame: SampledFrame): void => {
    for (const { name } of fields) {
      const { positions } = frame.fields.get(name)!;
      if (positions === null) continue;
      const known = newest.get(name);
      if (known === undefined || !isLike(known.numbers, positions))
        newest.set(name, { numbers: positions.slice(), isTold: false });
      else if (!bytesOf(known.numbers).equals(bytesOf(positions))) {
        known.numbers.set(positions);
        known.isTold = false;
      }
    }
  };
  return {
    filtered(frame) {
      note(frame);
      let filtered: Map<string, SampledField> | undefined;
      for (const { name } of fields) {
        const sampled = frame.fields.get(name)!;
        const known = newest.get(name);
        const positions = known === undefined || known.isTold ? null : known.numbers;
        if (known !== undefined) known.isTold = true;
        if (positions === sampled.positions) continue;
        filtered ??= new Map(frame.fields);
        filtered.set(name, { ...sampled, positions });
      }
      return filtered === undefined ? frame : { ...frame, fields: filtered };
    },
    lost: note,
    forgotten() {
      for (const known of newest.values()) known.isTold = false;
    },
  };
}

function isLike(one: SampledNumbers, other: SampledNumbers): boolean {
  return one.constructor === other.constructor && one.length === other.length;
}

function bytesOf({ buffer, byteOffset, byteLength }: SampledNumbers): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
