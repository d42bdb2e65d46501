// Eight processes, deaths and freezes: no job is lost, and the effect of each is there exactly once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { crowdJob } from './testing/crowd-job.ts';
import { countClaims, openTestFreezer, startCrowd } from './testing/crowd.ts';
import { openTestQueue } from './testing/open-queue.ts';
import { appRoleName } from '../chambers/index.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const size = soak
  ? { workers: 8, jobs: 200_000, freezes: 100, batch: 25, handlerMs: 20, pauseMs: 500 }
  : { workers: 2, jobs: 1500, freezes: 5, batch: 5, handlerMs: 5, pauseMs: 100 };

test(`${size.jobs} jobs, ${size.workers} processes, random kills, ${size.freezes} freezes: none lost, each effect once`, async (t) => {
  const { queue, database, url } = await openTestQueue(t);
  const role = appRoleName(database.facts.database);
  const owner = new Client({ connectionString: url });
  await owner.connect();
  await countClaims(owner);
  await owner.end();
  let random = 4711;
  const next = (): number => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;

  const options = { at: url, role, batch: size.batch, concurrency: 2, handlerMs: size.handlerMs };
  await using crowd = await startCrowd(size.workers, options);
  await using freezer = await openTestFreezer(url);
  const startedAt = performance.now();
  const open = async (): Promise<number> => {
    const { rows } = await database.query<{ open: number }>(
      "SELECT count(*)::int AS open FROM queue.job WHERE name = 'crowd' AND state < 'completed'",
    );
    return rows[0]!.open;
  };
  const over = new AbortController();
  let kills = 0;
  const killing = (async () => {
    for (; !over.signal.aborted; kills += 1) {
      await delay(next() * size.pauseMs);
      await crowd.killOne(next);
    }
  })();
  const drains: number[] = [];
  const held: number[] = [];
  for (let freeze = 0; freeze < size.freezes; freeze += 1) {
    const data = Array.from({ length: size.jobs / size.freezes }, (_, n) => ({ n }));
    assert.equal((await queue.enqueueMany(crowdJob, data)).length, data.length);
    await delay(next() * size.pauseMs);
    const times = await freezer.freeze(20 + next() * 30);
    drains.push(times.drainMs);
    held.push(await open());
  }
  while ((await open()) > 0) await delay(50);
  over.abort();
  await killing;
  const seconds = (performance.now() - startedAt) / 1000;

  const { rows } = await database.query(
    `SELECT count(*)::int AS effects, count(DISTINCT job)::int AS jobs,
       (SELECT count(*)::int FROM queue.job WHERE name = 'crowd' AND retry_count > 0) AS retried FROM effects`,
  );
  const { effects, jobs, retried } = rows[0] as { effects: number; jobs: number; retried: number };
  drains.sort((a, b) => a - b);
  const p = (part: number): string => drains[Math.ceil(drains.length * part) - 1]!.toFixed(0);
  t.diagnostic(
    `${jobs} jobs in ${seconds.toFixed(0)} s, ${kills} kills, ${retried} jobs tried again; ${drains.length} freezes, ${held.filter((n) => n > 0).length} with jobs waiting; drain p50 ${p(0.5)} ms, p99 ${p(0.99)} ms, longest ${p(1)} ms`,
  );
  assert.deepEqual({ effects, jobs }, { effects: size.jobs, jobs: size.jobs });
});
