// What the compiler knows of a job without a word of its author. Nothing here is run: `npm run types` is the test.
import { test } from 'node:test';
import { z } from 'zod';
import type { Queue } from './contract.ts';
import { defineJob } from './define-job.ts';

const mail = defineJob({ name: 'mail', data: z.object({ to: z.string(), at: z.coerce.date() }) });
const report = defineJob({ name: 'report', data: z.object({}), freeze: 'leave' });

export async function neverRun(queue: Queue): Promise<void> {
  await queue.enqueue(mail, { to: 'a@example.com', at: '2026-01-01' });
  // @ts-expect-error a number is no address
  await queue.enqueue(mail, { to: 1, at: '2026-01-01' });
  queue.work(mail, async ({ data }, { signal, transaction }) => {
    const to: string = data.to;
    const at: Date = data.at;
    await transaction.query('SELECT $1, $2, $3', [to, at, signal.aborted]);
  });
  queue.work(mail, async (jobs) => void jobs.map(({ data }) => data.to.length), { batch: 10 });
  // @ts-expect-error without `batch` it is one job
  queue.work(mail, async (jobs) => void jobs.map(({ data }) => data.to.length));
  queue.work(report, async (_job, { signal }) => async (transaction) => {
    await transaction.query('SELECT $1', [signal.aborted]);
  });
  // @ts-expect-error one that a freeze leaves in flight has no transaction while it runs
  queue.work(report, async (_job, { transaction }) => void transaction);
  await queue.schedule(report, { cron: '0 4 * * *', data: {} });
}

test('types of jobs are inferred', () => {});
