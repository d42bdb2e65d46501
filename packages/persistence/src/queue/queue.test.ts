import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, describe, it, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { z } from 'zod';
import { openDatabase } from '../database/index.ts';
import { endLite, liteOfTests, serverOfTests } from '../database/testing/index.ts';
import { defineJob } from './define-job.ts';
import type { JobState, Queue } from './contract.ts';
import { createQueue } from './queue.ts';
import { installQueue, openTestQueue } from './testing/open-queue.ts';

after(endLite);

const number = defineJob({ name: 'number', data: z.object({ n: z.number() }) });

/** Polls what only the database knows; comes or does not. */
async function until<T>(body: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await body();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function ended(queue: Queue, id: string | undefined, ...states: JobState['state'][]) {
  const wanted: readonly string[] = states.length === 0 ? ['completed'] : states;
  return until(async () => {
    const job = await queue.job(id!);
    return job !== undefined && wanted.includes(job.state) ? job : undefined;
  });
}

describe('jobs', () => {
  it('are done once, with their data, and their effect in the same transaction', async (t) => {
    const { queue, database, errors } = await openTestQueue(t);
    const seen: number[] = [];
    queue.work(number, async (job, { transaction }) => {
      seen.push(job.data.n);
      assert.equal(job.attempt, 1);
      await transaction.query('INSERT INTO effects (job) VALUES ($1)', [job.id]);
    });
    const id = await queue.enqueue(number, { n: 7 });
    const job = await ended(queue, id);
    assert.deepEqual([seen, job.attempts, job.data], [[7], 1, { n: 7 }]);
    const { rows } = await database.query('SELECT job FROM effects');
    assert.deepEqual(rows, [{ job: id }]);
    assert.deepEqual(errors, []);
  });

  it('are part of the transaction that enqueues them', async (t) => {
    const { queue, database } = await openTestQueue(t);
    const ids: (string | undefined)[] = [];
    await assert.rejects(
      database.transaction(async (transaction) => {
        ids.push(await queue.enqueue(number, { n: 1 }, {}, transaction));
        throw new Error('no');
      }),
    );
    assert.equal(await queue.job(ids[0]!), undefined);
    await database.transaction(async (transaction) => {
      ids.push(await queue.enqueue(number, { n: 2 }, {}, transaction));
      assert.equal(await queue.job(ids[1]!), undefined, 'seen before the commit');
    });
    assert.equal((await queue.job(ids[1]!))?.state, 'waiting');
  });

  it('whose effect was rolled back are tried again, and fail for good with the error and a dead letter', async (t) => {
    const { queue, database } = await openTestQueue(t);
    const dead = defineJob({ name: 'dead', data: z.object({ n: z.number() }) });
    const failing = defineJob({ name: 'failing', data: dead.data, retry: 1, deadLetter: dead });
    const attempts: number[] = [];
    queue.work(failing, async (job, { transaction }) => {
      attempts.push(job.attempt);
      await transaction.query('INSERT INTO effects (job) VALUES ($1)', [job.id]);
      throw new Error('not today');
    });
    const buried = Promise.withResolvers<number>();
    queue.work(dead, async (job) => buried.resolve(job.data.n));
    const id = await queue.enqueue(failing, { n: 5 });
    const job = await ended(queue, id, 'failed');
    assert.deepEqual([attempts, job.attempts, job.error], [[1, 2], 2, 'not today']);
    assert.equal(await buried.promise, 5);
    assert.deepEqual((await database.query('SELECT FROM effects')).rowCount, 0);
  });

  it('come by priority, and not before their time', async (t) => {
    const { queue } = await openTestQueue(t);
    await queue.enqueue(number, { n: 1 });
    await queue.enqueue(number, { n: 2 }, { priority: 5 });
    await queue.enqueue(number, { n: 3 }, { after: '1h' });
    const last = await queue.enqueue(number, { n: 4 });
    const seen: number[] = [];
    queue.work(number, async ({ data }) => void seen.push(data.n));
    await ended(queue, last);
    assert.deepEqual(seen, [2, 1, 4]);
  });

  it('with data that the schema or JSON refuses are not enqueued', async (t) => {
    const { queue } = await openTestQueue(t);
    const loose = defineJob({ name: 'loose', data: z.any() });
    const refused = (error: unknown) => isFailure(error, 'QUEUE_DATA_INVALID');
    await assert.rejects(queue.enqueue(number, { n: 'x' } as never), refused);
    await assert.rejects(queue.enqueue(loose, 'text'), refused);
    await assert.rejects(queue.enqueue(loose, { text: 'a\u0000b' }), refused);
    await assert.rejects(queue.enqueue(loose, { big: 1n }), refused);
    const id = await queue.enqueue(loose, { text: '\\u0000' });
    assert.deepEqual((await queue.job(id!))?.data, { text: '\\u0000' });
  });

  it('are refused with data that JSON would make something else of: they would fail in each attempt', async (t) => {
    const { queue } = await openTestQueue(t);
    const loose = defineJob({ name: 'loose', data: z.any() });
    const strict = defineJob({ name: 'strict', data: z.object({ at: z.date() }) });
    const refused = (error: unknown) => isFailure(error, 'QUEUE_DATA_INVALID');
    await assert.rejects(queue.enqueue(strict, { at: new Date() }), refused);
    for (const data of [
      { n: NaN },
      { n: new Map([[1, 2]]) },
      { n: Buffer.from('ab') },
      { n: 'half \ud800' },
      { ['half \udc00']: 1 },
      { toJSON: () => [1] },
    ]) {
      await assert.rejects(queue.enqueue(loose, data), refused);
      await assert.rejects(queue.enqueueMany(loose, [{}, data]), refused);
    }
  });

  it('of a batch that the schema refuses now fail alone', async (t) => {
    const { queue } = await openTestQueue(t);
    const before = defineJob({ name: 'changed', data: z.any(), retry: 0 });
    const ids = await queue.enqueueMany(before, [{ n: 1 }, { n: 'two' }, { n: 3 }]);
    const now = defineJob({ name: 'changed', data: z.object({ n: z.number() }), retry: 0 });
    const seen: number[] = [];
    const refused = Promise.withResolvers<void>();
    queue.work(
      now,
      async (given, { signal }) => {
        seen.push(...given.map(({ data }) => data.n));
        // The one that failed is looked at again, and is no reason to stop.
        await refused.promise;
        await queue.cancel(ids[1]!);
        // On the session that hears of it and looks: after some turns it has.
        for (let turn = 0; turn < 3; turn += 1) await given[0]?.progress(0.5);
        signal.throwIfAborted();
      },
      { batch: 10 },
    );
    await ended(queue, ids[1], 'failed');
    refused.resolve();
    const jobs = await Promise.all(ids.map((id) => ended(queue, id, 'completed', 'failed')));
    assert.deepEqual(
      jobs.map(({ state }) => state),
      ['completed', 'failed', 'completed'],
    );
    assert.match(jobs[1]?.error ?? '', /expected number/);
    assert.deepEqual(new Set(seen), new Set([1, 3]));
  });

  it('wait by the clock of the server, whatever ours says', async (t) => {
    const { queue } = await openTestQueue(t);
    const now = Date.now;
    // An hour behind: by this clock both would be due at once.
    Date.now = () => now() - 7_200_000;
    t.after(() => (Date.now = now));
    const [one, two] = [
      await queue.enqueue(number, { n: 1 }, { after: '1h' }),
      (await queue.enqueueMany(number, [{ n: 2 }], { after: 3_600_000 }))[0],
    ];
    const three = await queue.enqueue(number, { n: 3 }, { after: 1 });
    queue.work(number, async () => {}, { poll: 50 });
    await ended(queue, three);
    assert.equal((await queue.job(one!))?.state, 'waiting');
    assert.equal((await queue.job(two!))?.state, 'waiting');
  });

  it('keep what they were given, and hand over what the schema makes of it', async (t) => {
    const { queue } = await openTestQueue(t);
    const dated = defineJob({ name: 'dated', data: z.object({ at: z.coerce.date() }) });
    const seen = Promise.withResolvers<Date>();
    queue.work(dated, async ({ data }) => seen.resolve(data.at));
    await queue.enqueue(dated, { at: '2026-01-02T03:04:05Z' });
    assert.equal((await seen.promise).toISOString(), '2026-01-02T03:04:05.000Z');
  });

  it('of equal key exclude each other as singleton says', async (t) => {
    const { queue } = await openTestQueue(t);
    const single = defineJob({ name: 'single', data: z.object({}), singleton: 'both' });
    const first = await queue.enqueue(single, {}, { key: 'a' });
    assert.equal(await queue.enqueue(single, {}, { key: 'a' }), undefined);
    assert.notEqual(await queue.enqueue(single, {}, { key: 'b' }), undefined);
    queue.work(single, async () => {}, { concurrency: 3 });
    await ended(queue, first);
    assert.notEqual(await queue.enqueue(single, {}, { key: 'a' }), undefined);
    const other = defineJob({ name: 'single', data: z.object({}), singleton: 'none' });
    await assert.rejects(queue.enqueue(other, {}), (error) =>
      isFailure(error, 'QUEUE_JOB_DIFFERS'),
    );
  });

  it('in a batch share one transaction: all or none', async (t) => {
    const { queue, database } = await openTestQueue(t);
    const ids = await queue.enqueueMany(
      number,
      Array.from({ length: 10 }, (_, n) => ({ n })),
    );
    assert.equal(ids.length, 10);
    let failed = false;
    const sizes: number[] = [];
    queue.work(
      number,
      async (jobs, { transaction }) => {
        sizes.push(jobs.length);
        for (const { id } of jobs)
          await transaction.query('INSERT INTO effects (job) VALUES ($1)', [id]);
        if (!failed) {
          failed = true;
          throw new Error('once');
        }
      },
      { batch: 5 },
    );
    for (const id of ids) await ended(queue, id);
    const { rows } = await database.query<{ n: string; d: string }>(
      'SELECT count(*) AS n, count(DISTINCT job) AS d FROM effects',
    );
    assert.deepEqual(rows, [{ n: '10', d: '10' }]);
    assert.deepEqual(sizes, [5, 5, 5]);
  });

  it('tell their progress while they run', async (t) => {
    const { queue } = await openTestQueue(t);
    const told = new EventEmitter();
    queue.work(number, async (job) => {
      await job.progress(0.5, 'half');
      told.emit('half');
      await once(told, 'go');
    });
    const half = once(told, 'half');
    const id = await queue.enqueue(number, { n: 1 });
    await half;
    const job = await queue.job(id!);
    assert.deepEqual([job?.state, job?.progress], ['active', { fraction: 0.5, note: 'half' }]);
    told.emit('go');
    await ended(queue, id);
  });

  it('that are cancelled abort their signal, and nothing of them commits', async (t) => {
    const { queue, database } = await openTestQueue(t);
    const other = await createQueue(database);
    t.after(() => other[Symbol.asyncDispose]());
    const started = Promise.withResolvers<void>();
    const reason = Promise.withResolvers<unknown>();
    queue.work(number, async (job, { signal, transaction }) => {
      await transaction.query('INSERT INTO effects (job) VALUES ($1)', [job.id]);
      started.resolve();
      await once(signal, 'abort');
      reason.resolve(signal.reason);
    });
    const id = await queue.enqueue(number, { n: 1 });
    await started.promise;
    assert.equal(await other.cancel(id!), true);
    assert.ok(isFailure(await reason.promise, 'QUEUE_JOB_CANCELLED'));
    await ended(queue, id, 'cancelled');
    await queue[Symbol.asyncDispose]();
    assert.equal((await database.query('SELECT FROM effects')).rowCount, 0);
    assert.equal(await other.cancel(id!), false);
    assert.equal(await other.cancel('nothing'), false);
  });

  it('that take too long abort, and count as failed', async (t) => {
    const { queue } = await openTestQueue(t);
    const slow = defineJob({ name: 'slow', data: z.object({}), expire: 50, retry: 0 });
    queue.work(slow, async (_job, { signal }) => void (await once(signal, 'abort')));
    const job = await ended(queue, await queue.enqueue(slow, {}), 'failed');
    assert.match(job.error!, /longer than 50 ms/);
  });

  it("of 'leave' have no transaction, and return what to do in it", async (t) => {
    const { queue, database } = await openTestQueue(t);
    const long = defineJob({ name: 'long', data: z.object({}), freeze: 'leave' });
    queue.work(long, async (job, context) => {
      assert.equal((context as { transaction?: unknown }).transaction, undefined);
      await job.progress(0.1);
      return async (transaction) => {
        await transaction.query('INSERT INTO effects (job) VALUES ($1)', [job.id]);
      };
    });
    const id = await queue.enqueue(long, {});
    await ended(queue, id);
    assert.deepEqual((await database.query('SELECT job FROM effects')).rows, [{ job: id }]);
  });

  it('end before a worker that is stopped does', async (t) => {
    const { queue } = await openTestQueue(t);
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const worker = queue.work(number, async () => {
      started.resolve();
      await go.promise;
    });
    const [first, second] = await queue.enqueueMany(number, [{ n: 1 }, { n: 2 }]);
    await started.promise;
    const stopped = worker.stop();
    go.resolve();
    await stopped;
    assert.equal((await queue.job(first!))?.state, 'completed');
    assert.equal((await queue.job(second!))?.state, 'waiting');
  });

  it('are scheduled, with a time zone, and refused when the expression is wrong', async (t) => {
    const { queue, database } = await openTestQueue(t);
    await queue.schedule(number, { cron: '30 4 * * *', timeZone: 'Europe/Berlin', data: { n: 1 } });
    const { rows } = await database.query('SELECT name, cron, timezone, data FROM queue.schedule');
    const expected = {
      name: 'number',
      cron: '30 4 * * *',
      timezone: 'Europe/Berlin',
      data: { n: 1 },
    };
    assert.deepEqual(rows, [expected]);
    for (const wrong of [{ cron: 'often' }, { cron: '* * * * *', timeZone: 'Mars/Olympus' }]) {
      await assert.rejects(queue.schedule(number, { data: { n: 1 }, ...wrong }), (error) =>
        isFailure(error, 'QUEUE_SCHEDULE_INVALID'),
      );
    }
    await queue.unschedule(number);
    assert.equal((await database.query('SELECT FROM queue.schedule')).rowCount, 0);
  });

  it('of a schedule are made by whoever works', async (t) => {
    const { queue } = await openTestQueue(t);
    const done = Promise.withResolvers<number>();
    await queue.schedule(number, { cron: '* * * * *', data: { n: 42 } });
    queue.work(number, async ({ data }) => done.resolve(data.n));
    assert.equal(await done.promise, 42);
  });
});

it('a database without the tables is refused', async () => {
  const server = await serverOfTests();
  await using database = await openDatabase({ at: await server.createDatabase() });
  await assert.rejects(createQueue(database), (error) => isFailure(error, 'QUEUE_NOT_INSTALLED'));
});

describe('PGlite', () => {
  async function openLite(t: TestContext) {
    const lite = await liteOfTests();
    const { role } = await installQueue(lite);
    const database = await openDatabase({ at: lite, role });
    const queue = await createQueue(database);
    t.after(() => queue[Symbol.asyncDispose]());
    return { queue, database };
  }

  it('has one process, needs no permits, and does jobs', async (t) => {
    const { queue, database } = await openLite(t);
    assert.deepEqual(queue.supports, { processes: 'one', liveProgress: false });
    queue.work(number, async (job, { transaction }) => {
      await job.progress(1);
      await transaction.query('INSERT INTO effects (job) VALUES ($1)', [job.id]);
    });
    const id = await queue.enqueue(number, { n: 1 });
    const job = await ended(queue, id);
    assert.deepEqual(job.progress, { fraction: 1, note: undefined });
    assert.equal((await database.query('SELECT FROM effects')).rowCount, 1);
    const other = defineJob({ name: 'other', data: z.object({}) });
    await database.transaction(async (transaction) => {
      await assert.rejects(queue.enqueue(other, {}, {}, transaction), (error) =>
        isFailure(error, 'QUEUE_JOB_UNKNOWN'),
      );
      await queue.enqueue(number, { n: 2 }, {}, transaction);
    });
  });
});
