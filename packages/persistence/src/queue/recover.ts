// Void claims: rows in flight whose session is not there any more (law 3). It is seen by the lock that each claiming session
// holds on a number of its own; a restored snapshot has the rows, and none of the locks.
//
// Whether a worker died or the database was brought back from a snapshot is told by the epoch in the claim: see station.ts.
import type { PgBoss } from 'pg-boss';
import type { Queryable } from '../database/contract.ts';
import { affected, bossDb } from './boss.ts';
import type { Recovered } from './contract.ts';
import { tellWorkers } from './keys.ts';
import { epochOf } from './station.ts';

interface VoidClaim {
  readonly id: string;
  readonly name: string;
  readonly retryCount: number;
  readonly epoch: string;
  readonly policy: string;
  /** Where it goes when it fails for good. */
  readonly dead: string | null;
}

/** At a time; the next call finds more. */
const limit = 1000;

export async function recoverVoidClaims(boss: PgBoss, queryable: Queryable): Promise<Recovered> {
  const epoch = await epochOf(queryable);
  const found = await voidClaims(queryable);
  const dead = found.filter((claim) => claim.epoch === epoch);
  const restored = found.filter((claim) => claim.epoch !== epoch);
  const back = restored.filter(({ policy }) => policy !== 'abandon');
  const gone = restored.filter(({ policy }) => policy === 'abandon');
  const db = bossDb(queryable);
  let failed = 0;
  for (const [name, claims] of Map.groupBy(dead, (claim) => claim.name)) {
    failed += affected(await boss.fail(name, claims, { message: 'its worker died' }, { db }));
  }
  let abandoned = 0;
  for (const [name, claims] of Map.groupBy(gone, (claim) => claim.name)) {
    abandoned += affected(await boss.cancel(name, claims, { db }));
  }
  const returned = await giveBack(queryable, back);
  const names = [
    ...new Set([...dead, ...back].flatMap(({ name, dead: to }) => (to ? [name, to] : [name]))),
  ];
  if (names.length > 0) await tellWorkers(queryable, names);
  return { returned, abandoned, failed };
}

async function voidClaims(queryable: Queryable): Promise<readonly VoidClaim[]> {
  // A claim that this statement sees was made by a session that held its lock before: the lock is missing only if it ended.
  const { rows } = await queryable.query<VoidClaim>(
    `WITH alive AS MATERIALIZED (
       SELECT ((classid::bigint << 32) | objid::bigint)::text AS worker FROM pg_locks
       WHERE locktype = 'advisory' AND objsubid = 1 AND granted
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     ), claims AS (
       SELECT j.id, j.name, j.retry_count AS "retryCount", j.dead_letter AS dead, j.trace_context #>> '{}' AS mark
       FROM queue.queue q JOIN queue.job j ON j.name = q.name AND j.state = 'active'
       WHERE jsonb_typeof(j.trace_context) = 'string'
     )
     SELECT c.id, c.name, c."retryCount", c.dead, split_part(c.mark, ':', 2) AS epoch,
       COALESCE(d.after_restore, 'return') AS policy
     FROM claims c LEFT JOIN queue.definition d ON d.name = c.name
     WHERE NOT EXISTS (SELECT FROM alive WHERE worker = split_part(c.mark, ':', 1))
     ORDER BY c.id LIMIT ${limit}`,
  );
  return rows;
}

/** Not an attempt that failed: one more is allowed, as the next claim will count this one. Fenced, as all settling is. */
async function giveBack(queryable: Queryable, claims: readonly VoidClaim[]): Promise<number> {
  if (claims.length === 0) return 0;
  const { rowCount } = await queryable.query(
    `UPDATE queue.job j SET state = 'retry', retry_limit = retry_limit + 1, start_after = now(), heartbeat_on = NULL
     FROM unnest($1::text[], $2::uuid[], $3::int[]) AS c (name, id, retry_count)
     WHERE j.name = c.name AND j.id = c.id AND j.retry_count = c.retry_count AND j.state = 'active'`,
    [
      claims.map(({ name }) => name),
      claims.map(({ id }) => id),
      claims.map(({ retryCount }) => retryCount),
    ],
  );
  return rowCount;
}
