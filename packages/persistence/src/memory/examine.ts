// What doctor tells of the memory of a database that it only knows by its address: no embedder is asked for, nothing is searched.
import { openDatabase } from '../database/index.ts';
import type { OpenDatabaseOptions } from '../database/contract.ts';
import { SCAN_MEMORY_BYTES } from './choose-index.ts';
import type { VectorIndex } from './contract.ts';
import type { EmbedderIdentity } from './embedding.ts';
import { countByEmbedder } from './items.ts';
import { createPgvector, probePgvector } from './pgvector.ts';
import { Rows } from './rows.ts';

export interface ExaminedMemory {
  readonly embedder: EmbedderIdentity;
  readonly items: number;
  /** What answers where nobody asked for another. */
  readonly index: VectorIndex['name'];
  readonly why: string;
  readonly approximate: boolean;
  /** That a scan takes in each process; 0 where the server answers. */
  readonly processBytes: number;
  /** More than a scan takes unless told: recall() rejects. */
  readonly tooLarge: boolean;
}

/** One for each embedder that items are of, the most first. undefined: there is no memory here. Changes nothing. */
export async function examineMemory(
  at: OpenDatabaseOptions['at'],
): Promise<readonly ExaminedMemory[] | undefined> {
  await using database = await openDatabase({
    at,
    connections: 1,
    applicationName: 'stillpoint doctor',
  });
  const { rows } = await database.query(`SELECT to_regclass('vectors.items') AS items`);
  if (rows[0]?.['items'] == null) return undefined;
  const { pgvector, why } = await probePgvector(database);
  const found: ExaminedMemory[] = [];
  for (const { items, ...embedder } of await countByEmbedder(database)) {
    const scanBytes = Rows.bytes(items, embedder.dimensions);
    found.push({
      embedder,
      items,
      index: pgvector === undefined ? 'scan' : 'pgvector',
      why,
      approximate:
        pgvector !== undefined &&
        (await createPgvector(database, pgvector, embedder, why).approximate()),
      processBytes: pgvector === undefined ? scanBytes : 0,
      tooLarge: pgvector === undefined && scanBytes > SCAN_MEMORY_BYTES,
    });
  }
  return found;
}
