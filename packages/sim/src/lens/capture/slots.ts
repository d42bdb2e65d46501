// Frames in shared memory: packed on the simulation's thread by one copy, taken out on the recorder's. The slots are used in turn, and
// each buffer was touched before its first frame: the system's work for new pages is not a tick's.
import type { DType } from '../../state/contract.ts';
import { numberArrays } from '../../state/index.ts';
import type { LensField } from '../contract.ts';
import type { SampledFrame, SampledNumbers } from './contract.ts';

interface PackedNumbers {
  readonly type: DType;
  readonly offsetBytes: number;
  readonly length: number;
}

export interface PackedFrame {
  readonly tick: number;
  readonly simTimeSeconds: number;
  readonly buffer: SharedArrayBuffer;
  /** In the order of the lens's fields. */
  readonly fields: readonly {
    readonly count: number;
    readonly values: PackedNumbers;
    readonly positions: PackedNumbers | null;
  }[];
}

export interface Slots {
  /** Into the slot of the frame with this number. */
  pack(number: number, frame: SampledFrame): PackedFrame;
}

export function createSlots(
  fields: readonly LensField[],
  slots: number,
  frameBytes: number,
): Slots {
  const buffers = Array.from({ length: slots }, () => touched(frameBytes));
  return {
    pack(number, frame) {
      const index = number % slots;
      const bytes = bytesOfFrame(fields, frame);
      let buffer = buffers[index] as SharedArrayBuffer;
      // Some more, for whoever has grown once grows again.
      if (buffer.byteLength < bytes) buffers[index] = buffer = touched(bytes + (bytes >> 2));
      return packInto(buffer, fields, frame);
    },
  };
}

/** As a slot holds it. */
export function bytesOfFrame(fields: readonly LensField[], frame: SampledFrame): number {
  let bytes = 0;
  for (const { name } of fields) {
    const { values, positions } = frame.fields.get(name)!;
    bytes += aligned(values.byteLength) + aligned(positions?.byteLength ?? 0);
  }
  return bytes;
}

function packInto(
  buffer: SharedArrayBuffer,
  fields: readonly LensField[],
  { tick, simTimeSeconds, fields: sampled }: SampledFrame,
): PackedFrame {
  let at = 0;
  const put = (numbers: SampledNumbers): PackedNumbers => {
    const type = typeOf(numbers);
    const { length } = numbers;
    const offsetBytes = at;
    unpacked(buffer, { type, offsetBytes, length }).set(numbers);
    at += aligned(numbers.byteLength);
    return { type, offsetBytes, length };
  };
  const packed = fields.map(({ name }) => {
    const { count, values, positions } = sampled.get(name)!;
    return { count, values: put(values), positions: positions === null ? null : put(positions) };
  });
  return { tick, simTimeSeconds, buffer, fields: packed };
}

/** A view: to be copied before the slot is given back. */
export function unpacked(
  buffer: SharedArrayBuffer,
  { type, offsetBytes, length }: PackedNumbers,
): SampledNumbers {
  // The constructors are a union to the compiler, which then forgets that memory may be shared.
  const Numbers = numberArrays[type] as new (
    buffer: SharedArrayBuffer,
    offsetBytes: number,
    length: number,
  ) => SampledNumbers;
  return new Numbers(buffer, offsetBytes, length);
}

function typeOf(numbers: SampledNumbers): DType {
  for (const [type, Numbers] of Object.entries(numberArrays))
    if (numbers instanceof Numbers) return type as DType;
  throw new TypeError('samples are numbers in a typed array');
}

function touched(bytes: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(aligned(Math.max(bytes, 8)));
  new Uint8Array(buffer).fill(1);
  return buffer;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}
