// A store that tells what it was asked, how long that took and how it ended: to see where the time of a snapshot goes, and what a server
// answered.
import { isFailure, systemClock, type Clock } from '@stillpoint/core';
import type { Store, StoreKey } from '../contract.ts';
import type { StoreOperation } from './faulty.ts';

export interface StoreLogEntry {
  readonly operation: StoreOperation;
  /** Of a listing the prefix. */
  readonly key: StoreKey;
  readonly ms: number;
  /** Sent or received; of a listing the number of its entries. */
  readonly amount: number;
  /** 'ok', the code of the error, or its name. */
  readonly end: string;
}

export function createLoggedStore(
  store: Store,
  log: (entry: StoreLogEntry) => void,
  clock: Clock = systemClock,
): Store {
  const around = async <T>(
    operation: StoreOperation,
    key: StoreKey,
    amountOf: (result: T) => number,
    work: () => Promise<T>,
  ): Promise<T> => {
    const start = clock.monotonicMs();
    const tell = (amount: number, end: string): void =>
      log({ operation, key, ms: clock.monotonicMs() - start, amount, end });
    try {
      const result = await work();
      tell(amountOf(result), 'ok');
      return result;
    } catch (error) {
      tell(0, endOf(error));
      throw error;
    }
  };
  const nothing = (): number => 0;

  return {
    description: store.description,
    supports: store.supports,
    put: (key, content, options) =>
      around(
        'put',
        key,
        () => content.length,
        () => store.put(key, content, options),
      ),
    get: (key, options) =>
      around(
        'get',
        key,
        (content) => content.length,
        () => store.get(key, options),
      ),
    stat: (key, options) => around('stat', key, nothing, () => store.stat(key, options)),
    async *list(prefix, options) {
      const start = clock.monotonicMs();
      let amount = 0;
      let end = 'left';
      try {
        for await (const entry of store.list(prefix, options)) {
          amount++;
          yield entry;
        }
        end = 'ok';
      } catch (error) {
        end = endOf(error);
        throw error;
      } finally {
        log({ operation: 'list', key: prefix, ms: clock.monotonicMs() - start, amount, end });
      }
    },
    delete: (key, options) => around('delete', key, nothing, () => store.delete(key, options)),
    ensureWritable: (options) =>
      around('ensureWritable', '', nothing, () => store.ensureWritable(options)),
    freeBytes: (options) => store.freeBytes(options),
    close: () => store.close(),
  };
}

function endOf(error: unknown): string {
  if (isFailure(error)) return error.code;
  return error instanceof Error ? error.name : 'Error';
}
