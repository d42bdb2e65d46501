// Memory for the samples of one field, which those of the next frame go into again. Frames have megabytes each: new memory for every one
// is much more than one frame until it is collected.
import { freeMemory } from '@stillpoint/core';
import type { Samples } from './blocks.ts';

type NumberType = 'float64' | 'float32';

export interface FrameMemory {
  /** Room for so many numbers, whatever they are now. What was given before is gone. */
  readonly values: (type: NumberType, length: number) => Samples;
  /**
   * Positions that stay for many frames: `read` is asked for those of another name than the last. It may put them into what it is given
   * room by.
   */
  readonly positions: (
    name: string,
    read: (room: FrameMemory['values']) => Promise<Float64Array>,
  ) => Promise<Float64Array>;
  /** Nobody looks at what was read any more. */
  readonly free: () => void;
}

export function createFrameMemory(): FrameMemory {
  const values = createRoom();
  const places = createRoom();
  let last: { readonly name: string; readonly positions: Float64Array } | undefined;
  return {
    values: values.give,
    async positions(name, read) {
      if (last?.name === name) return last.positions;
      // They are no longer there where it fails.
      last = undefined;
      last = { name, positions: await read(places.give) };
      return last.positions;
    },
    free() {
      last = undefined;
      values.free();
      places.free();
    },
  };
}

function createRoom(): { readonly give: FrameMemory['values']; readonly free: () => void } {
  let numbers: Samples = new Float64Array();
  return {
    give(type, length) {
      const Numbers = type === 'float64' ? Float64Array : Float32Array;
      if (!(numbers instanceof Numbers) || numbers.length < length) {
        freeMemory(numbers);
        numbers = new Numbers(length);
      }
      return numbers.subarray(0, length);
    },
    free() {
      freeMemory(numbers);
      numbers = new Float64Array();
    },
  };
}
