// Reads what a disk still gives of a pack, and takes it apart: which chunks of it are whole. A table that is damaged is replaced by the
// one that an index has of the same pack.
import { isFailure, type Digest } from '@stillpoint/core';
import type { Store } from '../contract.ts';
import type { VaultKeys } from '../crypto/keys.ts';
import { packKey } from '../format/layout.ts';
import { ENTRY_BYTES } from '../format/pack-table.ts';
import { chunksOfPack, tableOfPack, type PackTable } from './pack-content.ts';

/** What is lost around a place that the disk does not give. */
const PIECE_BYTES = 64 * 1024;

export interface ReadPack {
  readonly content: Uint8Array;
  /** Every byte is as the store has it. Else parts were refused, which stand as zeros: another attempt may give more. */
  readonly complete: boolean;
}

/** undefined: it is gone. */
export async function readTolerantly(
  store: Store,
  hex: string,
  signal: AbortSignal,
): Promise<ReadPack | undefined> {
  const key = packKey(hex);
  try {
    return { content: await store.get(key, { signal }), complete: true };
  } catch (error) {
    if (isFailure(error, 'OBJECT_MISSING')) return undefined;
    if (!isFailure(error, 'VAULT_IO_FAILED')) throw error;
  }
  const found = await store.stat(key);
  if (found === undefined) return undefined;
  const content = Buffer.alloc(found.bytes);
  let complete = true;
  for (let offset = 0; offset < content.length; offset += PIECE_BYTES) {
    const bytes = Math.min(PIECE_BYTES, content.length - offset);
    const piece = await store.get(key, { range: { offset, bytes }, signal }).catch(unreadable);
    if (piece === undefined) complete = false;
    else content.set(piece, offset);
  }
  return { content, complete };
}

export interface PackRescue {
  /** Where it was found what is where; null: nowhere, so nothing can be had of it. */
  readonly table: 'own' | 'index' | null;
  readonly wholeChunks: number;
  readonly lostChunks: number;
}

/** Hands over each chunk that is whole, one after the other. */
export async function rescueChunks(
  keys: VaultKeys,
  { content }: ReadPack,
  indexed: PackTable | undefined,
  take: (digest: Digest, plain: Uint8Array) => Promise<void>,
): Promise<PackRescue> {
  const own = tableOfPack(keys, content);
  const table = own ?? indexed;
  let wholeChunks = 0;
  let lostChunks = 0;
  if (table === undefined) return { table: null, wholeChunks, lostChunks };
  for await (const { found } of chunksOfPack(keys, content, table)) {
    if (typeof found === 'string') lostChunks++;
    else {
      await take(found.digest, found.plain);
      wholeChunks++;
    }
  }
  return { table: own === undefined ? 'index' : 'own', wholeChunks, lostChunks };
}

export function chunksIn(table: PackTable | undefined): number {
  return table === undefined ? 0 : table.table.length / ENTRY_BYTES;
}

function unreadable(error: unknown): undefined {
  if (!isFailure(error, 'VAULT_IO_FAILED')) throw error;
}
