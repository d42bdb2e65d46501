// JSON of a loop as a checkpoint stores it. What JSON would lose or change without a word is refused, with the path to it: a run that
// resumes from less than its state goes another way.
import type { Json } from '@stillpoint/core';

export type JsonPath = readonly string[];

/** A copy. Members that are undefined are left out, as everywhere in JSON. */
export function plainJson(value: unknown, path = 'state.json'): Json {
  if (value === undefined && path === 'state.json') return null;
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value.isWellFormed()) return value;
  if (Array.isArray(value))
    // Not map, which passes over holes.
    return Array.from(value, (one: unknown, index) => plainJson(one, `${path}[${index}]`));
  if (typeof value === 'object' && isPlain(value)) {
    const members = Object.entries(value).filter(([, one]) => one !== undefined);
    return Object.fromEntries(
      members.map(([name, one]) => [name, plainJson(one, `${path}.${name}`)]),
    );
  }
  throw new TypeError(`${path} is nothing that JSON can hold: ${said(value)}.`);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return false;
  return Reflect.ownKeys(value).every((key) => typeof key === 'string' && key.isWellFormed());
}

/** Where the value is -0, which canonical JSON writes as 0. */
export function minusZerosOf(value: Json): readonly JsonPath[] {
  if (Object.is(value, -0)) return [[]];
  if (typeof value !== 'object' || value === null) return [];
  const paths: JsonPath[] = [];
  for (const [key, one] of Object.entries(value))
    for (const path of minusZerosOf(one)) paths.push([key, ...path]);
  return paths;
}

/** `value` with -0 there again. */
export function withMinusZeros(value: unknown, paths: readonly JsonPath[]): unknown {
  let result = value;
  for (const path of paths) {
    const last = path.at(-1);
    if (last === undefined) result = -0;
    const within = path.slice(0, -1).reduce<unknown>((at, key) => memberOf(at, key), result);
    if (last !== undefined && memberOf(within, last) === 0)
      (within as Record<string, unknown>)[last] = -0;
  }
  return result;
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function said(value: unknown): string {
  if (typeof value === 'string') return 'a string with half a character';
  if (typeof value !== 'object' || value === null) return String(value);
  return `a ${value.constructor?.name ?? 'value'}`;
}
