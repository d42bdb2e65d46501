// Jobs as the database knows them: a row for each kind, written when a process uses it for the first time.
import { failure } from '@stillpoint/core';
import type { PgBoss } from 'pg-boss';
import type { Database } from '../database/contract.ts';
import type { JobDefinition, Singleton } from './contract.ts';

const policies: Readonly<Record<Singleton, string>> = {
  none: 'standard',
  waiting: 'short',
  running: 'singleton',
  both: 'exclusive',
};

/** What waits is never deleted by age: decades, within what the column holds. */
const waitsSeconds = 2_000_000_000;

export interface Definitions {
  /** Makes the row, or makes it say what the definition says. Once for each kind and process. */
  ready(job: JobDefinition): Promise<void>;
}

export function createDefinitions(database: Database, boss: PgBoss): Definitions {
  const known = new Map<JobDefinition, Promise<void>>();
  const define = async (job: JobDefinition): Promise<void> => {
    if (job.deadLetter !== undefined) await ready(job.deadLetter);
    await write(database, job);
    // Into pg-boss's own memory, by asking for what is not there: inside of the one transaction of PGlite it could not look.
    await boss.findJobs(job.name, { id: '00000000-0000-0000-0000-000000000000' });
  };
  const ready = (job: JobDefinition): Promise<void> => {
    const before = known.get(job);
    if (before !== undefined) return before;
    const defining = define(job);
    known.set(job, defining);
    defining.catch(() => known.delete(job));
    return defining;
  };
  return { ready };
}

async function write(database: Database, job: JobDefinition): Promise<void> {
  const policy = policies[job.singleton];
  const options = {
    policy,
    retryLimit: job.retry,
    retryDelay: job.backoffMs === undefined ? 0 : seconds(job.backoffMs.first),
    retryBackoff: job.backoffMs !== undefined,
    retryDelayMax: job.backoffMs?.longest === undefined ? null : seconds(job.backoffMs.longest),
    expireInSeconds: seconds(job.expireMs),
    retentionSeconds: waitsSeconds,
    deleteAfterSeconds: seconds(job.keepMs),
    deadLetter: job.deadLetter?.name ?? null,
    notify: true,
  };
  await database.transaction(async (transaction) => {
    const values = [job.name, JSON.stringify(options)];
    await transaction.query('SELECT queue.create_queue($1, $2::jsonb)', values);
    const { rows } = await transaction.query<{ policy: string; changed: boolean }>(
      `UPDATE queue.queue SET retry_limit = (o->>'retryLimit')::int, retry_delay = (o->>'retryDelay')::int,
         retry_backoff = (o->>'retryBackoff')::bool, retry_delay_max = (o->>'retryDelayMax')::int,
         expire_seconds = (o->>'expireInSeconds')::int, retention_seconds = (o->>'retentionSeconds')::int,
         deletion_seconds = (o->>'deleteAfterSeconds')::int, dead_letter = o->>'deadLetter', notify = true,
         updated_on = now()
       FROM (SELECT $2::jsonb AS o) AS given WHERE name = $1 RETURNING policy`,
      values,
    );
    const found = rows[0]?.policy;
    if (found !== policy) {
      const was = Object.entries(policies).find(([, text]) => text === found)?.[0] ?? found ?? '?';
      throw failure('QUEUE_JOB_DIFFERS', { job: job.name, was, wanted: job.singleton });
    }
    await transaction.query(
      `INSERT INTO queue.definition (name, after_restore, in_freeze) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO UPDATE SET after_restore = excluded.after_restore, in_freeze = excluded.in_freeze`,
      [job.name, job.afterRestore, job.freeze],
    );
  });
}

/** pg-boss counts in whole seconds, from 1. */
function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
