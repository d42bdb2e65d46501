// The queue of the persistence library as a participant of the engine: it keeps the law of all participants.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { testParticipant, type ParticipantFixture } from '../packages/engine/src/freeze/testkit.ts';
import { openDatabase } from '../packages/persistence/src/database/index.ts';
import {
  serverOfTests,
  type TestServer,
} from '../packages/persistence/src/database/testing/index.ts';
import { createQueue, defineJob } from '../packages/persistence/src/queue/index.ts';
import { installQueue } from '../packages/persistence/src/queue/testing/open-queue.ts';
import { participantAt } from '../packages/persistence/src/queue/testing/participant-at.ts';

const key = 4711n;
const job = defineJob({ name: 'write', data: z.object({ wait: z.boolean() }) });

async function createFixture(server: TestServer): Promise<ParticipantFixture> {
  const url = await server.createDatabase();
  await installQueue(url);
  const database = await openDatabase({ at: url, freezeLockKey: key });
  const queue = await createQueue(database, { freezeLockKey: key });
  const done = new Map<string, () => void>();
  let started = Promise.withResolvers<void>();
  let finish = Promise.withResolvers<void>();
  queue.work(
    job,
    async ({ id, data }) => {
      if (data.wait) {
        started.resolve();
        await finish.promise;
      }
      done.get(id)?.();
    },
    { concurrency: 2 },
  );
  const enqueueOne = async (wait = false): Promise<{ readonly over: Promise<void> }> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await database.transaction(async (transaction) => {
      const id = await queue.enqueue(job, { wait }, {}, transaction);
      done.set(id!, resolve);
    });
    return { over: promise };
  };
  return {
    participant: participantAt(url, { name: 'queue:db', key }),
    async writes(timeoutMs) {
      const { over } = await enqueueOne();
      if (!(await within(over, timeoutMs))) throw new Error(`nothing within ${timeoutMs} ms`);
    },
    async isPaused() {
      const { over } = await enqueueOne();
      return !(await within(over, 400));
    },
    async keepBusy() {
      started = Promise.withResolvers();
      finish = Promise.withResolvers();
      const { over } = await enqueueOne(true);
      await started.promise;
      return async () => {
        finish.resolve();
        await over;
      };
    },
    async endSuspension() {
      await database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stillpoint freeze queue' AND datname = current_database()",
      );
    },
    async [Symbol.asyncDispose]() {
      finish.resolve();
      await queue[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function within(work: Promise<void>, ms: number): Promise<boolean> {
  const done = new AbortController();
  const late = delay(ms, false, { signal: done.signal }).catch(() => false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    done.abort();
  }
}

for (const kind of ['embedded-18', 'debian-15'] as const) {
  testParticipant({
    name: `queue on ${kind}`,
    supports: { noticesLoss: true, endsByItself: true },
    create: async () => await createFixture(await serverOfTests(kind)),
  });
}
