// A part of a store as a store of its own: all its keys begin with a folder. What is beside it cannot be reached through it.
import type { Store, StoreKey } from '../contract.ts';
import { assertStoreKey } from './store-key.ts';

/** `folder` is like a key. The longest key gets shorter by it, and a '/'. Closing it leaves the store open. */
export function createFolderStore(store: Store, folder: StoreKey): Store {
  assertStoreKey(folder);
  const before = `${folder}/`;
  const inside = (key: StoreKey): StoreKey => {
    // Else '' or 'tmp/a' would become keys.
    assertStoreKey(key);
    return before + key;
  };
  return {
    description: store.description,
    supports: store.supports,
    put: async (key, content, options) => store.put(inside(key), content, options),
    get: async (key, options) => store.get(inside(key), options),
    stat: async (key, options) => store.stat(inside(key), options),
    async *list(prefix, options) {
      for await (const { key, bytes } of store.list(before + prefix, options)) {
        yield { key: key.slice(before.length), bytes };
      }
    },
    delete: async (key, options) => store.delete(inside(key), options),
    ensureWritable: (options) => store.ensureWritable(options),
    freeBytes: (options) => store.freeBytes(options),
    close: async () => {},
  };
}
