// From the numbers of a state to those that are kept, and how much of them.
import type { Precision } from './contract.ts';

const MANTISSA_BITS = { float64: 52, float32: 23 } as const;

/** `f64`, `f32`, `bits:12` (of float32), `f64:bits:30`. Undefined for anything else. */
export function parsePrecision(text: string): Precision | undefined {
  const found = /^(?:(f64|f32)(?::bits:(\d+))?|bits:(\d+))$/.exec(text);
  if (found === null) return undefined;
  const type = found[1] === 'f64' ? 'float64' : 'float32';
  const bits = found[2] ?? found[3];
  if (bits === undefined) return { type };
  const kept = Number(bits);
  return kept >= 1 && kept < MANTISSA_BITS[type] ? { type, bits: kept } : undefined;
}

export function precisionText({ type, bits }: Precision): string {
  const short = type === 'float64' ? 'f64' : 'f32';
  return bits === undefined ? short : `${short}:bits:${bits}`;
}

/** A copy in that precision. Infinities and NaN stay what they are. */
export function inPrecision(
  values: ArrayLike<number>,
  precision: Precision,
): Float64Array | Float32Array {
  const kept = precision.type === 'float64' ? new Float64Array(values) : new Float32Array(values);
  if (precision.bits !== undefined) roundMantissas(kept, precision.bits);
  return kept;
}

/** To the nearest, ties to even, on the bits: the exponent takes the carry, as it does in every rounding of IEEE 754. */
function roundMantissas(values: Float64Array | Float32Array, bits: number): void {
  if (values instanceof Float32Array) {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const drop = MANTISSA_BITS.float32 - bits;
    const half = (1 << (drop - 1)) - 1;
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at] as number;
      if (!Number.isFinite(values[at])) continue;
      words[at] = ((word + half + ((word >>> drop) & 1)) >>> drop) << drop;
    }
    return;
  }
  const words = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  const drop = BigInt(MANTISSA_BITS.float64 - bits);
  const half = (1n << (drop - 1n)) - 1n;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as bigint;
    if (Number.isFinite(values[at]))
      words[at] = ((word + half + ((word >> drop) & 1n)) >> drop) << drop;
  }
}
