// The jobs that this process has claimed and not yet settled. Cancelling a job, or giving its claim to somebody else, is done in
// the table; here it is noticed, and the handler's signal aborts. The handler's commit would be refused all the same.
import { failure } from '@stillpoint/core';
import type { Queryable } from '../database/contract.ts';

export interface Claimed {
  readonly id: string;
  readonly name: string;
  readonly retryCount: number;
}

export interface InFlight extends Disposable {
  /** Until what it gives back is disposed. */
  add(jobs: readonly Claimed[], abort: (reason: Error) => void): Disposable;
  /** Something may have happened to them. */
  look(): void;
}

const lookMs = 1000;

export function createInFlight(
  /** Where the table can be read; undefined: not just now. */
  reader: () => Queryable | undefined,
  onError: (error: unknown) => void,
): InFlight {
  const running = new Map<string, { readonly job: Claimed; abort(reason: Error): void }>();
  let looking: Promise<void> | undefined;
  let again = false;

  const lookOnce = async (): Promise<void> => {
    const asked = [...running.values()];
    const queryable = reader();
    if (asked.length === 0 || queryable === undefined) return;
    const { rows } = await queryable.query<{ id: string; state: string; retry_count: number }>(
      'SELECT id, state::text, retry_count FROM queue.job WHERE name = ANY($1) AND id = ANY($2::uuid[])',
      [[...new Set(asked.map(({ job }) => job.name))], asked.map(({ job }) => job.id)],
    );
    const found = new Map(rows.map((row) => [row.id, row]));
    for (const one of asked) {
      const { job } = one;
      const row = found.get(job.id);
      if (row?.state === 'active' && row.retry_count === job.retryCount) continue;
      const code = row?.state === 'cancelled' ? 'QUEUE_JOB_CANCELLED' : 'QUEUE_CLAIM_LOST';
      one.abort(failure(code, { job: `${job.name} ${job.id}` }));
    }
  };
  const look = (): void => {
    again = true;
    looking ??= (async () => {
      while (again) {
        again = false;
        await lookOnce().catch(onError);
      }
      looking = undefined;
    })();
  };
  const timer = setInterval(look, lookMs);
  timer.unref();
  return {
    look,
    add(jobs, abort) {
      for (const job of jobs) running.set(job.id, { job, abort });
      return {
        [Symbol.dispose]() {
          for (const { id } of jobs) running.delete(id);
        },
      };
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
