// How far copies are behind. Two listings tell; what cannot be reached is told, and is no reason to fail.
import { isFailure } from '@stillpoint/core';
import { parseManifest } from '../snapshot/index.ts';
import type { SealedEntry, Vault } from '../vault/index.ts';
import type { CopyState } from './contract.ts';

/** `open`: the other vault, closed when it was looked at; undefined: it is not made yet. */
export async function copyState(
  vault: Vault,
  place: string,
  open: () => Promise<Vault | undefined>,
): Promise<CopyState> {
  try {
    await using copy = await open();
    const there = new Set((await copy?.list())?.map(({ id }) => id));
    const lacking = (await vault.list()).filter(({ id }) => !there.has(id));
    return { place, behind: lacking.length, since: await oldest(vault, lacking), problem: null };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { place, behind: null, since: null, problem: error.message };
  }
}

/** Of those that can be read. */
async function oldest(vault: Vault, lacking: readonly SealedEntry[]): Promise<string | null> {
  let found: string | null = null;
  for (const entry of lacking) {
    const createdAt = await createdAtOf(vault, entry);
    if (createdAt !== null && (found === null || createdAt < found)) found = createdAt;
  }
  return found;
}

async function createdAtOf(vault: Vault, entry: SealedEntry): Promise<string | null> {
  try {
    return parseManifest(entry.id, await vault.readManifest(entry)).createdAt;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return null;
  }
}
