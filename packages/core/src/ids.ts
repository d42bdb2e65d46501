// Random names. Snapshot ids are short because people type them; everything that must be unique across
// machines for ever (projects, incarnations) is a UUID.
import { randomBytes, randomUUID } from 'node:crypto';

declare const brand: unique symbol;

/** Twelve lower-case hexadecimal characters, e.g. `3f9a1c77b0de`. */
export type SnapshotId = string & { readonly [brand]: 'SnapshotId' };

export function newSnapshotId(): SnapshotId {
  return randomBytes(6).toString('hex') as SnapshotId;
}

export function isSnapshotId(text: string): text is SnapshotId {
  return /^[0-9a-f]{12}$/.test(text);
}

export function newUuid(): string {
  return randomUUID();
}
