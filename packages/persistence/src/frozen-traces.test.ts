// What a freeze finds of the spans of a process that was opened by openPersistence(), which does nothing for it but that.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { z } from 'zod';
import { installChambers } from './chambers/index.ts';
import { openTestDatabase, until } from './database/testing/index.ts';
import { defineJob, libraryParts, openPersistence } from './index.ts';
import { participantAt } from './queue/testing/participant-at.ts';

const never = new AbortController().signal;
const LIMIT_MS = 20_000;
const BATCH_SPANS = 20;

async function openDaemon(t: TestContext) {
  const { url, database } = await openTestDatabase(t);
  await database.transaction((transaction) =>
    installChambers(transaction, libraryParts, database.facts),
  );
  const errors: unknown[] = [];
  const persistence = await openPersistence({
    url,
    onError: (error) => void errors.push(error),
    // By themselves they would not be stored while this test runs: not before a batch is full.
    traces: { delayMs: 600_000, batchSpans: BATCH_SPANS },
  });
  t.after(() => persistence[Symbol.asyncDispose]());
  const { processor } = await persistence.traces();
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('test');
  const stored = async (): Promise<number> =>
    (await database.query('SELECT FROM traces.spans')).rowCount;
  const locks = async (application: string, mode: string): Promise<number> =>
    (
      await database.query(
        `SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE locktype = 'advisory' AND granted AND application_name = $1 AND mode = $2`,
        [application, mode],
      )
    ).rowCount;
  const permits = (): Promise<number> => locks('stillpoint traces', 'ShareLock');
  return {
    persistence,
    database,
    errors,
    stored,
    end: (name: string) => tracer.startSpan(name).end(),
    freeze: () => participantAt(url).open({ budgetMs: LIMIT_MS, signal: never }),
    /** The process has said that spans are waiting. */
    known: () => until(async () => (await permits()) > 0),
    permits,
    frozen: () => until(async () => (await locks('stillpoint freeze queue', 'ExclusiveLock')) > 0),
  };
}

test('spans that ended before a freeze are stored in it, and later ones in the next', async (t) => {
  const daemon = await openDaemon(t);
  await using blocking = await daemon.database.session('blocking');
  daemon.end('first');
  await (await daemon.persistence.traces()).flush();
  // More than two batches, and the queue would store them all at once: who is faster, it or the freeze, is not left to chance.
  const spans = 2.5 * BATCH_SPANS;
  await using hold = await daemon.freeze();
  const suspended = await blocking.transaction(async (transaction) => {
    await transaction.query('LOCK TABLE traces.spans IN EXCLUSIVE MODE');
    for (let n = 0; n < spans; n += 1) daemon.end(`early ${n}`);
    await daemon.known();
    const suspending = hold.suspend(never, LIMIT_MS);
    await daemon.frozen();
    assert.equal(await daemon.stored(), 1);
    return { suspending };
  });
  await suspended.suspending;
  assert.equal(await daemon.stored(), 1 + spans);
  daemon.end('late');
  await hold.check();
  assert.equal(await daemon.stored(), 1 + spans);
  assert.equal(await hold.resume(), 'held');
  await daemon.known();
  await using next = await daemon.freeze();
  await next.suspend(never, LIMIT_MS);
  assert.equal(await daemon.stored(), 2 + spans);
  assert.equal(await next.resume(), 'held');
  assert.deepEqual(daemon.errors, []);
});

test('so are those of the jobs that the freeze waited for', async (t) => {
  const daemon = await openDaemon(t);
  const job = defineJob({ name: 'traced', data: z.object({}) });
  const queue = await daemon.persistence.queue();
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  queue.work(job, async () => {
    begun.resolve();
    await goOn.promise;
    daemon.end('of the job');
  });
  await queue.enqueue(job, {});
  await begun.promise;
  await using hold = await daemon.freeze();
  const suspended = hold.suspend(never, LIMIT_MS);
  await daemon.frozen();
  goOn.resolve();
  await suspended;
  assert.equal(await daemon.stored(), 1);
  assert.equal(await hold.resume(), 'held');
  assert.deepEqual(daemon.errors, []);
});

test('spans that cannot be stored are told, and hold no freeze up', async (t) => {
  const daemon = await openDaemon(t);
  await using blocking = await daemon.database.session('blocking');
  daemon.end('waits');
  await daemon.known();
  await blocking.transaction(async (transaction) => {
    await transaction.query('LOCK TABLE traces.spans');
    await using hold = await daemon.freeze();
    await hold.suspend(never, LIMIT_MS);
    assert.equal(await hold.resume(), 'held');
  });
  assert.match(String(daemon.errors[0]), /TimeoutError/);
  await (await daemon.persistence.traces()).flush();
  assert.equal(await daemon.stored(), 1);
});

test('nothing is held when nothing waits, and the process ends', async (t) => {
  const daemon = await openDaemon(t);
  daemon.end('one');
  await daemon.known();
  await (await daemon.persistence.traces()).flush();
  await until(async () => (await daemon.permits()) === 0);
  daemon.end('two');
  await daemon.persistence[Symbol.asyncDispose]();
  assert.equal(await daemon.stored(), 2);
  assert.deepEqual(daemon.errors, []);
});
