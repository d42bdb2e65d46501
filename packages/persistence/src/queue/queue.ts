// The queue of one database: what callers see, put together from the rooms' parts. A process that only enqueues opens no session;
// the first worker does.
import { EventEmitter } from 'node:events';
import { failure } from '@stillpoint/core';
import type { Database, Queryable, Transaction } from '../database/contract.ts';
import { DEFAULT_FREEZE_LOCK_KEY } from '../database/index.ts';
import { affected, bossDb, startBoss } from './boss.ts';
import type {
  EnqueueOptions,
  JobDefinition,
  Queue,
  QueueOptions,
  Schedule,
  Worker,
  WorkOptions,
} from './contract.ts';
import { storable } from './data.ts';
import { durationMs } from './define-job.ts';
import { createDefinitions } from './definitions.ts';
import { createInFlight } from './in-flight.ts';
import { readJob } from './job-state.ts';
import { startUpkeep, type Upkeep } from './upkeep.ts';
import { queueKeys } from './keys.ts';
import { createPermits, type Permits } from './permits.ts';
import type { AnyHandler } from './run-job.ts';
import { startWorker } from './worker.ts';

/** The tables are there already: queuePart. Throws QUEUE_NOT_INSTALLED otherwise. */
export async function createQueue(database: Database, options: QueueOptions = {}): Promise<Queue> {
  const keys = queueKeys(options.freezeLockKey ?? DEFAULT_FREEZE_LOCK_KEY);
  const onError = options.onError ?? (() => {});
  const { kind, connections } = database.facts;
  await refuseWithoutTables(database);
  const boss = await startBoss(database, kind, onError);
  const enqueued = new EventEmitter().setMaxListeners(0);
  const definitions = createDefinitions(database, boss);
  const ready = (job: JobDefinition): Promise<void> => definitions.ready(job);
  const workers = new Set<Worker>();
  let working: { readonly permits: Permits; readonly upkeep: Upkeep } | undefined;
  const inFlight = createInFlight(() => working?.permits.current()?.session, onError);

  const startWorking = (): NonNullable<typeof working> => {
    if (working !== undefined) return working;
    const shared = {
      database,
      keys,
      onEnqueued: (queue: string) => void enqueued.emit(queue),
      onSession: () => enqueued.eventNames().forEach((queue) => enqueued.emit(queue)),
      onError,
    };
    const ofUpkeep = createPermits({
      ...shared,
      name: 'stillpoint queue upkeep',
      onNews: () => {},
      lookout: () => permits.current(),
    });
    const permits = createPermits({
      ...shared,
      name: 'stillpoint queue worker',
      beforeStill: options.beforeStill,
      onNews() {
        inFlight.look();
        ofUpkeep.look();
      },
    });
    const upkeep = startUpkeep({
      permits: ofUpkeep,
      boss,
      kind,
      onError,
      isElected: async () => (await permits.current()?.tryUpkeep()) ?? false,
    });
    return (working = { permits, upkeep });
  };

  const within = async <T>(
    transaction: Transaction | undefined,
    body: (queryable: Queryable) => Promise<T>,
  ): Promise<T> =>
    await (transaction === undefined ? database.transaction(body) : body(transaction));
  /** Before the transaction's statements: on PGlite there is no second connection to do it on. */
  const readyFor = async (job: JobDefinition, transaction: Transaction | undefined) => {
    if (transaction === undefined || connections === 'many') return await ready(job);
    await ready(job).catch((error: unknown) => {
      throw error instanceof TypeError ? failure('QUEUE_JOB_UNKNOWN', { job: job.name }) : error;
    });
  };

  return {
    supports: {
      processes: connections,
      liveProgress: connections === 'many',
    },
    async enqueue(job, data, given = {}, transaction) {
      const stored = await storable(job, data);
      await readyFor(job, transaction);
      const how = sendOptions(job, given);
      const id = await within(transaction, (queryable) =>
        boss.send(job.name, stored, { ...how, db: bossDb(queryable) }),
      );
      if (connections === 'one') enqueued.emit(job.name);
      return id ?? undefined;
    },
    async enqueueMany(job, data, given = {}, transaction) {
      const how = sendOptions(job, given);
      const jobs: object[] = [];
      for (const one of data) jobs.push({ ...how, data: await storable(job, one) });
      if (jobs.length === 0) return [];
      await readyFor(job, transaction);
      const ids = await within(transaction, (queryable) =>
        boss.insert(job.name, jobs, { db: bossDb(queryable), returnId: true }),
      );
      if (connections === 'one') enqueued.emit(job.name);
      return ids ?? [];
    },
    async schedule(job, { cron, timeZone, data, key, missed }: Schedule<typeof job>) {
      const stored = await storable(job, data);
      await ready(job);
      const rest = { ...(key !== undefined && { key }), ...(missed !== undefined && { missed }) };
      const how = { tz: timeZone ?? 'UTC', priority: job.priority, ...rest };
      await database.transaction(async (transaction) => {
        try {
          await boss.schedule(job.name, cron, stored, { ...how, db: bossDb(transaction) });
        } catch (error) {
          // What the database says has a code; what is wrong with the expression has none, or an assertion's.
          const { code } = error as { readonly code?: unknown };
          if (code !== undefined && code !== 'ERR_ASSERTION') throw error;
          const why = (error as Error).message;
          throw failure('QUEUE_SCHEDULE_INVALID', { job: job.name, cron, why }, error);
        }
      });
    },
    async unschedule(job, key) {
      await database.transaction((transaction) =>
        boss.unschedule(job.name, key ?? '', { db: bossDb(transaction) }),
      );
    },
    work(
      job: JobDefinition,
      handler: unknown,
      how: WorkOptions & { readonly batch?: number } = {},
    ) {
      const worker = startWorker(
        { database, boss, inFlight, onError, enqueued, ready, permits: startWorking().permits },
        {
          job,
          handler: handler as AnyHandler,
          concurrency: wholeFrom1(how.concurrency ?? 1, 'concurrency'),
          batch: how.batch === undefined ? undefined : wholeFrom1(how.batch, 'batch'),
          pollMs: durationMs(how.poll ?? '5s', 'poll'),
        },
      );
      workers.add(worker);
      return worker;
    },
    async cancel(id) {
      return await database.transaction(async (transaction) => {
        const found = await readJob(transaction, id);
        if (found === undefined) return false;
        const ended = affected(await boss.cancel(found.name, id, { db: bossDb(transaction) }));
        await transaction.query("SELECT pg_notify($1, 'jobs')", [keys.channel]);
        if (connections === 'one') setImmediate(() => inFlight.look());
        return ended > 0;
      });
    },
    job: (id) => readJob(database, id),
    recover: () => startWorking().upkeep.recover(),
    async [Symbol.asyncDispose]() {
      await Promise.all([...workers].map((worker) => worker.stop()));
      await working?.upkeep[Symbol.asyncDispose]();
      await working?.permits[Symbol.asyncDispose]();
      inFlight[Symbol.dispose]();
      await boss.stop({ graceful: false });
    },
  };
}

async function refuseWithoutTables(database: Database): Promise<void> {
  const { rows } = await database.query<{ there: boolean }>(
    "SELECT to_regclass('queue.definition') IS NOT NULL AS there",
  );
  if (rows[0]?.there === true) return;
  throw failure('QUEUE_NOT_INSTALLED', { database: database.facts.database });
}

function sendOptions(job: JobDefinition, { priority, after, key }: EnqueueOptions): object {
  // In seconds, from now by the server's clock: ours may be another, and so may that of whoever claims.
  const startAfter =
    after === undefined || after instanceof Date
      ? after
      : Math.ceil(durationMs(after, `${job.name}: after`)) / 1000;
  return {
    priority: priority ?? job.priority,
    ...(startAfter !== undefined && { startAfter }),
    ...(key !== undefined && { singletonKey: key }),
  };
}

function wholeFrom1(value: number, what: string): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new TypeError(`${what} is a whole number from 1 on, not ${value}`);
}
