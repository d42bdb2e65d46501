// An HNSW index for pgvector, by who owns the tables. It is no part of a migration: it is worth its memory and minutes only above
// some tens of thousands of items, and everything works without it.
import { literal } from '../database/index.ts';
import type { Database } from '../database/contract.ts';
import { checkEmbedder, type EmbedderIdentity } from './embedding.ts';
import { indexName, probePgvector, type Precision } from './pgvector.ts';
import { failure } from '@stillpoint/core';

export interface BuildIndexOptions {
  readonly embedder: EmbedderIdentity;
  /** Half the size, and the order is still made from whole numbers. Where an embedder has more dimensions than a whole index takes, unless told. */
  readonly halfvec?: boolean;
  /** Neighbours of a node, and how many are looked at while it is put in: pgvector's m and ef_construction. */
  readonly m?: number;
  readonly efConstruction?: number;
  /** As much as it can have while it is built; a graph that does not fit takes many times as long. */
  readonly maintenanceBytes?: number;
  /** Below it nothing is built: comparing all is as fast, and misses nothing. */
  readonly fromItems?: number;
  readonly signal?: AbortSignal;
}

const FROM_ITEMS = 30_000;
const MAINTENANCE_BYTES = 512 * 1024 * 1024;
const MOST_WHOLE_DIMENSIONS = 2000;

/**
 * True: it was built. False: there is one, or too few items. Readers go on, writers of memory wait until it is there. An index of
 * the other precision is dropped. Throws MEMORY_INDEX_UNAVAILABLE where pgvector is not used.
 */
export async function buildVectorIndex(
  database: Database,
  options: BuildIndexOptions,
): Promise<boolean> {
  const { embedder, m = 16, efConstruction = 64, fromItems = FROM_ITEMS, signal } = options;
  const { maintenanceBytes = MAINTENANCE_BYTES } = options;
  checkEmbedder(embedder);
  for (const [what, value] of Object.entries({ m, efConstruction, maintenanceBytes }))
    if (!Number.isInteger(value) || value < 1)
      throw new TypeError(`${what} is a whole number above 0`);
  const { pgvector, why } = await probePgvector(database);
  if (pgvector === undefined)
    throw failure('MEMORY_INDEX_UNAVAILABLE', { index: 'pgvector', reason: why });
  const { name, version, dimensions } = embedder;
  const halfvec = options.halfvec ?? dimensions > MOST_WHOLE_DIMENSIONS;
  const precision: Precision = halfvec ? 'halfvec' : 'vector';
  const wanted = indexName(embedder, precision);
  const other = indexName(embedder, halfvec ? 'vector' : 'halfvec');
  return await database.transaction(
    async (transaction) => {
      const { rows } = await transaction.query<{ readonly there: boolean; readonly items: string }>(
        `SELECT to_regclass($1) IS NOT NULL AS there, (SELECT count(*) FROM vectors.nearest
           WHERE embedder = $2 AND embedder_version = $3 AND dimensions = $4)::text AS items`,
        [`vectors.${wanted}`, name, version, dimensions],
      );
      if (rows[0]!.there || Number(rows[0]!.items) < fromItems) return false;
      await transaction.query(`SELECT set_config('maintenance_work_mem', $1, true)`, [
        `${Math.ceil(maintenanceBytes / 1024)}kB`,
      ]);
      const { schema } = pgvector;
      await transaction.query(
        `CREATE INDEX ${wanted} ON vectors.nearest
         USING hnsw ((embedding::${schema}.${precision}(${dimensions})) ${schema}.${precision}_ip_ops)
         WITH (m = ${m}, ef_construction = ${efConstruction})
         WHERE embedder = ${literal(name)} AND embedder_version = ${literal(version)} AND dimensions = ${dimensions}`,
      );
      await transaction.query(`DROP INDEX IF EXISTS vectors.${other}`);
      // Without it the planner reads all items in every recall until autovacuum comes by; in PGlite it never does.
      await transaction.query('ANALYZE vectors.items, vectors.nearest');
      return true;
    },
    // No data is written, and a snapshot need not wait for minutes.
    { withoutFreezeLock: true, ...(signal && { signal }) },
  );
}
