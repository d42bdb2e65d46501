// How values stand in COPY BINARY: the send and receive functions of PostgreSQL's types, and those of pgvector
// (vector_send() and halfvec_send() in its src/vector.c and src/halfvec.c).
import { encodeJson } from './json-bytes.ts';
import type { Wire } from './wire.ts';

export type ScalarType =
  | 'bool'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'float4'
  | 'float8'
  | 'text'
  | 'bytea'
  | 'uuid'
  | 'timestamptz'
  | 'jsonb';

/** `vector` and `halfvec` take a Float32Array or numbers; arrays are of one dimension. */
export type CopyType = ScalarType | `${ScalarType}[]` | 'vector' | 'halfvec';

export type WriteValue = (wire: Wire, value: unknown) => void;

interface Scalar {
  readonly oid: number;
  readonly write: WriteValue;
}

const scalars: Readonly<Record<ScalarType, Scalar>> = {
  bool: { oid: 16, write: (wire, value) => wire.int8(value === true ? 1 : 0) },
  bytea: { oid: 17, write: (wire, value) => wire.bytes(value as Uint8Array) },
  int8: { oid: 20, write: (wire, value) => wire.int64(BigInt(value as number | bigint)) },
  int2: { oid: 21, write: (wire, value) => wire.int16(value as number) },
  int4: { oid: 23, write: (wire, value) => wire.int32(value as number) },
  text: { oid: 25, write: (wire, value) => wire.text(wellFormed(value)) },
  float4: { oid: 700, write: (wire, value) => wire.float32(value as number) },
  float8: { oid: 701, write: (wire, value) => wire.float64(value as number) },
  timestamptz: { oid: 1184, write: (wire, value) => wire.int64(microseconds(value)) },
  uuid: { oid: 2950, write: (wire, value) => wire.bytes(uuidBytes(value)) },
  jsonb: { oid: 3802, write: (wire, value) => wire.bytes(encodeJson(value).wire) },
};

export function writerOf(type: CopyType): WriteValue {
  if (type === 'vector') return vector((wire, value) => wire.float32(value));
  if (type === 'halfvec') return vector((wire, value) => wire.uint16(halfBits(value)));
  if (!type.endsWith('[]')) return scalars[type as ScalarType].write;
  const { oid, write } = scalars[type.slice(0, -2) as ScalarType];
  return (wire, value) => writeArray(wire, value as readonly unknown[], oid, write);
}

/** array_send() in src/backend/utils/adt/arrayfuncs.c. */
function writeArray(wire: Wire, items: readonly unknown[], oid: number, write: WriteValue): void {
  wire.int32(items.length === 0 ? 0 : 1);
  wire.int32(items.includes(null) ? 1 : 0);
  wire.int32(oid);
  if (items.length === 0) return;
  wire.int32(items.length);
  wire.int32(1);
  for (const item of items) {
    if (item === null) wire.int32(-1);
    else wire.sized(() => write(wire, item));
  }
}

function vector(write: (wire: Wire, value: number) => void): WriteValue {
  return (wire, value) => {
    const numbers = value as ArrayLike<number>;
    wire.int16(numbers.length);
    wire.int16(0);
    for (let at = 0; at < numbers.length; at += 1) write(wire, numbers[at] ?? 0);
  };
}

/** Microseconds since 2000-01-01 UTC. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

function microseconds(value: unknown): bigint {
  const ms = value instanceof Date ? value.getTime() : Number.NaN;
  if (Number.isNaN(ms)) throw new TypeError('a timestamptz is a valid Date');
  return BigInt(ms - EPOCH_MS) * 1000n;
}

function uuidBytes(value: unknown): Buffer {
  const bytes = Buffer.from(String(value).replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw new TypeError(`${String(value)} is no uuid`);
  return bytes;
}

/** Node would write U+FFFD for half a pair: another text than was given. */
function wellFormed(value: unknown): string {
  const text = value as string;
  if (!text.isWellFormed() || text.includes('\0'))
    throw new TypeError('the text holds half a surrogate pair or a zero character');
  return text;
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** IEEE 754 binary16, to the nearest, ties to even. */
export function halfBits(value: number): number {
  float[0] = value;
  const from = bits[0] ?? 0;
  const sign = (from >>> 16) & 0x8000;
  const exponent = (from >>> 23) & 0xff;
  const mantissa = from & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  const to = exponent - 112;
  if (to >= 31) return sign | 0x7c00;
  // Normal halves lose 13 bits, smaller ones more.
  if (to > 0) return sign | rounded((to << 23) | mantissa, 13);
  if (to < -10) return sign;
  return sign | rounded(mantissa | 0x800000, 14 - to);
}

/** Rounding up carries into the exponent, which is right: the next power of two, or infinity. */
function rounded(value: number, dropBits: number): number {
  const kept = value >>> dropBits;
  const rest = value & ((1 << dropBits) - 1);
  const half = 1 << (dropBits - 1);
  return kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0);
}
