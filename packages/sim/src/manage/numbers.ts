// What is in an array of a checkpoint, in a few numbers; and how two of them differ. Whatever the dtype, numbers are compared as
// numbers: NaN equals NaN, and 0 equals -0 but is told apart by its bits.
import type { DType } from '../state/contract.ts';
import { numberArrays } from '../state/index.ts';

export type Numbers =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

/** Null where no element is a finite number. */
export interface Summary {
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  readonly notFinite: number;
}

export interface ArrayDifference {
  readonly elements: number;
  /** Of which another value, or other bits, stand in the other. */
  readonly differing: number;
  /** Index of the first. */
  readonly first: number;
  /** Over those that are finite in both; null where there is none such. */
  readonly maxAbsolute: number | null;
  /** The difference by the larger of both. */
  readonly maxRelative: number | null;
}

export function numbersOf(dtype: DType, bytes: Uint8Array): Numbers {
  const View = numberArrays[dtype];
  const width = View.BYTES_PER_ELEMENT;
  // A copy where it does not stand at a multiple of its width.
  const { buffer, byteOffset, byteLength } =
    bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new View(buffer as ArrayBuffer, byteOffset, byteLength / width);
}

export function summaryOf(numbers: Numbers): Summary {
  let [min, max] = [Infinity, -Infinity];
  let mean = 0;
  let finite = 0;
  for (const value of numbers) {
    if (!Number.isFinite(value)) continue;
    finite++;
    // Never a sum: that of large numbers would be infinite.
    mean += value / finite - mean / finite;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const notFinite = numbers.length - finite;
  if (finite === 0) return { min: null, max: null, mean: null, notFinite };
  return { min, max, mean, notFinite };
}

/** Of two arrays of one dtype and length; undefined where no bit differs. */
export function differenceOf(a: Numbers, b: Numbers): ArrayDifference | undefined {
  let [differing, first] = [0, -1];
  let [maxAbsolute, maxRelative]: [number | null, number | null] = [null, null];
  for (let index = 0; index < a.length; index++) {
    const [x, y] = [a[index]!, b[index]!];
    if (Object.is(x, y)) continue;
    differing++;
    if (first === -1) first = index;
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    const absolute = Math.abs(x - y);
    const larger = Math.max(Math.abs(x), Math.abs(y));
    const relative = larger === 0 ? 0 : absolute / larger;
    maxAbsolute = Math.max(maxAbsolute ?? 0, absolute);
    maxRelative = Math.max(maxRelative ?? 0, relative);
  }
  return differing === 0
    ? undefined
    : { elements: a.length, differing, first, maxAbsolute, maxRelative };
}
