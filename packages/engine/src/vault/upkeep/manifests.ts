// Sealed snapshots by their manifests. The name of a manifest holds the digest of its stored bytes: a truncated or flipped one is
// listed and then refused when it is read, never hidden.
import { digestOf, failure, isFailure } from '@stillpoint/core';
import type { SealedEntry, Store } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { openWhole } from '../crypto/sealed-object.ts';
import { SNAPSHOT_PREFIX, snapshotKey, snapshotOfKey } from '../format/layout.ts';

export async function listManifests(store: Store): Promise<readonly SealedEntry[]> {
  const entries: SealedEntry[] = [];
  for await (const { key, bytes } of store.list(SNAPSHOT_PREFIX)) {
    const entry = snapshotOfKey(key, bytes);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

export async function readManifest(
  { store, keys }: { readonly store: Store; readonly keys: VaultKeys },
  entry: SealedEntry,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const key = snapshotKey(entry.id, entry.digest);
  const damaged = (reason: string, cause?: unknown): Error =>
    failure('MANIFEST_DAMAGED', { id: entry.id, key, reason }, cause);
  let content: Uint8Array;
  try {
    content = await store.get(key, { signal });
  } catch (error) {
    if (isFailure(error, 'OBJECT_MISSING')) throw damaged('it is gone', error);
    if (isFailure(error, 'VAULT_IO_FAILED')) throw damaged(error.message, error);
    throw error;
  }
  if (digestOf(content) !== entry.digest) throw damaged('its digest is not the one in its name');
  const manifest = openWhole(keys, 'SPSNAP01', content);
  if (manifest === undefined) throw damaged('it was not sealed with the keys of this vault');
  return manifest;
}
