// A store that breaks as it is told, to prove what stands on it. The script is asked before and after every operation:
//   'ok'    nothing happens
//   'fail'  the operation rejects; after: though it was done (the answer was lost)
//   'hang'  it never settles, except by its signal
//   'cut'   only before: the first half of the bytes passes, and nobody is told (a store that lies)
import { failure, type StillpointError } from '@stillpoint/core';
import type { Store, StoreKey } from '../contract.ts';

export type StoreOperation =
  | 'put'
  | 'get'
  | 'stat'
  | 'list'
  | 'delete'
  | 'ensureWritable'
  | 'freeBytes';
export type Fault = 'ok' | 'fail' | 'hang' | 'cut';

export interface StoreCall {
  readonly operation: StoreOperation;
  readonly key: StoreKey;
  /** Counts the calls of this store, from 1. */
  readonly n: number;
  readonly phase: 'before' | 'after';
}

export function createFaultyStore(store: Store, script: (call: StoreCall) => Fault): Store {
  let calls = 0;

  const around = async <T>(
    operation: StoreOperation,
    key: StoreKey,
    signal: AbortSignal | undefined,
    work: (cut: boolean) => Promise<T>,
  ): Promise<T> => {
    const n = ++calls;
    const before = script({ operation, key, n, phase: 'before' });
    await obey(before, signal, () => broken(store, operation, key));
    const result = await work(before === 'cut');
    const after = script({ operation, key, n, phase: 'after' });
    await obey(after, signal, () => broken(store, operation, key));
    return result;
  };

  return {
    description: store.description,
    supports: store.supports,
    put: (key, content, options) =>
      around('put', key, options?.signal, (cut) =>
        store.put(key, cut ? half(content) : content, options),
      ),
    get: (key, options) =>
      around('get', key, options?.signal, async (cut) => {
        const content = await store.get(key, options);
        return cut ? half(content) : content;
      }),
    stat: (key, options) => around('stat', key, options?.signal, () => store.stat(key, options)),
    async *list(prefix, options) {
      const entries = await around('list', prefix, options?.signal, async (cut) => {
        const all = await Array.fromAsync(store.list(prefix, options));
        return cut ? all.slice(0, Math.floor(all.length / 2)) : all;
      });
      yield* entries;
    },
    delete: (key, options) =>
      around('delete', key, options?.signal, () => store.delete(key, options)),
    ensureWritable: (options) =>
      around('ensureWritable', '', options?.signal, () => store.ensureWritable(options)),
    freeBytes: (options) =>
      around('freeBytes', '', options?.signal, () => store.freeBytes(options)),
    close: () => store.close(),
  };
}

async function obey(
  fault: Fault,
  signal: AbortSignal | undefined,
  error: () => StillpointError,
): Promise<void> {
  if (fault === 'fail') throw error();
  if (fault !== 'hang') return;
  await new Promise<never>((_resolve, reject) => {
    const stop = () => reject(signal?.reason as Error);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

function broken(store: Store, operation: StoreOperation, key: StoreKey): StillpointError {
  return failure('VAULT_IO_FAILED', {
    vault: store.description,
    operation,
    key,
    reason: 'the script said so',
  });
}

function half(content: Uint8Array): Uint8Array {
  return content.subarray(0, Math.floor(content.length / 2));
}
