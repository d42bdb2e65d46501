// A store that looks, after each put, whether what is there is as long as what was put: a store that lost the end of it (a full disk that
// says nothing, a proxy that was cut) is found out before anything is built on the object. What is too short is taken away again.
import { failure } from '@stillpoint/core';
import type { Store } from '../contract.ts';

export function createMeasuredStore(store: Store): Store {
  return {
    description: store.description,
    supports: store.supports,
    async put(key, content, options) {
      await store.put(key, content, options);
      const found = await store.stat(key, { signal: options?.signal });
      // Somebody else may have deleted it already: a mark, or a session that a person has ended.
      if (found === undefined || found.bytes === content.length) return;
      await store.delete(key, { signal: options?.signal });
      const reason = `it kept ${found.bytes} of ${content.length} bytes`;
      const vault = store.description;
      throw failure('VAULT_IO_FAILED', { vault, operation: 'write', key, reason });
    },
    get: (key, options) => store.get(key, options),
    stat: (key, options) => store.stat(key, options),
    list: (prefix, options) => store.list(prefix, options),
    delete: (key, options) => store.delete(key, options),
    ensureWritable: (options) => store.ensureWritable(options),
    freeBytes: (options) => store.freeBytes(options),
    close: () => store.close(),
  };
}
