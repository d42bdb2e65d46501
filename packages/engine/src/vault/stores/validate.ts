// The law of a store, tried on a store that somebody wants to trust: the suite of our own tests, in a folder that is empty before and
// after. What else is in the store is neither read nor changed.
import { randomBytes } from 'node:crypto';
import type { Store } from '../contract.ts';
import { forEachConcurrently } from '../flow.ts';
import { storeSuite } from '../testkit.ts';
import { createFolderStore } from './folder.ts';

export interface StoreCheck {
  /** What must hold. */
  readonly name: string;
  /** Left out: it holds. */
  readonly error?: unknown;
}

export interface ValidateOptions {
  readonly signal: AbortSignal;
  /** Told after each check. */
  readonly onCheck?: (check: StoreCheck) => void;
  /** How many objects the listing must show; enough for three pages unless told. */
  readonly manyObjects?: number;
}

const MAX_KEY_CHARACTERS = 200;
const MANY_OBJECTS = 2100;

/**
 * Resolves to what was checked, one after the other, whatever fails. Rejects with what ensureWritable() rejects with, and when the signal
 * aborts. The folder is `validate/...`; what a killed run leaves there may be deleted.
 */
export async function validateStore(
  store: Store,
  { signal, onCheck, manyObjects = MANY_OBJECTS }: ValidateOptions,
): Promise<readonly StoreCheck[]> {
  await store.ensureWritable();
  const run = `validate/${randomBytes(6).toString('hex')}`;
  const checks: StoreCheck[] = [];
  const bodies: { readonly name: string; readonly body: () => Promise<void> }[] = [];
  storeSuite({
    test: (name, body) => bodies.push({ name, body }),
    manyObjects,
    longestKey: MAX_KEY_CHARACTERS - `${run}/00/`.length,
    factory: async () => {
      const folder = createFolderStore(store, `${run}/${String(checks.length).padStart(2, '0')}`);
      return { store: stoppable(folder, signal), dispose: () => empty(folder) };
    },
  });
  for (const { name, body } of bodies) {
    const check = await body().then(
      () => ({ name }),
      (error: unknown) => ({ name, error }),
    );
    signal.throwIfAborted();
    checks.push(check);
    onCheck?.(check);
  }
  return checks;
}

/** A check that puts thousands of objects ends with the next one. */
function stoppable(store: Store, signal: AbortSignal): Store {
  return {
    ...store,
    async put(key, content, options) {
      signal.throwIfAborted();
      await store.put(key, content, options);
    },
  };
}

const DELETES_AT_ONCE = 16;

async function empty(store: Store): Promise<void> {
  const keys = (await Array.fromAsync(store.list(''))).map(({ key }) => key);
  await forEachConcurrently(keys, DELETES_AT_ONCE, (key) => store.delete(key));
}
