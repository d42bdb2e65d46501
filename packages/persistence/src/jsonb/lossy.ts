// What JSON.stringify() would quietly make another value of: NaN becomes null, a Map {}. It is refused instead.
//
// A function that JSON.stringify() calls for each value would double what serializing costs. Most values are plain trees, which
// are walked here in a fifth of that time; only where something has a say in how it is written, JSON.stringify() asks each time.

/**
 * True: nothing but plain objects, arrays, text, finite numbers, booleans, null and valid Dates. False: refuseLossy() is to be
 * asked while it is written. Throws a TypeError, which names the key.
 */
export function isPlain(value: unknown): boolean {
  try {
    return walk(value, '');
  } catch (error) {
    // Deeper than our stack, or a cycle: JSON.stringify() says which.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function walk(value: unknown, key: string | number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      if (!Number.isFinite(value)) throw lossy(String(value), key);
      return true;
    case 'object':
      if (value === null) return true;
      if (Array.isArray(value)) return walkArray(value);
      return value instanceof Date ? isWritten(value, key) : walkObject(value);
    default:
      return false;
  }
}

function walkArray(items: readonly unknown[]): boolean {
  if ('toJSON' in items) return false;
  for (let at = 0; at < items.length; at += 1) if (!walk(items[at], at)) return false;
  return true;
}

function walkObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || 'toJSON' in value) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const key in fields) {
    const field = fields[key];
    // Left out, and read back as what it was.
    if (field !== undefined && !walk(field, key)) return false;
  }
  return true;
}

/** For JSON.stringify(): `value` is what toJSON() made of what `this` holds. */
export function refuseLossy(this: unknown, key: string, value: unknown): unknown {
  const held = (this as Readonly<Record<string, unknown>>)[key];
  if (ArrayBuffer.isView(held)) throw lossy(`a ${held.constructor.name}`, key);
  if (held instanceof Date) isWritten(held, key);
  if (typeof value === 'number' && !Number.isFinite(value)) throw lossy(String(value), key);
  if (typeof value === 'bigint') throw lossy('a BigInt', key);
  if (Array.isArray(this) && (value === undefined || ['function', 'symbol'].includes(typeof value)))
    throw lossy(typeof value, key);
  if (typeof value === 'object' && value !== null) {
    const kind = withoutForm.find((one) => value instanceof one);
    if (kind !== undefined) throw lossy(`a ${kind.name}`, key);
  }
  return value;
}

/** Their content is in no property. */
const withoutForm = [Map, Set, WeakMap, WeakSet, RegExp, Error, Promise, ArrayBuffer] as const;

function isWritten(date: Date, key: string | number): true {
  if (Number.isNaN(date.getTime())) throw lossy('an invalid Date', key);
  return true;
}

function lossy(what: string, key: string | number): TypeError {
  const where = key === '' ? '' : ` at "${key}"`;
  return new TypeError(`${what}${where} has no form in JSON`);
}
