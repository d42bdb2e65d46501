// The index that the server keeps: pgvector over vectors.nearest, exact until an HNSW index is built (build-index.ts), and by it from
// then on.
import { createHash } from 'node:crypto';
import { identifier } from '../database/index.ts';
import type { Database } from '../database/contract.ts';
import type { VectorIndex } from './contract.ts';
import type { EmbedderIdentity } from './embedding.ts';

export interface Pgvector {
  /** The schema of the extension, quoted. */
  readonly schema: string;
  /** '0.8.7' */
  readonly version: string;
}

export type Precision = 'vector' | 'halfvec';

/** Candidates for each result where they are found by half the precision; their order comes from the whole. */
const CANDIDATES = 4;
/** Nodes that a search looks at: from 40, pgvector's own, on recall gets better with each. */
const EF_SEARCH = 100;
const MOST_EF_SEARCH = 1000;

/** Undefined, with the reason: it cannot be used. */
export async function probePgvector(
  database: Database,
): Promise<{ readonly pgvector: Pgvector | undefined; readonly why: string }> {
  const { rows } = await database.query<{
    readonly schema: string | null;
    readonly version: string | null;
    readonly kept: boolean;
  }>(
    `SELECT (SELECT nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = e.extnamespace) AS schema,
       e.extversion AS version,
       EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgrelid = 'vectors.items'::regclass
         AND tgname = 'stillpoint_nearest' AND tgenabled IN ('O', 'A')) AS kept
     FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'vector'`,
  );
  const { schema, version, kept } = rows[0]!;
  const none = (why: string) => ({ pgvector: undefined, why });
  if (schema === null || version === null)
    return database.facts.extensions.has('vector')
      ? none('the server offers pgvector, but nobody created the extension in this database')
      : none('the server does not offer pgvector');
  if (!kept) return none('pgvector came after the last migration');
  return { pgvector: { schema: identifier(schema), version }, why: `pgvector ${version} is there` };
}

/** Of one embedder, at one precision. */
export function indexName(embedder: EmbedderIdentity, precision: Precision): string {
  const { name, version, dimensions } = embedder;
  const digest = createHash('sha256')
    .update(JSON.stringify([name, version, dimensions]))
    .digest('hex');
  return `nearest_${precision}_${digest.slice(0, 16)}`;
}

export function createPgvector(
  database: Database,
  { schema, version: pgvectorVersion }: Pgvector,
  embedder: EmbedderIdentity,
  why: string,
): VectorIndex {
  const { name, version, dimensions } = embedder;
  const half = `vectors.${indexName(embedder, 'halfvec')}`;
  const full = `vectors.${indexName(embedder, 'vector')}`;
  const iterates = isAtLeast(pgvectorVersion, 0, 8);
  const distance = (precision: Precision, column: string): string => {
    const type = `${schema}.${precision}(${dimensions})`;
    return `${column}::${type} OPERATOR(${schema}.<#>) $1::${schema}.vector::${type}`;
  };
  const select = (precision: Precision, limit: string): string =>
    `SELECT item, embedding FROM vectors.nearest
     WHERE embedder = $2 AND embedder_version = $3 AND dimensions = ${dimensions} AND status = ANY ($4)
     ORDER BY ${distance(precision, 'embedding')} LIMIT ${limit}`;
  const rank = (inner: string): string =>
    `SELECT item AS id, -(${distance('vector', 'embedding')}) AS score FROM (${inner}) AS candidates ORDER BY score DESC, id LIMIT $5::int`;

  return {
    name: 'pgvector',
    why,
    async approximate() {
      const { rows } = await database.query<{ readonly there: boolean }>(
        'SELECT to_regclass($1) IS NOT NULL OR to_regclass($2) IS NOT NULL AS there',
        [half, full],
      );
      return rows[0]!.there;
    },
    nearest: async (query, { limit, statuses, signal }) =>
      await database.transaction(
        async (transaction) => {
          const ef = String(Math.min(MOST_EF_SEARCH, Math.max(EF_SEARCH, limit * CANDIDATES)));
          const { rows: set } = await transaction.query<{ readonly half: boolean }>(
            `SELECT set_config('hnsw.ef_search', $1, true), to_regclass($2) IS NOT NULL AS half
             ${iterates ? `, set_config('hnsw.iterative_scan', 'strict_order', true)` : ''}`,
            [ef, half],
          );
          const inner = set[0]!.half
            ? select('halfvec', `$5::int * ${CANDIDATES}`)
            : select('vector', '$5::int');
          const { rows } = await transaction.query<{ readonly id: string; readonly score: number }>(
            rank(inner),
            [`[${query.join(',')}]`, name, version, statuses, limit],
          );
          return rows;
        },
        // It reads, and a freeze need not wait for it.
        { readOnly: true, withoutFreezeLock: true, ...(signal && { signal }) },
      ),
    forget() {},
    processBytes: () => 0,
  };
}

function isAtLeast(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map(Number);
  return first > major || (first === major && second >= minor);
}
