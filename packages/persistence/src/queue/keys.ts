// The names under which workers and the freezer of one project meet in a database. All come from the key of the freeze lock,
// so that whoever knows one knows all, and two projects in one database do not stop each other.
import { createHash } from 'node:crypto';
import type { Queryable } from '../database/contract.ts';

export interface QueueKeys {
  /** Exclusive: no claims may begin. Workers only look at it. */
  readonly gate: bigint;
  /** Shared, by every session that claims or has jobs in flight; exclusive, by the freezer that waits for them. */
  readonly permits: bigint;
  /** Exclusive, by the one process that looks after the queue's tables. */
  readonly upkeep: bigint;
  /** Of NOTIFY: look at the gate, or at what became of your jobs. */
  readonly channel: string;
}

/** "Qgate", "Qperm" and "Qkeep" in the upper bytes: far from keys that people choose, which are small. */
const tags = {
  gate: 0x51_67_61_74_65_00_00_00n,
  permits: 0x51_70_65_72_6d_00_00_00n,
  upkeep: 0x51_6b_65_65_70_00_00_00n,
};

export function queueKeys(freezeLockKey: bigint): QueueKeys {
  const key = (tag: bigint): bigint => BigInt.asIntN(64, freezeLockKey ^ tag);
  const permits = key(tags.permits);
  return {
    gate: key(tags.gate),
    permits,
    upkeep: key(tags.upkeep),
    channel: `stillpoint_queue_${BigInt.asUintN(64, permits).toString(16)}`,
  };
}

/** Where pg-boss tells of new jobs; the payload is the queue's name. As it derives it from the schema. */
export const enqueuedChannel = `pgboss_${createHash('sha224').update('queue').digest('hex').slice(0, 24)}`;

/** There may be something in these queues that pg-boss did not tell of: what failed is waiting again, or is a dead letter. */
export async function tellWorkers(queryable: Queryable, queues: readonly string[]): Promise<void> {
  await queryable.query('SELECT pg_notify($1, name) FROM unnest($2::text[]) AS q (name)', [
    enqueuedChannel,
    queues,
  ]);
}
