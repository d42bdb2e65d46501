// JSON on its way to the server: text in UTF-8 behind the version byte that the binary form of jsonb begins with (jsonb_recv() in
// PostgreSQL's src/backend/utils/adt/jsonb.c). Place for that byte is kept when a value is serialized: putting it in front of
// finished bytes would copy them all.
import { failure } from '@stillpoint/core';

const VERSION = 1;
/** A value of Postgres ends at 1 GB, and jsonb at a quarter of it for each of its arrays and objects. */
export const JSONB_BYTES = 268_435_455;

/** A value for a parameter or column of type jsonb. Bound by `pg` as it is, in binary; never serialized again. */
export class JsonBytes {
  /** The version byte and the text. */
  readonly wire: Buffer;

  /** `wire` is trusted: made by encodeJson() or jsonBytes(). */
  constructor(wire: Buffer) {
    this.wire = wire;
  }

  /** The JSON text in UTF-8, a view. */
  get bytes(): Buffer {
    return this.wire.subarray(1);
  }

  /** What `pg` asks a parameter for. */
  toPostgres(): Buffer {
    return this.wire;
  }

  /** Serialized within something else, it is the value that it holds. */
  toJSON(): unknown {
    return JSON.parse(this.bytes.toString('utf8'));
  }
}

/**
 * Serializes a value once, as JSON.stringify() does: undefined and functions in objects are left out, a Date is its ISO text.
 *
 * Throws JSONB_NOT_JSON for what JSON has no form for: undefined, a BigInt, a cycle, NaN and the infinities (which JSON.stringify()
 * would turn into null), a Map or Set (which it would empty), depth beyond the stack; JSONB_TEXT_REFUSED for text that Postgres
 * cannot hold: a zero character or half a surrogate pair; JSONB_TOO_LARGE.
 */
export function encodeJson(value: unknown): JsonBytes {
  if (value instanceof JsonBytes) return value;
  const text = stringify(value);
  refuseText(text);
  const bytes = Buffer.byteLength(text);
  if (bytes > JSONB_BYTES)
    throw failure('JSONB_TOO_LARGE', { bytes: String(bytes), most: String(JSONB_BYTES) });
  const wire = Buffer.allocUnsafe(bytes + 1);
  wire[0] = VERSION;
  wire.write(text, 1);
  return new JsonBytes(wire);
}

export interface JsonBytesOptions {
  /** The first byte is not JSON but place for the version byte: nothing is copied. */
  readonly reserved?: boolean;
}

/**
 * JSON that somebody else has serialized. It is not parsed here: the server does that, and refuses what is no JSON. With
 * `reserved` the bytes are taken over and their first one is written; whoever gave them must not change them.
 */
export function jsonBytes(
  bytes: Uint8Array,
  { reserved = false }: JsonBytesOptions = {},
): JsonBytes {
  const length = bytes.byteLength - (reserved ? 1 : 0);
  if (length < 1) throw failure('JSONB_NOT_JSON', { reason: 'there are no bytes' });
  if (length > JSONB_BYTES)
    throw failure('JSONB_TOO_LARGE', { bytes: String(length), most: String(JSONB_BYTES) });
  if (reserved) {
    const wire = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    wire[0] = VERSION;
    return new JsonBytes(wire);
  }
  const wire = Buffer.allocUnsafe(length + 1);
  wire[0] = VERSION;
  wire.set(bytes, 1);
  return new JsonBytes(wire);
}

function stringify(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, refuseLossy);
  } catch (error) {
    const reason =
      error instanceof RangeError ? 'it is nested too deeply' : (error as Error).message;
    throw failure('JSONB_NOT_JSON', { reason }, error);
  }
  if (text === undefined) throw failure('JSONB_NOT_JSON', { reason: `it is ${typeof value}` });
  return text;
}

/** What JSON.stringify() would quietly make another value of. */
function refuseLossy(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError(`${value} at "${key}" has no form in JSON`);
  if (value instanceof Map || value instanceof Set)
    throw new TypeError(`a ${value.constructor.name} at "${key}" has no form in JSON`);
  return value;
}

/** In JSON text a zero character stands as an escape; a real one JSON.stringify() never writes. So does half a pair. */
function refuseText(text: string): void {
  if (!text.includes('\\u')) return;
  const escapes = /(?<!\\)(?:\\\\)*\\u(0000|d[89a-f][0-9a-f]{2})/i;
  const found = escapes.exec(text)?.[1];
  if (found === undefined) return;
  const what = found === '0000' ? 'a zero character' : 'half a surrogate pair';
  throw failure('JSONB_TEXT_REFUSED', { what });
}
