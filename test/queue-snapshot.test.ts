// The queue in snapshots of the whole command: taken while processes work, restored in place, and the count is exact. The workers
// know the database's address and nothing of Stillpoint.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { openDatabase } from '../packages/persistence/src/database/index.ts';
import { createQueue, defineJob } from '../packages/persistence/src/queue/index.ts';
import { crowdJob } from '../packages/persistence/src/queue/testing/crowd-job.ts';
import { startCrowd } from '../packages/persistence/src/queue/testing/crowd.ts';
import { installQueue } from '../packages/persistence/src/queue/testing/open-queue.ts';
import { createProject } from './fixture/project.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const size = soak
  ? { workers: 8, snapshots: 10, feed: 500 }
  : { workers: 2, snapshots: 2, feed: 12 };
const long = defineJob({ name: 'long', data: z.object({}), freeze: 'leave', retry: 0 });

type Opened = Awaited<ReturnType<typeof openDatabase>>;

interface Counted {
  readonly completed: number;
  readonly effects: number;
  readonly distinct: number;
  readonly active: number;
  readonly open: number;
}

test(`${size.snapshots} snapshots while ${size.workers} processes work: each holds whole jobs, and the restored one is worked off exactly`, async (t) => {
  await using project = await createProject({
    extensions: [],
    config: { participants: [{ kind: 'queue' }], freeze: { budget: '20s' } },
  });
  await project.stillpoint(['db', 'start']);
  const at = (await project.stillpoint(['db', 'url'])).stdout.trim();
  const { role } = await installQueue(at);
  const countIn = async (database: Opened): Promise<Counted> => {
    const { rows } = await database.query<Counted>(`SELECT
      (SELECT count(*)::int FROM queue.job WHERE name = 'crowd' AND state = 'completed') AS completed,
      (SELECT count(*)::int FROM queue.job WHERE name = 'crowd' AND state = 'active') AS active,
      (SELECT count(*)::int FROM queue.job WHERE name = 'crowd' AND state <> 'completed') AS open,
      count(*)::int AS effects, count(DISTINCT job)::int AS distinct FROM effects`);
    return rows[0]!;
  };
  const count = async (): Promise<Counted> => {
    await using database = await openDatabase({ at });
    return await countIn(database);
  };
  const worked = async (enough: (counted: Counted) => boolean): Promise<Counted> => {
    await using database = await openDatabase({ at });
    for (;;) {
      const counted = await countIn(database);
      if (enough(counted)) return counted;
      await delay(50);
    }
  };
  const options = { at, role, batch: 2, concurrency: 2, handlerMs: 20 };
  const freezes: number[] = [];
  let restored = '';
  let longJob: string | undefined;
  {
    const database = await openDatabase({ at, role });
    const queue = await createQueue(database);
    // Somebody enqueues all the time, so that each freeze finds jobs.
    const feeding = new AbortController();
    const fed = (async () => {
      while (!feeding.signal.aborted) {
        const data = Array.from({ length: size.feed }, (_, n) => ({ n }));
        await queue.enqueueMany(crowdJob, data);
        await delay(100);
      }
    })();
    const waiting = queue.work(
      long,
      async (_job, { signal }) => void (await once(signal, 'abort')),
    );
    longJob = await queue.enqueue(long, {});
    while ((await queue.job(longJob!))?.state !== 'active') await delay(20);
    {
      await using _crowd = await startCrowd(size.workers, options);
      for (let n = 0; n < size.snapshots; n += 1) {
        const { effects } = await count();
        await worked((now) => now.effects > effects);
        const taken = await project.json<{ id: string; freezeMs: number }>(['snapshot']);
        freezes.push(taken.freezeMs);
        if (n === 0) restored = taken.id;
      }
    }
    feeding.abort();
    await fed;
    await waiting.stop({ graceMs: 0 });
    await queue[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
  await project.stillpoint(['restore', restored, '--yes']);
  const found = await count();
  assert.equal(found.active, 0, 'a job was in flight in the mark');
  assert.deepEqual([found.effects, found.distinct], [found.completed, found.completed]);

  await using database = await openDatabase({ at, role });
  await using queue = await createQueue(database);
  assert.deepEqual(await queue.recover(), { returned: 1, abandoned: 0, failed: 0 });
  assert.equal(
    (await queue.job(longJob!))?.state,
    'retry',
    'the one that a freeze leaves in flight',
  );
  await using _crowd = await startCrowd(size.workers, options);
  const done = await worked(({ open }) => open === 0);
  const all = found.completed + found.open;
  assert.deepEqual([done.effects, done.distinct], [all, all]);
  t.diagnostic(
    `freezes ${freezes.map((ms) => ms.toFixed(0)).join(', ')} ms; ${found.completed} of ${all} jobs done in the snapshot`,
  );
});
