// Which keys a store takes. They are file names in one store and URLs in another, so the grammar is narrow, and
// no key can lead out of the store. `tmp/` is kept for the directory store's half-written files.
import type { StoreKey } from '../contract.ts';

const part = '[a-z0-9_-][a-z0-9._-]*';
const grammar = new RegExp(`^${part}(?:/${part})*$`);
const namePart = new RegExp(`^${part}$`);
const MAX_CHARACTERS = 200;

export const TEMPORARY_PART = 'tmp';

/** A wrong key is a mistake in our program, never input. */
export function assertStoreKey(key: StoreKey): void {
  if (!isStoreKey(key)) throw new TypeError(`not a key of a store: ${JSON.stringify(key)}`);
}

/** Whether a store may have made a name that it finds; all else is foreign and left alone. */
export function isStoreKey(name: string): boolean {
  return (
    name.length <= MAX_CHARACTERS && grammar.test(name) && name.split('/')[0] !== TEMPORARY_PART
  );
}

/** Whether a directory entry can be (part of) a key; everything else in there is foreign and left alone. */
export function isKeyPart(name: string): boolean {
  return namePart.test(name);
}
