// Positions come into a journal where they change, and with its first frame: each chunk is read without those before it.
import type { FieldSamples, LensFrame } from '../contract.ts';

export interface PositionsOnce {
  /** As the journal is to have it: without the positions that it has. */
  frame(given: LensFrame): LensFrame;
  /** The frame that was given last is in the journal. */
  written(): void;
  /** The next frame is the first of another journal. */
  begin(): void;
}

export function createPositionsOnce(): PositionsOnce {
  const newest = new Map<string, Float64Array>();
  let told = new Map<string, Float64Array>();
  return {
    frame(given) {
      const fields = new Map<string, FieldSamples>();
      for (const [name, samples] of given.fields) {
        const positions = samples.positions ?? newest.get(name) ?? null;
        if (positions !== null) newest.set(name, positions);
        // By identity: who gives equal ones as another array has them written twice, which is no mistake.
        fields.set(name, {
          ...samples,
          positions: told.get(name) === positions ? null : positions,
        });
      }
      return { ...given, fields };
    },
    written() {
      told = new Map(newest);
    },
    begin() {
      told = new Map();
    },
  };
}
