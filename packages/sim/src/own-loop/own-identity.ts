// Which loop it was: what its author gives as `hash`, part by part, and the names and types of its arrays. A checkpoint of another
// loop is refused, and what differs is named.
import { canonicalBytes, digestOf, type Digest } from '@stillpoint/core';
import type { WorldIdentity } from '../checkpoint/contract.ts';
import type { Part } from './own-state.ts';

/** `'v3'`, or in parts so that a mismatch can say which: `{ code: '…', gravity: 9.81 }`. */
export type OwnHash = string | Readonly<Record<string, string | number | boolean>>;

export function identityOf(
  name: string,
  hash: OwnHash | undefined,
  parts: readonly Part[],
): WorldIdentity {
  const given = typeof hash === 'string' ? { hash } : (hash ?? {});
  const entries = Object.fromEntries([
    ...parts.map((part) => [`array ${part.name}`, digestOf(canonicalBytes(part.type))]),
    ...Object.entries(given).map(([of, value]) => [`hash ${of}`, digestOf(canonicalBytes(value))]),
  ]) as Record<string, Digest>;
  const all = {
    ir: digestOf(canonicalBytes(entries)),
    entries,
    bundle: null,
    modules: {},
    assets: {},
    packages: {},
  };
  return { name, hash: digestOf(canonicalBytes([name, all])), parts: all };
}

/** What differs, for people: `hash gravity, array velocity`. Empty where it is the same loop. */
export function differencesOf(was: WorldIdentity, is: WorldIdentity): readonly string[] {
  const before = was.parts.entries;
  const now = is.parts.entries;
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const changed = names.filter((name) => before[name] !== now[name]).toSorted();
  const renamed = was.name === is.name ? [] : [`the name (${was.name}, now ${is.name})`];
  return [...renamed, ...changed];
}
