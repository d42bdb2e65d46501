// Sweeps in the database: made whole, looked at, and their results written once.
import { canonicalBytes, digestOf, failure } from '@stillpoint/core';
import { installChambers, installedVersions } from '../chambers/index.ts';
import type { Database } from '../database/contract.ts';
import { openDatabase } from '../database/index.ts';
import { libraryParts } from '../parts.ts';
import type { JobDefinition, Queue } from '../queue/contract.ts';
import type { SweepPlan, SweepRun, Sweeps } from './contract.ts';
import { sweepsPart } from './part.ts';

/** Where the tables are not there yet they are made, for which `url` must have the right. */
export async function prepareSweeps(url: string): Promise<void> {
  await using database = await openDatabase({ at: url, connections: 1 });
  const parts = [...libraryParts, sweepsPart];
  const installed = await installedVersions(database);
  if (parts.every(({ name, steps }) => installed?.get(name) === steps.length)) return;
  await database.transaction((transaction) => installChambers(transaction, parts, database.facts));
}

export function createSweeps(database: Database, queue: Queue): Sweeps {
  return {
    begin: (sweep, plan, job) => begin(database, queue, { sweep, plan, job }),

    async record({ sweep, index }, result, transaction) {
      const [tick, hash, error] =
        'error' in result ? [null, null, result.error] : [result.tick, result.stateHash, null];
      const { rowCount } = await transaction.query(
        `UPDATE queue.sweep_run SET tick = $3, state_hash = $4, error = $5, finished_at = clock_timestamp()
         WHERE sweep = $1 AND index = $2 AND finished_at IS NULL`,
        [sweep, index, tick, hash, error],
      );
      if (rowCount !== 1) throw failure('SWEEP_RESULT_TWICE', { sweep, index });
    },

    async parametersOf({ sweep, index }) {
      const { rows } = await database.query<{ parameters: Record<string, number> }>(
        'SELECT parameters FROM queue.sweep_run WHERE sweep = $1 AND index = $2',
        [sweep, index],
      );
      return rows[0]?.parameters;
    },

    runs: (sweep) => runsOf(database, sweep),
  };
}

interface Beginning {
  readonly sweep: string;
  readonly plan: SweepPlan;
  readonly job: JobDefinition;
}

async function begin(
  database: Database,
  queue: Queue,
  { sweep, plan, job }: Beginning,
): Promise<boolean> {
  const digest = digestOf(canonicalBytes(plan));
  return await database.transaction(async (transaction) => {
    const { rowCount } = await transaction.query(
      `INSERT INTO queue.sweep (id, agreed, plan_digest) VALUES ($1, $2::jsonb, $3) ON CONFLICT DO NOTHING`,
      [sweep, JSON.stringify(plan.agreed), digest],
    );
    if (rowCount === 0) {
      // Who came first has committed: we waited for that.
      const { rows } = await transaction.query<{ digest: string }>(
        'SELECT plan_digest AS digest FROM queue.sweep WHERE id = $1',
        [sweep],
      );
      if (rows[0]?.digest !== digest) throw failure('SWEEP_DIFFERS', { sweep });
      return false;
    }
    const data = plan.parameters.map((_, index) => ({ sweep, index }));
    const jobs = await queue.enqueueMany(job, data, {}, transaction);
    if (jobs.length !== data.length)
      throw new TypeError('a job of a sweep is not a singleton of any kind');
    await transaction.query(
      `INSERT INTO queue.sweep_run (sweep, index, parameters, job)
       SELECT $1, given.at - 1, given.parameters, j.id
       FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS given (parameters, at)
       JOIN queue.job j ON j.id = ANY ($3::uuid[]) AND (j.data->>'index')::int = given.at - 1`,
      [sweep, JSON.stringify(plan.parameters), jobs],
    );
    return true;
  });
}

async function runsOf(database: Database, sweep: string): Promise<readonly SweepRun[]> {
  const known = await database.query('SELECT FROM queue.sweep WHERE id = $1', [sweep]);
  if (known.rows.length === 0) throw failure('SWEEP_UNKNOWN', { sweep });
  const { rows } = await database.query<Row>(
    `SELECT r.index, r.parameters, r.tick, r.state_hash, r.error, r.finished_at,
       j.state::text AS job_state, coalesce(j.retry_count, 0) AS retries, j.output->>'message' AS job_error
     FROM queue.sweep_run r LEFT JOIN queue.job j ON j.id = r.job
     WHERE r.sweep = $1 ORDER BY r.index`,
    [sweep],
  );
  return rows.map((row) => ({
    index: row.index,
    parameters: row.parameters,
    state: stateOf(row),
    attempts: Number(row.retries) + (row.job_state === 'created' ? 0 : 1),
    tick: row.tick === null ? null : Number(row.tick),
    stateHash: row.state_hash,
    error: row.error ?? (row.job_state === 'failed' ? row.job_error : null),
    finishedAt: row.finished_at,
  }));
}

interface Row {
  readonly index: number;
  readonly parameters: Readonly<Record<string, number>>;
  readonly tick: string | number | null;
  readonly state_hash: string | null;
  readonly error: string | null;
  readonly finished_at: Date | null;
  readonly job_state: string | null;
  readonly retries: string | number;
  readonly job_error: string | null;
}

function stateOf({ finished_at: finishedAt, error, job_state: job }: Row): SweepRun['state'] {
  if (finishedAt !== null) return error === null ? 'finished' : 'failed';
  if (job === 'failed' || job === 'cancelled') return 'failed';
  return job === 'active' ? 'running' : 'waiting';
}
