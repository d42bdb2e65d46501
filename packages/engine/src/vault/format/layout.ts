// Where things lie in a vault of format 1 (docs/format/vault.md). Only this file makes or reads keys.
import {
  digestFromHex,
  digestHex,
  isSnapshotId,
  type Digest,
  type SnapshotId,
} from '@stillpoint/core';
import type { SealedEntry, StoreKey } from '../contract.ts';

export const FORMAT = 1;
export const VAULT_KEY: StoreKey = 'vault.json';
export const PACK_PREFIX = 'packs/';
export const INDEX_PREFIX = 'index/';
export const SNAPSHOT_PREFIX = 'snapshots/';
export const HOLD_PREFIX = 'holds/';
export const KEY_PREFIX = 'keys/';
export const SESSION_PREFIX = 'sessions/';
export const PRUNE_PREFIX = 'prune/';
export const CHECKED_PREFIX = 'upkeep/checked-';

const packPattern = /^packs\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/;
const indexPattern = /^index\/([0-9a-f]{64})$/;
const checkedPattern = /^upkeep\/checked-([0-9a-f]{64})$/;
const slotPattern = /^keys\/([0-9a-f]{16})$/;
const exportedPattern = /^exported\/([0-9a-f]{64})$/;
const holdPattern = /^holds\/([0-9a-f]{12})$/;
const sessionPattern = /^sessions\/([0-9a-f-]{36})$/;
const prunePattern = /^prune\/([0-9a-f-]{36})\.(packs|sessions|seen)$/;
const snapshotPattern = /^snapshots\/([0-9a-f]{12})\.([0-9a-f]{64})$/;

export function packKey(hex: string): StoreKey {
  return `${PACK_PREFIX}${hex.slice(0, 2)}/${hex}`;
}

export function packOfKey(key: StoreKey): string | undefined {
  return packPattern.exec(key)?.[2];
}

export function indexKey(hex: string): StoreKey {
  return `${INDEX_PREFIX}${hex}`;
}

export function indexOfKey(key: StoreKey): string | undefined {
  return indexPattern.exec(key)?.[1];
}

export function snapshotKey(id: SnapshotId, digest: Digest): StoreKey {
  return `${SNAPSHOT_PREFIX}${id}.${digestHex(digest)}`;
}

export function snapshotOfKey(key: StoreKey, bytes: number): SealedEntry | undefined {
  const match = snapshotPattern.exec(key);
  const [, id, hex] = match ?? [];
  if (id === undefined || hex === undefined || !isSnapshotId(id)) return undefined;
  return { id, digest: digestFromHex(hex), bytes };
}

export function slotKey(name: string): StoreKey {
  return `${KEY_PREFIX}${name}`;
}

export function slotOfKey(key: StoreKey): string | undefined {
  return slotPattern.exec(key)?.[1];
}

export function holdKey(id: SnapshotId): StoreKey {
  return `${HOLD_PREFIX}${id}`;
}

export function holdOfKey(key: StoreKey): SnapshotId | undefined {
  const id = holdPattern.exec(key)?.[1];
  return id !== undefined && isSnapshotId(id) ? id : undefined;
}

export function checkedKey(hex: string): StoreKey {
  return `${CHECKED_PREFIX}${hex}`;
}

export function checkedOfKey(key: StoreKey): string | undefined {
  return checkedPattern.exec(key)?.[1];
}

export function sessionKey(id: string): StoreKey {
  return `${SESSION_PREFIX}${id}`;
}

export function sessionOfKey(key: StoreKey): string | undefined {
  return sessionPattern.exec(key)?.[1];
}

/** Of one mark of prune: the packs that are to go, the sessions to wait for; or what was only seen. */
export type PrunePart = 'packs' | 'sessions' | 'seen';

export function pruneKey(id: string, part: PrunePart): StoreKey {
  return `${PRUNE_PREFIX}${id}.${part}`;
}

export function pruneOfKey(
  key: StoreKey,
): { readonly id: string; readonly part: PrunePart } | undefined {
  const [, id, part] = prunePattern.exec(key) ?? [];
  return id === undefined ? undefined : { id, part: part as PrunePart };
}

/** The last object of a vault in one file: empty, and named by the BLAKE3 of all that stands before it in the file. */
export function exportedKey(hex: string): StoreKey {
  return `exported/${hex}`;
}

export function exportedOfKey(key: StoreKey): string | undefined {
  return exportedPattern.exec(key)?.[1];
}
