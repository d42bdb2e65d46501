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
  ? { workers: 8, jobs: 200_000, freezes: 100, kills: 100, batch: 25 }
  : { workers: 2, jobs: 1500, freezes: 6, kills: 3, batch: 5 };

test(`${size.jobs} jobs, ${size.workers} processes, ${size.kills} kills, ${size.freezes} freezes: none lost, each effect once`, async (t) => {
  const { queue, database, url } = await openTestQueue(t);
  const role = appRoleName(database.facts.database);
  const owner = new Client({ connectionString: url });
  await owner.connect();
  await countClaims(owner);
  await owner.end();
  let random = 4711;
  const next = (): number => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;

  for (let n = 0; n < size.jobs; n += 1000) {
    const data = Array.from({ length: Math.min(1000, size.jobs - n) }, (_, i) => ({ n: n + i }));
    assert.equal((await queue.enqueueMany(crowdJob, data)).length, data.length);
  }
  const startedAt = performance.now();
  await using crowd = await startCrowd(size.workers, {
    at: url,
    role,
    batch: size.batch,
    concurrency: 2,
    handlerMs: soak ? 10 : 5,
  });
  await using freezer = await openTestFreezer(url);

  const open = async (): Promise<number> => {
    const { rows } = await database.query<{ open: number }>(
      "SELECT count(*)::int AS open FROM queue.job WHERE name = 'crowd' AND state <> 'completed'",
    );
    return rows[0]!.open;
  };
  const drains: number[] = [];
  const killing = (async () => {
    for (let kill = 0; kill < size.kills; kill += 1) {
      await delay(next() * (soak ? 500 : 100));
      await crowd.killOne(next);
    }
  })();
  for (let freeze = 0; freeze < size.freezes; freeze += 1) {
    drains.push((await freezer.freeze(20 + next() * 30)).drainMs);
    await delay(next() * (soak ? 300 : 100));
  }
  const openAfterFreezes = await open();
  await killing;
  while ((await open()) > 0) await delay(50);
  const seconds = (performance.now() - startedAt) / 1000;

  const { rows } = await database.query(
    `SELECT count(*)::int AS effects, count(DISTINCT job)::int AS jobs,
       (SELECT count(*)::int FROM queue.job WHERE name = 'crowd' AND retry_count > 0) AS retried FROM effects`,
  );
  const { effects, jobs, retried } = rows[0] as { effects: number; jobs: number; retried: number };
  drains.sort((a, b) => a - b);
  const p = (part: number): string => drains[Math.ceil(drains.length * part) - 1]!.toFixed(0);
  t.diagnostic(
    `${jobs} jobs in ${seconds.toFixed(0)} s, ${retried} tried again; drain p50 ${p(0.5)} ms, p99 ${p(0.99)} ms, longest ${p(1)} ms; ${openAfterFreezes} open after the last freeze`,
  );
  assert.deepEqual({ effects, jobs }, { effects: size.jobs, jobs: size.jobs });
});
