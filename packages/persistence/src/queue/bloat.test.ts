// The queue's tables do not grow with the number of jobs that went through them. In the soak; that the settings are those of the
// part is in part.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { openDatabase } from '../database/index.ts';
import { startServer } from '../database/testing/index.ts';
import { defineJob } from './define-job.ts';
import { createQueue } from './queue.ts';
import { installQueue } from './testing/open-queue.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const jobs = 1_000_000;
async function until(body: () => boolean): Promise<void> {
  while (!body()) await delay(10);
}

/** What waits, and what is kept of what was done: the working size. */
const waiting = 20_000;
const job = defineJob({ name: 'bloat', data: z.object({ n: z.number() }), keep: '1s' });

test(
  `after ${jobs} jobs the tables are below twice their working size`,
  { skip: !soak && 'only in the soak' },
  async (t) => {
    await using server = await startServer('embedded-18', {
      settings: { autovacuum_naptime: '1s', shared_buffers: '256MB' },
    });
    const at = await server.createDatabase();
    const { role } = await installQueue(at);
    await using database = await openDatabase({ at, role });
    await using queue = await createQueue(database);
    let done = 0;
    queue.work(job, async (given) => void (done += given.length), { batch: 500, concurrency: 2 });
    const sizeBytes = async (): Promise<number> => {
      const { rows } = await database.query<{ size: string }>(
        "SELECT sum(pg_total_relation_size(oid)) AS size FROM pg_class WHERE relnamespace = 'queue'::regnamespace AND relkind IN ('r', 'p')",
      );
      return Number(rows[0]!.size);
    };
    const sizes: number[] = [];
    for (let enqueued = 0; enqueued < jobs; enqueued += 1000) {
      await queue.enqueueMany(
        job,
        Array.from({ length: 1000 }, (_, n) => ({ n })),
      );
      await until(() => enqueued - done <= waiting);
      if (enqueued % 50_000 === 0) sizes.push(await sizeBytes());
    }
    await until(() => done >= jobs);
    const end = await sizeBytes();
    // A quarter of the way everything has been through enqueuing, claiming, completing, deletion and vacuum.
    const working = Math.max(...sizes.slice(0, sizes.length / 4));
    const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
    t.diagnostic(`MB every 50,000 jobs: ${sizes.map(mb).join(' ')}; at the end ${mb(end)}`);
    assert.ok(
      Math.max(end, ...sizes) < 2 * working,
      `${mb(end)} MB, working size ${mb(working)} MB`,
    );
  },
);
