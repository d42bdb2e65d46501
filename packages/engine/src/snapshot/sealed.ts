// Reading back what was sealed. A snapshot whose manifest is damaged is reported, never hidden and never in the way of the
// others.
import { isFailure } from '@stillpoint/core';
import type { SealedEntry, Vault } from '../vault/contract.ts';
import { parseManifest, type Sealed } from './manifest.ts';
import { oldestFirst } from './outline.ts';

export interface SealedList {
  /** Oldest first. */
  readonly sealed: readonly Sealed[];
  readonly damaged: readonly Damaged[];
}

/** Listed by the vault, and not to be read: damaged, or of a newer format. */
export interface Damaged {
  readonly entry: SealedEntry;
  readonly damaged: string;
}

const readsAtOnce = 16;

/** Reads every manifest: for what looks at all of them anyway. Who only lists or chooses asks the catalogue. */
export async function readSealed(vault: Vault, signal?: AbortSignal): Promise<SealedList> {
  const within = signal === undefined ? vault : vault.within(signal);
  return await readEntries(within, await within.list(), signal);
}

export async function readEntries(
  vault: Vault,
  entries: readonly SealedEntry[],
  signal?: AbortSignal,
): Promise<SealedList> {
  const waiting = [...entries];
  const sealed: Sealed[] = [];
  const damaged: Damaged[] = [];
  const worker = async (): Promise<void> => {
    for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
      signal?.throwIfAborted();
      const read = await readOne(vault, entry);
      if ('manifest' in read) sealed.push(read);
      else damaged.push(read);
    }
  };
  await Promise.all(Array.from({ length: readsAtOnce }, worker));
  // One that nobody waited for is not damaged.
  signal?.throwIfAborted();
  return { sealed: sealed.toSorted(oldestFirst), damaged };
}

export async function readOne(vault: Vault, entry: SealedEntry): Promise<Sealed | Damaged> {
  try {
    return { entry, manifest: parseManifest(entry.id, await vault.readManifest(entry)) };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { entry, damaged: `${error.code}: ${error.message}` };
  }
}
