// The lockfile: what exactly the project consisted of, for people and for the gate. Normative: docs/format/lockfile.md.
// One signature over all: two snapshots with the same signature had the same commits, dependency locks and schemas.
import { canonicalBytes, digestOf, isDigest, type Digest } from '@stillpoint/core';
import type { MemberState } from '../sources/contract.ts';

export interface Lockfile {
  readonly format: 1;
  readonly members: readonly MemberState[];
  readonly sources: readonly {
    readonly name: string;
    readonly driver: string;
    /** null: a source without a schema. */
    readonly schemaDigest: string | null;
  }[];
  /** BLAKE3 over the canonical JSON (RFC 8785) of all other fields. */
  readonly signature: Digest;
}

export function signLockfile(unsigned: Omit<Lockfile, 'signature' | 'format'>): Lockfile {
  const body = {
    format: 1 as const,
    members: unsigned.members.toSorted(byKey((member) => member.path)),
    sources: unsigned.sources.toSorted(byKey((source) => source.name)),
  };
  return { ...body, signature: digestOf(canonicalBytes(body)) };
}

/** What is there after only some sources were restored: theirs as captured, the others' as they are. */
export function mixLockfiles(
  live: Lockfile,
  captured: Lockfile,
  restored: ReadonlySet<string>,
): Lockfile {
  const mix = <T>(name: (item: T) => string, ours: readonly T[], theirs: readonly T[]): T[] => [
    ...ours.filter((item) => !restored.has(name(item))),
    ...theirs.filter((item) => restored.has(name(item))),
  ];
  return signLockfile({
    members: mix(({ path }) => path, live.members, captured.members),
    sources: mix(({ name }) => name, live.sources, captured.sources),
  });
}

/** True when the signature is the one over the rest. */
export function isSignedRight(lockfile: Lockfile): boolean {
  const { signature, ...body } = lockfile;
  try {
    return isDigest(signature) && digestOf(canonicalBytes(body)) === signature;
  } catch (error) {
    // A text with half a character in it has no canonical form, so nobody has signed it.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** As it lies on the disk: canonical order, indented for the reader of a diff. */
export function lockfileText(lockfile: Lockfile): string {
  const sorted = JSON.parse(Buffer.from(canonicalBytes(lockfile)).toString('utf8')) as unknown;
  return `${JSON.stringify(sorted, undefined, 2)}\n`;
}

function byKey<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
