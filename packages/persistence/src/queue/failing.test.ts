// How a job ends that does not end well: whatever its handler throws, it is settled.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { until, whyNot } from '../database/testing/index.ts';
import { defineJob } from './define-job.ts';
import { openTestQueue } from './testing/open-queue.ts';

test(
  'a job fails with whatever was thrown, also what no database holds',
  { skip: whyNot('embedded-18') },
  async (t) => {
    const { queue, errors } = await openTestQueue(t);
    const thrown = [
      new Error('a zero \0 and half a \uD800 pair'),
      undefined,
      null,
      'text\0',
      Object.create(null),
      Object.assign(new Error('with a code'), { code: '\0' }),
      new Error('long '.repeat(100_000)),
    ];
    const odd = defineJob({ name: 'odd', data: z.object({ n: z.number() }), retry: 0 });
    queue.work(odd, ({ data }) => Promise.reject(thrown[data.n]), { concurrency: 3 });
    const ids = await queue.enqueueMany(
      odd,
      thrown.map((_, n) => ({ n })),
    );
    const jobs = await Promise.all(
      ids.map(async (id) => {
        await until(async () => (await queue.job(id))?.state === 'failed');
        return await queue.job(id);
      }),
    );
    assert.match(jobs[0]?.error ?? '', /^a zero \uFFFD and half a \uFFFD pair$/);
    assert.deepEqual([jobs[1]?.error, jobs[6]?.error?.length], ['undefined', 10_000]);
    assert.deepEqual(errors, []);
  },
);
