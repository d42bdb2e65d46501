// The kind of job that the worker processes of the tests do.
import { z } from 'zod';
import { defineJob } from '../define-job.ts';

export interface WorkerArguments {
  readonly at: string;
  readonly role: string;
  readonly batch: number;
  readonly concurrency: number;
  readonly handlerMs: number;
}

/** Many attempts: workers are killed at random, and each death counts. */
export const crowdJob = defineJob({
  name: 'crowd',
  data: z.object({ n: z.number() }),
  retry: 100,
});
