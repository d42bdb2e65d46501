// Whether the store kept what was put just now: asked before anything that it replaces is deleted.
import { isFailure } from '@stillpoint/core';
import type { Store, StoreKey } from '../contract.ts';

/** 'gone': somebody else has read it and is done with it. */
export async function readBack(
  store: Store,
  key: StoreKey,
  content: Uint8Array,
): Promise<'same' | 'other' | 'gone'> {
  try {
    return Buffer.compare(await store.get(key), content) === 0 ? 'same' : 'other';
  } catch (error) {
    if (isFailure(error, 'OBJECT_MISSING')) return 'gone';
    throw error;
  }
}
