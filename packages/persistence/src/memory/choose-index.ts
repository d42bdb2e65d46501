// Which index answers: what the server has, unless somebody knows better.
import { failure } from '@stillpoint/core';
import type { Database } from '../database/contract.ts';
import type { VectorIndex } from './contract.ts';
import type { EmbedderIdentity } from './embedding.ts';
import { createPgvector, probePgvector } from './pgvector.ts';
import { createScan } from './scan.ts';

export interface IndexOptions {
  /** pgvector where it is there, else a scan in this process, unless told. */
  readonly index?: VectorIndex['name'];
  /** Most memory that a scan takes; 1 GB unless told, which is some 600,000 items of 384 dimensions. */
  readonly scanMemoryBytes?: number;
}

export const SCAN_MEMORY_BYTES = 1024 ** 3;

/** MEMORY_INDEX_UNAVAILABLE. */
export async function chooseIndex(
  database: Database,
  embedder: EmbedderIdentity,
  { index, scanMemoryBytes = SCAN_MEMORY_BYTES }: IndexOptions,
): Promise<VectorIndex> {
  const { pgvector, why } = await probePgvector(database);
  if (index !== 'scan' && pgvector !== undefined)
    return createPgvector(database, pgvector, embedder, why);
  if (index === 'pgvector') throw failure('MEMORY_INDEX_UNAVAILABLE', { index, reason: why });
  return createScan(database, {
    embedder,
    why: index === 'scan' ? 'it was asked for' : why,
    memoryBytes: scanMemoryBytes,
  });
}
