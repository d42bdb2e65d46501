// PGlite ends without a word, and answers nothing afterwards, when it parses JSON that is nested deeper than its stack: some six
// thousand levels, fewer where the caller's own stack is deep. A server says so itself. What would do that is refused before it is sent.
import { types } from 'pg';
import { failure } from '@stillpoint/core';

/** Half of what was seen to work. */
const LEVELS = 3000;

const { builtins } = types;
/** json, jsonb, and arrays of them. */
const jsonTypes = new Set([builtins.JSON, builtins.JSONB, 199, 3807].map(String));
const [QUOTE, ESCAPE, ...BRACKETS] = Buffer.from('"\\{}[]');
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = BRACKETS;

/** Text may become JSON inside of the statement, by a cast or a function of that name. */
export function mayBeJson(typeOid: string, statement: string): boolean {
  return jsonTypes.has(typeOid) || /json/i.test(statement);
}

/** JSONB_TOO_DEEP. `value` is text or bytes as they are sent; anything else is none. */
export function refuseDeep(value: unknown): void {
  if (typeof value === 'string') {
    // Most texts are shorter, or no JSON.
    if (value.length <= LEVELS || !/^\s*[[{]/.test(value)) return;
    refuseDeepBytes(Buffer.from(value));
  } else if (value instanceof Uint8Array && value.length > LEVELS) refuseDeepBytes(value);
}

/** A version byte in front of it is no bracket. */
function refuseDeepBytes(bytes: Uint8Array): void {
  let level = 0;
  let quoted = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (quoted) {
      if (byte === ESCAPE) at += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === OPEN || byte === OPEN_LIST) {
      level += 1;
      if (level > LEVELS) throw failure('JSONB_TOO_DEEP', { most: LEVELS });
    } else if (byte === CLOSE || byte === CLOSE_LIST) level -= 1;
  }
}
