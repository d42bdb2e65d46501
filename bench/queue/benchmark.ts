// How many jobs a second, with an effect in the job's transaction: our queue with its permits, beside pg-boss used directly on a
// database that it made itself. In turn, on one server that syncs its commits; the median of the rounds' ratios counts.
import { Pool } from 'pg';
import { PgBoss } from 'pg-boss';
import { z } from 'zod';
import { appRoleName, installChambers } from '../../packages/persistence/src/chambers/index.ts';
import { openDatabase } from '../../packages/persistence/src/database/index.ts';
import {
  startServer,
  type TestServer,
} from '../../packages/persistence/src/database/testing/index.ts';
import { createQueue, defineJob, queuePart } from '../../packages/persistence/src/queue/index.ts';
import { atLeast, metricOf, type Metric } from '../metric.ts';
import { median } from '../statistics.ts';

interface Options {
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Does so many jobs, and resolves to how many it did a second. */
type Work = (jobs: number) => Promise<number>;

interface Side {
  readonly batch: Work;
  readonly single: Work;
  /** Each round begins with empty tables: what was done before would fill the server's memory, and not equally. */
  clear(): Promise<void>;
}

const BATCH = 500;
const BATCHES = 2;
const SINGLES = 8;
const name = 'bench';
const effects = 'INSERT INTO effects (job) SELECT unnest($1::uuid[])';
const makeEffects = 'CREATE TABLE effects (job uuid NOT NULL)';

export async function benchmarkQueue({ quick, signal, say }: Options): Promise<readonly Metric[]> {
  const rounds = quick ? 1 : 7;
  const sizes = quick ? { batch: 5000, single: 500 } : { batch: 30_000, single: 3000 };
  await using server = await startServer('embedded-18', {
    settings: { fsync: 'on', shared_buffers: '256MB', autovacuum_naptime: '10s' },
  });
  await using cleanup = new AsyncDisposableStack();
  const sides = {
    ours: await openOurs(server, cleanup),
    theirs: await openTheirs(server, cleanup),
  };
  const measured = { ours: { batch: [], single: [] }, theirs: { batch: [], single: [] } } as Record<
    'ours' | 'theirs',
    Record<'batch' | 'single', number[]>
  >;
  for (let round = 0; round < rounds; round += 1) {
    for (const shape of ['batch', 'single'] as const) {
      // Who is first in a round changes: the machine may grow slower or faster.
      const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
      for (const side of order) {
        signal.throwIfAborted();
        await sides[side].clear();
        const speed = await sides[side][shape](sizes[shape]);
        measured[side][shape].push(speed);
        say(`round ${round + 1}, ${shape}, ${side}: ${speed.toFixed(0)} jobs/s`);
      }
    }
  }
  const of = (side: 'ours' | 'theirs', shape: 'batch' | 'single'): number =>
    median(measured[side][shape]);
  // Of two that ran one after the other: what else the machine does changes more slowly than that.
  const pairs = measured.ours.batch.map((speed, n) => speed / measured.theirs.batch[n]!);
  const ratio = median(pairs);
  const direct = (shape: 'batch' | 'single') => ({ name: 'pg-boss', value: of('theirs', shape) });
  return [
    metricOf(['queue.throughput', ratio, 'ratio'], { judged: atLeast(0.9, ratio) }),
    metricOf(['queue.batch', of('ours', 'batch'), 'jobs/s'], { peer: direct('batch') }),
    metricOf(['queue.single', of('ours', 'single'), 'jobs/s'], { peer: direct('single') }),
  ];
}

async function openOurs(server: TestServer, cleanup: AsyncDisposableStack): Promise<Side> {
  const at = await server.createDatabase();
  const owner = await openDatabase({ at });
  await owner.transaction(async (transaction) => {
    await transaction.query(makeEffects);
    await installChambers(transaction, [queuePart], owner.facts);
  });
  const role = appRoleName(owner.facts.database);
  await owner[Symbol.asyncDispose]();
  const database = cleanup.use(await openDatabase({ at, role }));
  const queue = cleanup.use(await createQueue(database));
  const job = defineJob({ name, data: z.object({ n: z.number() }) });
  const run = async (jobs: number, work: (done: (n: number) => void) => AsyncDisposable) => {
    await queue.enqueueMany(job, numbers(jobs));
    await analyze(server, at);
    const count = counter(jobs);
    const from = performance.now();
    await using _worker = work((n) => count.add(n));
    await count.all;
    return (jobs * 1000) / (performance.now() - from);
  };
  return {
    clear: () => clear(server, at),
    batch: (jobs) =>
      run(jobs, (done) =>
        queue.work(
          job,
          async (given, { transaction }) => {
            await transaction.query(effects, [given.map(({ id }) => id)]);
            done(given.length);
          },
          { batch: BATCH, concurrency: BATCHES },
        ),
      ),
    single: (jobs) =>
      run(jobs, (done) =>
        queue.work(
          job,
          async ({ id }, { transaction }) => {
            await transaction.query(effects, [[id]]);
            done(1);
          },
          { concurrency: SINGLES },
        ),
      ),
  };
}

async function openTheirs(server: TestServer, cleanup: AsyncDisposableStack): Promise<Side> {
  const connectionString = await server.createDatabase();
  const pool = new Pool({ connectionString, max: SINGLES });
  cleanup.defer(() => pool.end());
  await pool.query(makeEffects);
  const boss = new PgBoss({ connectionString, schema: 'queue', max: SINGLES });
  await boss.start();
  cleanup.defer(() => boss.stop({ graceful: false }));
  await boss.createQueue(name);
  const enqueue = async (jobs: number): Promise<void> => {
    await boss.insert(
      name,
      numbers(jobs).map((data) => ({ data })),
    );
    await analyze(server, connectionString);
  };
  return {
    clear: () => clear(server, connectionString),
    async batch(jobs) {
      await enqueue(jobs);
      const count = counter(jobs);
      const from = performance.now();
      const how = { batchSize: BATCH, localConcurrency: BATCHES, burstWhenBatchFull: true };
      await boss.work(
        name,
        { ...how, transactional: true, pollingIntervalSeconds: 0.5 },
        async (given, transaction) => {
          await transaction.executeSql(effects, [given.map(({ id }) => id)]);
          count.add(given.length);
        },
      );
      await count.all;
      const speed = (jobs * 1000) / (performance.now() - from);
      await boss.offWork(name, { wait: true });
      return speed;
    },
    // Its work() takes one job in each polling interval, so it is done by hand, as fast as it goes.
    async single(jobs) {
      await enqueue(jobs);
      const from = performance.now();
      const loop = async (): Promise<void> => {
        for (;;) {
          const given = await boss.fetch(name);
          if (given.length === 0) return;
          const client = await pool.connect();
          try {
            await client.query('BEGIN');
            await client.query(effects, [given.map(({ id }) => id)]);
            const db = {
              executeSql: (text: string, values?: unknown[]) => client.query(text, values),
            };
            await boss.complete(name, given, null, { db });
            await client.query('COMMIT');
          } finally {
            client.release();
          }
        }
      };
      await Promise.all(Array.from({ length: SINGLES }, loop));
      return (jobs * 1000) / (performance.now() - from);
    },
  };
}

async function clear(server: TestServer, url: string): Promise<void> {
  await server.admin('TRUNCATE queue.job, effects', new URL(url).pathname.slice(1));
  await server.admin('CHECKPOINT');
}

/** The planner would otherwise go by the empty table, until autovacuum comes by. */
async function analyze(server: TestServer, url: string): Promise<void> {
  await server.admin('ANALYZE queue.job_common', new URL(url).pathname.slice(1));
}

function numbers(count: number): readonly { readonly n: number }[] {
  return Array.from({ length: count }, (_, n) => ({ n }));
}

function counter(all: number): { readonly all: Promise<void>; add(n: number): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let done = 0;
  return {
    all: promise,
    add(n) {
      done += n;
      if (done >= all) resolve();
    },
  };
}
