// RFC 8785 (JSON Canonicalization Scheme): one byte sequence for one value, so that a digest over it means
// something. Keys are sorted by UTF-16 code units, which is how `<` compares strings; numbers and
// strings are written as ECMAScript's JSON.stringify writes them, which is what the RFC prescribes.

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Throws TypeError for what JSON cannot hold (NaN, functions, lone surrogates). `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  return write(value) ?? 'null';
}

export function canonicalBytes(value: unknown): Uint8Array {
  return Buffer.from(canonicalJson(value), 'utf8');
}

function write(value: unknown): string | undefined {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`not a JSON number: ${value}`);
    return JSON.stringify(value);
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed())
      throw new TypeError('a string with a lone surrogate has no canonical JSON');
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => write(item) ?? 'null').join(',')}]`;
  if (typeof value === 'object') return writeObject(value as Record<string, unknown>);
  if (value === undefined) return undefined;
  throw new TypeError(`not a JSON value: ${typeof value}`);
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}

function writeObject(value: Record<string, unknown>): string {
  const members: string[] = [];
  for (const key of Object.keys(value).toSorted(byCodeUnits)) {
    const written = write(value[key]);
    if (written !== undefined) members.push(`${write(key)}:${written}`);
  }
  return `{${members.join(',')}}`;
}
