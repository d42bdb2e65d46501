// The reference of the store contract: a Map. Bytes are copied in and out, as a real store does.
import { failure } from '@stillpoint/core';
import type { Store, StoreKey } from '../contract.ts';
import { assertStoreKey } from './store-key.ts';

export function createMemoryStore(): Store {
  const objects = new Map<StoreKey, Uint8Array>();
  const description = 'memory';

  return {
    description,
    supports: { conditionalPut: true, ranges: true, latePuts: false },

    async put(key, content, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      if (options.ifAbsent === true && objects.has(key)) {
        throw failure('OBJECT_EXISTS', { vault: description, key });
      }
      objects.set(key, new Uint8Array(content));
    },

    async get(key, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      const content = objects.get(key);
      if (content === undefined) throw failure('OBJECT_MISSING', { vault: description, key });
      const { offset, bytes } = options.range ?? { offset: 0, bytes: content.length };
      return content.slice(offset, offset + bytes);
    },

    async stat(key, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      const content = objects.get(key);
      return content === undefined ? undefined : { bytes: content.length };
    },

    async *list(prefix, options = {}) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).toSorted();
      options.signal?.throwIfAborted();
      for (const key of keys) {
        const content = objects.get(key);
        if (content !== undefined) yield { key, bytes: content.length };
      }
    },

    async delete(key, options = {}) {
      assertStoreKey(key);
      options.signal?.throwIfAborted();
      objects.delete(key);
    },

    async ensureWritable(options = {}) {
      options.signal?.throwIfAborted();
    },

    async freeBytes(options = {}) {
      options.signal?.throwIfAborted();
      return undefined;
    },

    async close() {},
  };
}
