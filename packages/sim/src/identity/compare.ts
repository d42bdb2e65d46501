// Two identities of a world, and what changed from the one to the other: by name, so that a person knows where to look.
import { digestHex, type Digest } from '@stillpoint/core';
import type { WorldIdentity } from '../checkpoint/contract.ts';

/** Enough to see that they differ, and to find them again. */
const SHOWN_DIGITS = 8;

/** Empty where it is the same world. Each as a person reads it: `signal temperature (1f0a… to 77c3…)`, `module wind.ts is new`. */
export function compareIdentity(was: WorldIdentity, is: WorldIdentity): readonly string[] {
  if (was.hash === is.hash) return [];
  const name = was.name === is.name ? [] : [`its name (${was.name} to ${is.name})`];
  const named = [
    ...differences('', was.parts.entries, is.parts.entries),
    ...differences('module ', was.parts.modules, is.parts.modules),
    ...differences('asset ', was.parts.assets, is.parts.assets),
    ...differences('package ', was.parts.packages, is.parts.packages),
  ];
  if (name.length + named.length > 0) return [...name, ...named];
  // The parts are equal and the whole is not: it is another world all the same.
  return [`its hash (${short(was.hash)} to ${short(is.hash)})`];
}

function differences(
  kind: string,
  was: Readonly<Record<string, string>>,
  is: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...names].flatMap((name) => {
    const before = Object.hasOwn(was, name) ? was[name] : undefined;
    const after = Object.hasOwn(is, name) ? is[name] : undefined;
    if (before === after) return [];
    if (before === undefined) return [`${kind}${name} is new`];
    if (after === undefined) return [`${kind}${name} is gone`];
    return [`${kind}${name} (${short(before)} to ${short(after)})`];
  });
}

function short(value: string): string {
  return value.startsWith('blake3:') ? digestHex(value as Digest).slice(0, SHOWN_DIGITS) : value;
}
