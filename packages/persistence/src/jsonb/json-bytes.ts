// JSON on its way to the server: text in UTF-8 behind the version byte that the binary form of jsonb begins with (jsonb_recv() in
// PostgreSQL's src/backend/utils/adt/jsonb.c). Place for that byte is kept when a value is serialized: putting it in front of
// finished bytes would copy them all.
import { isUtf8 } from 'node:buffer';
import { failure } from '@stillpoint/core';
import { uncopied } from '../database/index.ts';
import { isPlain, refuseLossy } from './lossy.ts';

const VERSION = 1;
/** A value of Postgres ends at 1 GB, and jsonb at a quarter of it for each of its arrays and objects. */
export const JSONB_BYTES = 268_435_455;

/**
 * A value for a parameter or column of type jsonb, and of no other: bytea would keep the version byte. Bound by `pg` as it is, in
 * binary; never serialized again.
 */
export class JsonBytes {
  /** The version byte and the text. */
  readonly wire: Buffer;

  /** `wire` is trusted: made by encodeJson() or jsonBytes(), or come from the server. */
  constructor(wire: Buffer) {
    this.wire = wire;
  }

  /** The JSON text in UTF-8, a view. */
  get bytes(): Buffer {
    return this.wire.subarray(1);
  }

  /** A connection of ours sends them as they are. */
  get [uncopied](): Buffer {
    return this.wire;
  }

  /** What `pg` asks a parameter for. */
  toPostgres(): Buffer {
    return this.wire;
  }

  /** Serialized within something else, it is the value that it holds, its numbers as JavaScript has them. */
  toJSON(): unknown {
    return JSON.parse(this.bytes.toString('utf8'));
  }
}

/**
 * Serializes a value once, as JSON.stringify() does: undefined in objects is left out, a Date is its ISO text, -0 is 0. A
 * JsonBytes is given back as it is.
 *
 * What JSON.stringify() would make another value of is refused with JSONB_NOT_JSON: NaN and the infinities, undefined in an
 * array, an invalid Date, bytes, a Map, Set, RegExp, Error or Promise; so is what it throws for: a BigInt, a cycle, more than some
 * thousand levels. JSONB_TEXT_REFUSED for text that Postgres cannot hold: a zero character or half a surrogate pair.
 * JSONB_TOO_LARGE.
 */
export function encodeJson(value: unknown): JsonBytes {
  if (value instanceof JsonBytes) return value;
  const text = stringify(value);
  refuseText(text);
  const bytes = Buffer.byteLength(text);
  if (bytes > JSONB_BYTES) throw tooLarge(bytes);
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
 * JSON that somebody else has serialized. That it is UTF-8 is seen here, at no cost; the rest the server reads anyway, and refuses
 * what is no JSON (refusedJson() says it in words). Throws JSONB_NOT_JSON, JSONB_TEXT_REFUSED, JSONB_TOO_LARGE. With
 * `reserved` the bytes are taken over and their first one is written; whoever gave them must not change them
 * until the statement is answered.
 */
export function jsonBytes(
  bytes: Uint8Array,
  { reserved = false }: JsonBytesOptions = {},
): JsonBytes {
  const length = bytes.byteLength - (reserved ? 1 : 0);
  if (length < 1) throw failure('JSONB_NOT_JSON', { reason: 'there are no bytes' });
  if (length > JSONB_BYTES) throw tooLarge(length);
  if (!isUtf8(reserved ? bytes.subarray(1) : bytes))
    throw failure('JSONB_TEXT_REFUSED', { what: 'bytes that are not UTF-8' });
  const wire = reserved
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Buffer.allocUnsafe(length + 1);
  wire[0] = VERSION;
  if (!reserved) wire.set(bytes, 1);
  return new JsonBytes(wire);
}

function stringify(value: unknown): string {
  let text: string | undefined;
  try {
    text = isPlain(value) ? JSON.stringify(value) : JSON.stringify(value, refuseLossy);
  } catch (error) {
    const tooLong = error instanceof RangeError && /string length/.test(error.message);
    if (tooLong) throw tooLarge('more than 500,000,000', error);
    const reason =
      error instanceof RangeError ? 'it is nested too deeply' : firstLine(error as Error);
    throw failure('JSONB_NOT_JSON', { reason }, error);
  }
  if (text === undefined) throw failure('JSONB_NOT_JSON', { reason: `it is ${typeof value}` });
  return text;
}

/** That of a cycle draws it below. */
function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0] ?? message;
}

function tooLarge(bytes: number | string, cause?: unknown): Error {
  return failure('JSONB_TOO_LARGE', { bytes, most: JSONB_BYTES }, cause);
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
