// What can be seen of a job: its row and its progress.
import type { Queryable } from '../database/contract.ts';
import type { JobState } from './contract.ts';

interface Row {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly data: unknown;
  readonly retry_count: number;
  readonly started_on: Date | null;
  readonly created_on: Date;
  readonly completed_on: Date | null;
  readonly output: { readonly message?: unknown } | null;
  readonly fraction: number | null;
  readonly note: string | null;
}

export async function readJob(queryable: Queryable, id: string): Promise<JobState | undefined> {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return undefined;
  // By way of the queues: the table's key begins with the name.
  const { rows } = await queryable.query<Row>(
    `SELECT j.id, j.name, j.state::text, j.data, j.retry_count, j.started_on, j.created_on, j.completed_on, j.output,
       p.fraction, p.note
     FROM queue.queue q JOIN queue.job j ON j.name = q.name AND j.id = $1 LEFT JOIN queue.progress p ON p.id = j.id`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const message = row.output?.message;
  return {
    id: row.id,
    name: row.name,
    state: row.state === 'created' ? 'waiting' : (row.state as JobState['state']),
    data: row.data,
    attempts: row.started_on === null ? 0 : row.retry_count + 1,
    createdAt: row.created_on,
    completedAt: row.completed_on ?? undefined,
    progress:
      row.fraction === null ? undefined : { fraction: row.fraction, note: row.note ?? undefined },
    error: typeof message === 'string' ? message : undefined,
  };
}
