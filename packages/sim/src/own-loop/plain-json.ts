// JSON of a loop as a checkpoint stores it. What JSON would lose or change without a word is refused, with the path to it: a run that
// resumes from less than its state goes another way.
import type { Json } from '@stillpoint/core';

/** A copy. Members that are undefined are left out, as everywhere in JSON. */
export function plainJson(value: unknown, path = 'state.json'): Json {
  if (value === undefined && path === 'state.json') return null;
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && value.isWellFormed()) return value;
  if (Array.isArray(value))
    return value.map((one: unknown, index) => plainJson(one, `${path}[${index}]`));
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
  return prototype === null || prototype === Object.prototype;
}

function said(value: unknown): string {
  if (typeof value === 'string') return 'a string with half a character';
  if (typeof value !== 'object' || value === null) return String(value);
  return `a ${value.constructor?.name ?? 'value'}`;
}
