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

/**
 * uuid is text, timestamptz a Date, int8 a BigInt or a safe integer, jsonb what encodeJson() takes. `vector` and `halfvec` take a
 * Float32Array or numbers. Arrays are of one dimension; null in them is NULL.
 */
export type CopyType = ScalarType | `${ScalarType}[]` | 'vector' | 'halfvec';

export type WriteValue = (wire: Wire, value: unknown) => void;

interface Scalar {
  readonly oid: number;
  readonly write: WriteValue;
}

const scalars: Readonly<Record<ScalarType, Scalar>> = {
  bool: { oid: 16, write: (wire, value) => wire.int8(boolean(value) ? 1 : 0) },
  bytea: { oid: 17, write: (wire, value) => wire.bytes(bytes(value)) },
  int8: { oid: 20, write: (wire, value) => wire.int64(bigInteger(value)) },
  int2: { oid: 21, write: (wire, value) => wire.int16(integer(value)) },
  int4: { oid: 23, write: (wire, value) => wire.int32(integer(value)) },
  text: { oid: 25, write: (wire, value) => wire.text(wellFormed(value)) },
  float4: { oid: 700, write: (wire, value) => wire.float32(single(value)) },
  float8: { oid: 701, write: (wire, value) => wire.float64(number(value)) },
  timestamptz: { oid: 1184, write: (wire, value) => wire.int64(microseconds(value)) },
  uuid: { oid: 2950, write: (wire, value) => wire.bytes(uuidBytes(value)) },
  jsonb: { oid: 3802, write: (wire, value) => wire.bytes(encodeJson(value).wire) },
};

export function writerOf(type: CopyType): WriteValue {
  if (type === 'vector') return vector((wire, value) => wire.float32(value));
  if (type === 'halfvec') return vector((wire, value) => wire.uint16(halfBits(value)));
  if (!type.endsWith('[]')) return scalars[type as ScalarType].write;
  const { oid, write } = scalars[type.slice(0, -2) as ScalarType];
  return (wire, value) => {
    if (!Array.isArray(value)) throw new TypeError('it is no array');
    writeArray(wire, value, oid, write);
  };
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
    if (!(value instanceof Float32Array) && !Array.isArray(value))
      throw new TypeError('a vector is a Float32Array or numbers');
    wire.int16(value.length);
    wire.int16(0);
    for (let at = 0; at < value.length; at += 1) write(wire, number(value[at]));
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
  const text = String(value);
  // Buffer.from() stops without a word at what is no digit.
  if (!/^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text))
    throw new TypeError(`"${text}" is no uuid`);
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}

// A Buffer would write 0 for NaN, 1 for 1.5 and 5 for '5'; what is out of range it refuses itself.

function boolean(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new TypeError('it is no boolean');
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('it is no number');
  return value;
}

function integer(value: unknown): number {
  if (!Number.isInteger(value)) throw new TypeError('it is no whole number');
  return value as number;
}

function bigInteger(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (!Number.isSafeInteger(value))
    throw new TypeError('it is neither a BigInt nor a safe integer');
  return BigInt(value as number);
}

function single(value: unknown): number {
  const rounded = Math.fround(number(value));
  if (Number.isFinite(value) && !Number.isFinite(rounded))
    throw new RangeError(`${String(value)} is beyond float4`);
  return rounded;
}

function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError('it is no Uint8Array');
  return value;
}

/** Node would write U+FFFD for half a pair: another text than was given. */
function wellFormed(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('it is no text');
  if (!value.isWellFormed() || value.includes('\0'))
    throw new TypeError('the text holds half a surrogate pair or a zero character');
  return value;
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
