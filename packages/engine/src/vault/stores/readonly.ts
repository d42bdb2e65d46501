// A store that nobody can write through. Also what a vault on read-only media looks like to the rest.
import { failure } from '@stillpoint/core';
import type { Store } from '../contract.ts';

export function createReadonlyStore(store: Store): Store {
  const refuse = async (): Promise<never> => {
    throw failure('VAULT_READ_ONLY', { vault: store.description, reason: 'it was opened to read' });
  };
  return {
    description: store.description,
    supports: store.supports,
    put: refuse,
    get: (key, options) => store.get(key, options),
    stat: (key, options) => store.stat(key, options),
    list: (prefix, options) => store.list(prefix, options),
    delete: refuse,
    ensureWritable: refuse,
    freeBytes: (options) => store.freeBytes(options),
    close: () => store.close(),
  };
}
