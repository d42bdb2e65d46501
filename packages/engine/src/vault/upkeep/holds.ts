// What keeps a snapshot, and what takes it away. A hold is an object beside the manifests: everybody who shares the vault sees
// it. That it is there is all that counts; its content is for people.
import { canonicalBytes, failure, type SnapshotId } from '@stillpoint/core';
import type { SealedEntry, Store } from '../contract.ts';
import { HOLD_PREFIX, holdKey, holdOfKey, snapshotKey } from '../format/layout.ts';

export async function listHolds(store: Store): Promise<ReadonlySet<SnapshotId>> {
  const held = new Set<SnapshotId>();
  for await (const { key } of store.list(HOLD_PREFIX)) {
    const id = holdOfKey(key);
    if (id !== undefined) held.add(id);
  }
  return held;
}

/** First the hold, then the look: whoever forgets looks at the holds right before it deletes. */
export async function holdSnapshot(
  store: Store,
  { id, digest }: SealedEntry,
  at: Date,
): Promise<void> {
  if ((await listHolds(store)).has(id)) return;
  await store.put(holdKey(id), canonicalBytes({ format: 1, heldAt: at.toISOString() }));
  const key = snapshotKey(id, digest);
  if ((await store.stat(key)) !== undefined) return;
  await store.delete(holdKey(id));
  throw failure('OBJECT_MISSING', { vault: store.description, key });
}

/** One delete, and no other object is touched: whenever we die the snapshot is there whole or gone. */
export async function forgetSnapshot(store: Store, { id, digest }: SealedEntry): Promise<void> {
  if ((await listHolds(store)).has(id)) throw failure('SNAPSHOT_HELD', { id });
  await store.delete(snapshotKey(id, digest));
}
