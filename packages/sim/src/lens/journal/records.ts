// The records of a journal, to and from bytes. Normative: docs/format/lens.md. Numbers are little-endian.
import { crc32 } from 'node:zlib';
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';

export const HEADER_BYTES = 32;
const MAGIC = 0x4c4a_5053; // SPJL
/** That each record begins with. */
export const MAGIC_BYTES: Uint8Array = new TextEncoder().encode('SPJL');
export const kinds = { facts: 1, frame: 2 } as const;
export type RecordKind = keyof typeof kinds;

export interface RecordHeader {
  readonly kind: RecordKind;
  readonly tick: number;
  readonly payloadBytes: number;
  readonly crc32: number;
}

/** Of a payload with this length and checksum. */
export function headerFor(
  kind: RecordKind,
  tick: number,
  payload: { readonly bytes: number; readonly crc32: number },
): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, kinds[kind], true);
  view.setBigUint64(8, BigInt(payload.bytes), true);
  view.setBigUint64(16, BigInt(tick), true);
  view.setUint32(24, payload.crc32, true);
  view.setUint32(28, crc32(header.subarray(0, 28)), true);
  return header;
}

/** Undefined where there is none: what follows was never written whole. */
export function parseHeader(header: Uint8Array): RecordHeader | undefined {
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) return undefined;
  if (view.getUint32(28, true) !== crc32(header.subarray(0, 28))) return undefined;
  const number = view.getUint32(4, true);
  const kind = (Object.keys(kinds) as RecordKind[]).find((one) => kinds[one] === number);
  if (kind === undefined) return undefined;
  return {
    kind,
    payloadBytes: Number(view.getBigUint64(8, true)),
    tick: Number(view.getBigUint64(16, true)),
    crc32: view.getUint32(24, true),
  };
}

/** Of the world's time, which a payload begins with. */
export const TIME_BYTES = 8;
/** Before the samples of a field: how many, and whether positions follow. */
export const FIELD_BYTES = 16;
const HAS_POSITIONS = 1;

export interface FramePayload {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
  readonly crc32: number;
  readonly fields: readonly JournalField[];
}

/** Time, then each field: its description, its values, its positions. Every part begins at a multiple of eight bytes. */
export function framePayload(fields: readonly LensField[], frame: LensFrame): FramePayload {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let sum = 0;
  const add = (part: Uint8Array): number => {
    parts.push(part);
    bytes += part.length;
    sum = crc32(part, sum);
    return sum;
  };
  add(new Uint8Array(Float64Array.of(frame.simTimeSeconds).buffer));
  const described = fields.map((field): JournalField => {
    const samples = frame.fields.get(field.name);
    if (samples === undefined) throw new TypeError(`the frame has no samples of ${field.name}`);
    const { count, values, positions } = samples;
    const description = new Uint8Array(FIELD_BYTES);
    const view = new DataView(description.buffer);
    view.setUint32(0, count, true);
    view.setUint32(4, positions === null ? 0 : HAS_POSITIONS, true);
    const crc32BeforeValues = add(description);
    const place = placeOf(field, description, bytes);
    const crc32AfterValues = add(bytesOf(values));
    const crc32BeforePositions = add(new Uint8Array(place.positionsOffsetBytes - bytes));
    const crc32AfterPositions = positions === null ? sum : add(bytesOf(positions));
    return {
      ...place,
      crc32BeforeValues,
      crc32AfterValues,
      crc32BeforePositions,
      crc32AfterPositions,
    };
  });
  return { parts, bytes, crc32: sum, fields: described };
}

/** Where the samples of one field are within a payload. */
export interface FieldPlace {
  readonly count: number;
  /** From the payload's first byte. */
  readonly offsetBytes: number;
  readonly valuesBytes: number;
  /** False: they are those of the frame before. */
  readonly hasPositions: boolean;
  /** From the payload's first byte; behind the values and what pads them. */
  readonly positionsOffsetBytes: number;
  readonly positionsBytes: number;
}

/**
 * With the checksums of the payload as they were before and behind each part: a part that leads from the one to the other is what was
 * written, and can be read without the rest.
 */
export interface JournalField extends FieldPlace {
  readonly crc32BeforeValues: number;
  readonly crc32AfterValues: number;
  readonly crc32BeforePositions: number;
  readonly crc32AfterPositions: number;
}

/** From its description. */
export function placeOf(
  field: LensField,
  description: Uint8Array,
  offsetBytes: number,
): FieldPlace {
  const view = new DataView(description.buffer, description.byteOffset, description.byteLength);
  const count = view.getUint32(0, true);
  const valuesBytes = count * widthOf(field) * (field.precision.type === 'float64' ? 8 : 4);
  const hasPositions = view.getUint32(4, true) === HAS_POSITIONS;
  const positionsOffsetBytes = offsetBytes + Math.ceil(valuesBytes / 8) * 8;
  const positionsBytes = hasPositions ? count * 3 * 8 : 0;
  return { count, offsetBytes, valuesBytes, hasPositions, positionsOffsetBytes, positionsBytes };
}

/** Throws a RangeError where lengths do not add up. */
export function frameFromPayload(
  fields: readonly LensField[],
  tick: number,
  payload: Uint8Array,
): LensFrame {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const samples = new Map<string, FieldSamples>();
  let at = 8;
  for (const field of fields) {
    const count = view.getUint32(at, true);
    const hasPositions = view.getUint32(at + 4, true) === HAS_POSITIONS;
    at += FIELD_BYTES;
    const numbers = count * widthOf(field);
    const values = numbersAt(payload, at, numbers, field.precision.type);
    at += Math.ceil(values.byteLength / 8) * 8;
    const positions = hasPositions
      ? (numbersAt(payload, at, count * 3, 'float64') as Float64Array)
      : null;
    at += positions?.byteLength ?? 0;
    samples.set(field.name, { count, values, positions });
  }
  if (at !== payload.length) throw new RangeError('a frame has another length than its fields');
  return { tick, simTimeSeconds: timeFromPayload(payload), fields: samples };
}

/** Its first eight bytes. */
export function timeFromPayload(payload: Uint8Array): number {
  return new DataView(payload.buffer, payload.byteOffset).getFloat64(0, true);
}

/** Numbers of one sample. */
export function widthOf({ components }: Pick<LensField, 'components'>): number {
  return components.reduce((product, size) => product * size, 1);
}

/** Of so many samples; all 0. */
export function numbersOf(field: LensField, count: number): Float64Array | Float32Array {
  const length = count * widthOf(field);
  return field.precision.type === 'float64' ? new Float64Array(length) : new Float32Array(length);
}

function numbersAt(
  payload: Uint8Array,
  at: number,
  count: number,
  type: 'float64' | 'float32',
): Float64Array | Float32Array {
  const bytes = count * (type === 'float64' ? 8 : 4);
  if (at + bytes > payload.length) throw new RangeError('a frame is shorter than its fields');
  const copy = payload.slice(at, at + bytes);
  return type === 'float64' ? new Float64Array(copy.buffer) : new Float32Array(copy.buffer);
}

function bytesOf(numbers: Float64Array | Float32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
