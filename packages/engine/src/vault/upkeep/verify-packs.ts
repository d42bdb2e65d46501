// Looks at packs, each once in a run: that it is there with the right size; or, read whole, that its bytes have the digest in its
// name, and that each chunk of it is what the table says. The sizes come from one listing, whatever the number of packs.
import { digestHex, digestOf, isFailure, type ProgressListener } from '@stillpoint/core';
import type { CheckedPacks, Damage, Store } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { forEachConcurrently } from '../flow.ts';
import { packKey } from '../format/layout.ts';
import { listPacks } from './liveness.ts';
import { chunksOfPack, tableOfPack } from './pack-content.ts';
import { readCheckedMemory, type CheckedMemory } from './verify-memory.ts';

/** The only problem that need not be one. */
export const PACK_GONE = 'the pack is gone';
const PACKS_READ_AT_ONCE = 2;

export interface PackParts {
  readonly store: Store;
  readonly keys: VaultKeys;
}

export async function createPackChecks(parts: PackParts): Promise<CheckedPacks> {
  const { store } = parts;
  const there = await listPacks(store);
  const bySize = new Map<string, Promise<string | undefined>>();
  const byReading = new Map<string, Promise<string | undefined>>();
  const damages = new Map<string, Damage>();
  const counts = { packs: 0, bytes: 0 };

  const lookAt = async (hex: string, bytes: number): Promise<string | undefined> => {
    // One that is younger than the listing is looked for by itself.
    const found = there.get(hex) ?? (await store.stat(packKey(hex)).catch(unreadable));
    const size = typeof found === 'object' ? found.bytes : found;
    if (size === bytes) return undefined;
    if (typeof size === 'string') return size;
    return size === undefined ? PACK_GONE : `the pack has ${size} bytes, not ${bytes}`;
  };

  const read = async (hex: string, signal: AbortSignal): Promise<string | undefined> => {
    signal.throwIfAborted();
    const content = await store.get(packKey(hex), { signal }).catch(unreadable);
    if (content === undefined) return PACK_GONE;
    if (typeof content === 'string') return content;
    counts.packs++;
    counts.bytes += content.length;
    return await whatIsWrong(parts.keys, hex, content);
  };

  return {
    counts: () => ({ ...counts, of: there.size }),
    damages: () => [...damages.values()],

    async problemOf({ hex, bytes }, deep, signal) {
      const known = byReading.get(hex) ?? (deep ? undefined : bySize.get(hex));
      const looking =
        known ??
        (async () => {
          const problem = deep ? await read(hex, signal) : await lookAt(hex, bytes);
          if (problem !== undefined) damages.set(hex, { key: packKey(hex), what: problem });
          return problem;
        })();
      (deep ? byReading : bySize).set(hex, looking);
      return await looking;
    },
  };
}

async function whatIsWrong(
  keys: VaultKeys,
  hex: string,
  content: Uint8Array,
): Promise<string | undefined> {
  if (digestHex(digestOf(content)) !== hex) return 'its bytes do not have the digest in its name';
  const table = tableOfPack(keys, content);
  if (table === undefined) return 'it is no pack that this vault has sealed';
  for await (const { entry, found } of chunksOfPack(keys, content, table)) {
    if (typeof found === 'string') return `the chunk at offset ${entry.offset}: ${found}`;
  }
  return undefined;
}

export interface SampleOptions {
  /** Of the bytes of all packs, 0 to 1. */
  readonly share: number;
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/**
 * Reads a share of all packs, those first that nobody has read for the longest time, and remembers it. A vault that cannot be
 * written is checked all the same; then nothing is remembered, and that is said.
 */
export async function sampleChecks(
  { store, keys }: PackParts,
  { share, now, signal, progress }: SampleOptions,
): Promise<CheckedPacks> {
  const checks = await createPackChecks({ store, keys });
  const there = await listPacks(store);
  const memory = await readCheckedMemory(store);
  const chosen = choose(there, memory, share);
  const totalBytes = chosen.reduce((sum, { bytes }) => sum + bytes, 0);
  progress({ type: 'phase:started', phase: 'read packs', detail: `${chosen.length}` });
  const whole: string[] = [];
  await forEachConcurrently(chosen, PACKS_READ_AT_ONCE, async (pack) => {
    if ((await checks.problemOf(pack, true, signal)) === undefined) whole.push(pack.hex);
    const doneBytes = checks.counts().bytes;
    progress({ type: 'bytes:advanced', phase: 'read packs', doneBytes, totalBytes });
  });
  try {
    if (whole.length > 0) await memory.remember(whole, new Set(there.keys()), now);
  } catch (error) {
    if (!isFailure(error)) throw error;
    const text = `What was checked could not be remembered: ${error.message}`;
    progress({ type: 'note:said', level: 'warn', text });
  }
  signal.throwIfAborted();
  return checks;
}

/** At least one, if there is any. */
function choose(
  there: ReadonlyMap<string, number>,
  memory: CheckedMemory,
  share: number,
): readonly { readonly hex: string; readonly bytes: number }[] {
  const packs = [...there].map(([hex, bytes]) => ({ hex, bytes, last: memory.lastOf(hex) ?? 0 }));
  packs.sort((a, b) => a.last - b.last || (a.hex < b.hex ? -1 : 1));
  const wanted = share * packs.reduce((sum, { bytes }) => sum + bytes, 0);
  let taken = 0;
  return packs.filter(({ bytes }) => {
    // One that was cut to nothing has no bytes to be counted.
    if (taken >= wanted && share < 1) return false;
    taken += bytes;
    return true;
  });
}

/** A disk that does not give a pack is damage, not the end of the examination. */
function unreadable(error: unknown): string | undefined {
  if (isFailure(error, 'OBJECT_MISSING')) return undefined;
  if (isFailure(error, 'VAULT_IO_FAILED')) return error.message;
  throw error;
}
