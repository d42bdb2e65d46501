// The queue in a freeze when somebody dies, stands still or loses his connection. What the participant's law says of the ordinary
// case is in the suite of all participants: test/queue-participant.test.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isFailure } from '@stillpoint/core';
import { z } from 'zod';
import { appRoleName } from '../chambers/index.ts';
import { DEFAULT_FREEZE_LOCK_KEY, openDatabase } from '../database/index.ts';
import type { Database } from '../database/contract.ts';
import { defineJob } from './define-job.ts';
import { queueKeys } from './keys.ts';
import type { QueueHold } from './participant.ts';
import { createQueue } from './queue.ts';
import { crowdJob } from './testing/crowd-job.ts';
import { killed, startFreezerProcess, startWorkerProcess } from './testing/crowd.ts';
import { openTestQueue, type TestQueue } from './testing/open-queue.ts';
import { participantAt } from './testing/participant-at.ts';

const never = new AbortController().signal;

async function openHold(url: string, budgetMs = 20_000): Promise<QueueHold> {
  return await participantAt(url).open({ budgetMs, signal: never });
}

async function until(body: () => Promise<boolean>): Promise<void> {
  while (!(await body())) await delay(20);
}

/** A process that works off `crowdJob`, slowly enough to be met in the middle. */
async function startSlowWorker(t: TestContext, { url, database }: TestQueue, handlerMs: number) {
  const role = appRoleName(database.facts.database);
  const worker = await startWorkerProcess({ at: url, role, batch: 1, concurrency: 1, handlerMs });
  t.after(async () => {
    if (worker.exitCode === null && worker.signalCode === null) await killed(worker);
  });
  return worker;
}

const count = async (database: Database, what: string): Promise<number> => {
  const { rows } = await database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${what}`);
  return rows[0]!.n;
};
const active = "queue.job WHERE name = 'crowd' AND state = 'active'";
const completed = "queue.job WHERE name = 'crowd' AND state = 'completed'";

describe('a freeze', () => {
  it('does not wait for a worker that stands still without a job', async (t) => {
    const all = await openTestQueue(t);
    await all.queue.enqueue(crowdJob, { n: 1 });
    const worker = await startSlowWorker(t, all, 0);
    await until(async () => (await count(all.database, completed)) === 1);
    // Its loop has found nothing more: the permit is given back.
    await until(
      async () =>
        (await count(
          all.database,
          "pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'",
        )) === 0,
    );
    worker.kill('SIGSTOP');
    await using hold = await openHold(all.url);
    await hold.suspend(never, 20_000);
    assert.equal(await hold.resume(), 'held');
    worker.kill('SIGCONT');
  });

  it('is given up for a worker that stands still in a job, and the job is done once all the same', async (t) => {
    const all = await openTestQueue(t);
    const worker = await startSlowWorker(t, all, 300);
    await all.queue.enqueue(crowdJob, { n: 1 });
    await until(async () => (await count(all.database, active)) === 1);
    worker.kill('SIGSTOP');
    await using hold = await openHold(all.url);
    const giveUp = AbortSignal.timeout(300);
    await assert.rejects(hold.suspend(giveUp, 20_000), (error) => error === giveUp.reason);
    assert.equal(await hold.resume(), 'lost');
    worker.kill('SIGCONT');
    await until(async () => (await count(all.database, completed)) === 1);
    await using second = await openHold(all.url);
    await second.suspend(never, 20_000);
    assert.equal(await second.resume(), 'held');
    assert.equal(await count(all.database, 'effects'), 1);
  });

  it('finds written what a worker was to write, also when nobody told it that the gate is closed', async (t) => {
    const { database } = await openTestQueue(t);
    const keys = queueKeys(DEFAULT_FREEZE_LOCK_KEY);
    let written = 0;
    const beforeStill = async (): Promise<void> => void (written += 1);
    const queue = await createQueue(database, { beforeStill });
    t.after(() => queue[Symbol.asyncDispose]());
    await using freezer = await database.session('freezer');
    const job = defineJob({ name: 'last', data: z.object({}) });
    const closed = Promise.withResolvers<void>();
    queue.work(job, async () => {
      // Without a word: the job is done before anybody looks.
      await freezer.query('SELECT pg_advisory_lock($1::bigint)', [keys.gate]);
      closed.resolve();
    });
    await queue.enqueue(job, {});
    await closed.promise;
    await freezer.query('SELECT pg_advisory_lock($1::bigint)', [keys.permits]);
    assert.equal(written, 1);
  });

  it('goes on when the worker it waits for dies', async (t) => {
    const all = await openTestQueue(t);
    const worker = await startSlowWorker(t, all, 60_000);
    await all.queue.enqueue(crowdJob, { n: 1 });
    await until(async () => (await count(all.database, active)) === 1);
    await using hold = await openHold(all.url);
    const suspended = hold.suspend(never, 20_000);
    await killed(worker);
    await suspended;
    assert.equal(await count(all.database, 'effects'), 0);
    assert.equal(await hold.resume(), 'held');
    // Somebody else gets the job.
    await startSlowWorker(t, all, 0);
    await until(async () => (await count(all.database, completed)) === 1);
    assert.equal(await count(all.database, 'effects'), 1);
  });

  it('goes on when the connection of the worker it waits for is cut, and what it did does not count', async (t) => {
    const all = await openTestQueue(t);
    const { queue, database, url } = all;
    const started = Promise.withResolvers<void>();
    const reason = Promise.withResolvers<unknown>();
    let attempts = 0;
    const job = defineJob({ name: 'cut', data: z.object({}) });
    queue.work(job, async ({ id }, { signal, transaction }) => {
      attempts += 1;
      await transaction.query('INSERT INTO effects (job) VALUES ($1)', [id]);
      if (attempts > 1) return;
      started.resolve();
      await once(signal, 'abort');
      reason.resolve(signal.reason);
    });
    await queue.enqueue(job, {});
    await started.promise;
    await using hold = await openHold(url);
    const suspended = hold.suspend(never, 20_000);
    await all.server.admin(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'stillpoint queue worker' AND datname = '${database.facts.database}'`,
    );
    await suspended;
    assert.ok(isFailure(await reason.promise, 'QUEUE_CLAIM_LOST'));
    assert.equal(await count(database, 'effects'), 0);
    assert.equal(await hold.resume(), 'held');
    await until(async () => (await count(database, 'effects')) === 1);
    assert.equal(attempts, 2);
  });

  it('ends when the freezer dies', async (t) => {
    const { queue, url } = await openTestQueue(t);
    const done = Promise.withResolvers<void>();
    queue.work(crowdJob, async () => done.resolve());
    const freezer = startFreezerProcess(url, 60_000);
    await once(freezer.stdout!, 'data');
    await queue.enqueue(crowdJob, { n: 1 });
    await killed(freezer);
    await done.promise;
  });

  it('ends at its limit when the freezer stands still', async (t) => {
    const { queue, url } = await openTestQueue(t);
    const done = Promise.withResolvers<void>();
    queue.work(crowdJob, async () => done.resolve());
    const freezer = startFreezerProcess(url, 1500);
    await once(freezer.stdout!, 'data');
    freezer.kill('SIGSTOP');
    await queue.enqueue(crowdJob, { n: 1 });
    await done.promise;
    await killed(freezer);
  });

  it('ends at its limit when the freezer stands still before everybody else does', async (t) => {
    const { queue, database, url } = await openTestQueue(t);
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    queue.work(crowdJob, async ({ data }) => {
      if (data.n === 2) return second.resolve();
      started.resolve();
      await go.promise;
    });
    await queue.enqueueMany(crowdJob, [{ n: 1 }, { n: 2 }]);
    await started.promise;
    const freezer = startFreezerProcess(url, 1500);
    const hasGate = `pg_locks WHERE mode = 'ExclusiveLock' AND granted AND locktype = 'advisory' AND pid IN
      (SELECT pid FROM pg_stat_activity WHERE application_name = 'stillpoint freeze queue')`;
    await until(async () => (await count(database, hasGate)) > 0);
    freezer.kill('SIGSTOP');
    go.resolve();
    await second.promise;
    await killed(freezer);
  });

  it("does not wait for jobs of 'leave', and their effects wait for the thaw", async (t) => {
    const { queue, database, url } = await openTestQueue(t);
    const long = defineJob({ name: 'long', data: z.object({}), freeze: 'leave' });
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    queue.work(long, async ({ id }) => {
      started.resolve();
      await go.promise;
      return async (transaction) => {
        await transaction.query('INSERT INTO effects (job) VALUES ($1)', [id]);
      };
    });
    await queue.enqueue(long, {});
    await started.promise;
    await using hold = await openHold(url);
    await hold.suspend(never, 20_000);
    await using lock = await database.session('the freeze lock');
    await lock.query('SELECT pg_advisory_lock($1::bigint)', [DEFAULT_FREEZE_LOCK_KEY]);
    go.resolve();
    await delay(150);
    assert.equal(await count(database, 'effects'), 0);
    await lock.query('SELECT pg_advisory_unlock_all()');
    assert.equal(await hold.resume(), 'held');
    await until(async () => (await count(database, 'effects')) === 1);
  });
});

describe('a claim whose session is gone', () => {
  const returned = defineJob({ name: 'returned', data: z.object({}), retry: 0 });
  const abandoned = defineJob({ name: 'abandoned', data: z.object({}), afterRestore: 'abandon' });
  const died = defineJob({ name: 'died', data: z.object({}), retry: 0 });

  it('is returned or abandoned after a restore, and counts as failed when its worker died', async (t) => {
    const { queue, database, url } = await openTestQueue(t);
    const ids = {
      returned: await queue.enqueue(returned, {}),
      abandoned: await queue.enqueue(abandoned, {}),
      died: await queue.enqueue(died, {}),
    };
    await using owner = await openDatabase({ at: url });
    const claim = async (name: string, mark: string): Promise<void> => {
      await owner.transaction(async (transaction) => {
        await transaction.query("SELECT set_config('stillpoint.worker', $1, true)", [
          JSON.stringify(mark),
        ]);
        await transaction.query(
          "UPDATE queue.job SET state = 'active', started_on = now() WHERE name = $1",
          [name],
        );
      });
    };
    const { rows } = await owner.query<{ epoch: string }>(
      "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) || '.' || 'queue.job_common'::regclass::oid AS epoch",
    );
    await claim('returned', '42:00000009.1');
    await claim('abandoned', '42:00000009.1');
    await claim('died', `42:${rows[0]!.epoch}`);
    const found = await queue.recover();
    assert.deepEqual(found, { returned: 1, abandoned: 1, failed: 1 });
    const states = await Promise.all(Object.values(ids).map((id) => queue.job(id!)));
    assert.deepEqual(
      states.map((job) => job?.state),
      ['retry', 'cancelled', 'failed'],
    );
    // It may be tried once more, though it has no retries.
    const done = Promise.withResolvers<number>();
    queue.work(returned, async ({ attempt }) => done.resolve(attempt));
    assert.equal(await done.promise, 2);
    assert.equal(
      await count(database, "queue.job WHERE state = 'active' AND name <> 'returned'"),
      0,
    );
  });

  it('is left alone while its session lives', async (t) => {
    const { queue, database } = await openTestQueue(t);
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    queue.work(died, async () => {
      started.resolve();
      await go.promise;
    });
    const id = await queue.enqueue(died, {});
    await started.promise;
    const other = await createQueue(database);
    t.after(() => other[Symbol.asyncDispose]());
    assert.deepEqual(await other.recover(), { returned: 0, abandoned: 0, failed: 0 });
    go.resolve();
    await until(async () => (await queue.job(id!))?.state === 'completed');
  });
});

describe('the upkeep', () => {
  it('is cancelled by a freeze, however long its statement takes', async (t) => {
    const { queue, url, errors } = await openTestQueue(t);
    await using owner = await openDatabase({ at: url });
    // Whatever pg-boss does there takes a minute.
    await owner.query(
      `CREATE OR REPLACE FUNCTION queue.job_now() RETURNS timestamptz LANGUAGE sql AS $$
         SELECT now() FROM (SELECT CASE current_setting('application_name')
           WHEN 'stillpoint queue upkeep' THEN pg_sleep(60) END) AS slept $$`,
    );
    queue.work(crowdJob, async () => {});
    const sleeping =
      "pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'stillpoint queue upkeep'";
    await until(async () => (await count(owner, sleeping)) > 0);
    await using hold = await openHold(url);
    await hold.suspend(never, 20_000);
    assert.equal(await count(owner, sleeping), 0);
    assert.equal(await hold.resume(), 'held');
    assert.deepEqual(errors, []);
  });
});
