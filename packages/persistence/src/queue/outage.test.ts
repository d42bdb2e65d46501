// A server that goes away and comes back: workers go on by themselves, whether they had begun before or meanwhile.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { z } from 'zod';
import { openDatabase } from '../database/index.ts';
import { startServer, until, whyNot } from '../database/testing/index.ts';
import { defineJob } from './define-job.ts';
import { createQueue } from './queue.ts';
import { installQueue } from './testing/open-queue.ts';

const early = defineJob({ name: 'early', data: z.object({}) });
const late = defineJob({ name: 'late', data: z.object({}) });

test(
  'workers go on when the server is back, also one that began while it was away; each effect is there once',
  { skip: whyNot('embedded-18') },
  async () => {
    await using server = await startServer('embedded-18');
    const at = await server.createDatabase();
    const { role } = await installQueue(at);
    await using database = await openDatabase({ at, role });
    await using queue = await createQueue(database);
    await queue.enqueue(late, {});
    const failed = Promise.withResolvers<void>();
    // As another process: what it knows of the jobs it has to ask the server for.
    await using second = await createQueue(database, { onError: () => failed.resolve() });
    const begun = Promise.withResolvers<void>();
    let attempts = 0;
    queue.work(
      early,
      async ({ id }, { signal, transaction }) => {
        await transaction.query('INSERT INTO effects (job) VALUES ($1)', [id]);
        attempts += 1;
        if (attempts > 1) return;
        begun.resolve();
        if (!signal.aborted) await once(signal, 'abort');
      },
      { poll: 100 },
    );
    await queue.enqueue(early, {});
    await begun.promise;
    await server.kill();
    second.work(
      late,
      async ({ id }, { transaction }) => {
        await transaction.query('INSERT INTO effects (job) VALUES ($1)', [id]);
      },
      { poll: 100 },
    );
    await failed.promise;
    await server.start();
    await until(async () => {
      const done = await database
        .query<{ n: number }>('SELECT count(*)::int AS n FROM effects')
        .catch(() => undefined);
      return done?.rows[0]?.n === 2;
    });
    await until(async () => {
      const { rows } = await database.query(
        `SELECT FROM queue.job WHERE name IN ('early', 'late') AND state <> 'completed'`,
      );
      return rows.length === 0;
    });
    assert.equal((await database.query('SELECT FROM effects')).rowCount, 2);
  },
);
