// Two identities of a world, and what changed from the one to the other: by name, so that a person knows where to look.
import type { WorldIdentity } from '../checkpoint/contract.ts';

/** Empty where it is the same world. Each as a person reads it: `signal temperature (1f0a8c11 to 77c3e90b)`, `module wind.ts is new`. */
export function compareIdentity(was: WorldIdentity, is: WorldIdentity): readonly string[] {
  if (was.hash === is.hash) return [];
  const changes = [
    ...(was.name === is.name ? [] : [`its name (${was.name} to ${is.name})`]),
    ...differences('', was.parts.entries, is.parts.entries),
    ...differences('module ', was.parts.modules, is.parts.modules),
    ...differences('asset ', was.parts.assets, is.parts.assets),
    ...differences('package ', was.parts.packages, is.parts.packages),
  ];
  if (changes.length > 0) return changes;
  // The same things one by one, and yet not the same together.
  if (was.parts.ir !== is.parts.ir) return ['the order of what it defines'];
  if (was.parts.bundle !== is.parts.bundle) return ['the order of its modules'];
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

/** Of digests so much that one sees that they differ, and finds them again. */
function short(value: string): string {
  return value.replaceAll(/blake3:([0-9a-f]{8})[0-9a-f]*/g, '$1');
}
