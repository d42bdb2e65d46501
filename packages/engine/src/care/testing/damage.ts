// Harm done to the objects of a vault, for tests.
import type { Store, StoreKey } from '../../vault/index.ts';

export async function keysBelow(store: Store, prefix: string): Promise<StoreKey[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
}

/** The smallest first. */
export async function packsByBytes(
  store: Store,
): Promise<{ readonly key: StoreKey; readonly bytes: number }[]> {
  const packs = await Array.fromAsync(store.list('packs/'));
  return packs.toSorted((a, b) => a.bytes - b.bytes);
}

export async function flipByte(store: Store, key: StoreKey, at: number): Promise<void> {
  const content = Uint8Array.from(await store.get(key));
  content[at] = (content[at] ?? 0) ^ 0x10;
  await store.put(key, content);
}
