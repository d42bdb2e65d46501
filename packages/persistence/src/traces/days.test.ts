// Days that are made while others write and read: nobody fails, nothing is lost, nothing is twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTraces } from './index.ts';
import { openAt } from './testing/places.ts';
import { spanOf } from './testing/spans.ts';

const DAY_MS = 86_400_000;
const first = Date.UTC(2026, 0, 10, 12);

test('many processes make the same days while all of them write', async (t) => {
  const { database } = await openAt(t);
  const errors: unknown[] = [];
  const [writers, days, each] = [4, 5, 40];
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      let now = first;
      const traces = await createTraces(database, {
        batchSpans: 10,
        now: () => new Date(now),
        onError: (error) => void errors.push(error),
      });
      for (let day = 0; day < days; day += 1) {
        now = first + day * DAY_MS;
        // Of today, and of a day for which nobody has made a place yet: those are moved when it is made.
        for (let at = 0; at < each; at += 1)
          traces.processor.onEnd(
            spanOf({
              trace: writer + 1,
              id: day * each + at + 1,
              startMs: now + (at % 3) * DAY_MS,
            }),
          );
        await traces.flush();
      }
      await traces.processor.shutdown();
      assert.equal(traces.stats().dropped, 0);
    }),
  );
  assert.deepEqual(errors, []);
  const { rows } = await database.query(
    `SELECT count(*)::int AS n, count(DISTINCT tableoid)::int AS days FROM traces.spans`,
  );
  // Days 0 to 4 and the one ahead; the last of all is in the default partition.
  assert.deepEqual(rows, [{ n: writers * days * each, days: days + 2 }]);
});

test('a day that cannot be made, because somebody reads, is made later, and its spans are stored', async (t) => {
  const { owner, database } = await openAt(t);
  const errors: { readonly code?: string }[] = [];
  const traces = await createTraces(database, {
    now: () => new Date(first),
    onError: (error) => void errors.push(error as object),
  });
  await owner.transaction(async (reader) => {
    await reader.query('SELECT FROM traces.spans');
    traces.processor.onEnd(spanOf({ id: 1, startMs: first }));
    await traces.flush();
  });
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['55P03'],
  );
  const where = async (): Promise<unknown> =>
    (await database.query('SELECT tableoid::regclass::text AS day FROM traces.spans')).rows;
  assert.deepEqual(await where(), [{ day: 'traces.spans_default' }]);
  const next = await createTraces(database, { now: () => new Date(first) });
  next.processor.onEnd(spanOf({ id: 1, startMs: first }));
  await next.processor.shutdown();
  assert.deepEqual(await where(), [{ day: 'traces.spans_20260110' }]);
  await traces.processor.shutdown();
});

test('days that somebody reads are not dropped, which is told, and dropped when he has gone', async (t) => {
  const { owner, database } = await openAt(t);
  const traces = await createTraces(database, { now: () => new Date(first) });
  traces.processor.onEnd(spanOf({ id: 1, startMs: first }));
  await traces.processor.shutdown();
  const later = await createTraces(database, { now: () => new Date(first + 9 * DAY_MS) });
  await owner.transaction(async (reader) => {
    await reader.query('SELECT FROM traces.spans');
    await assert.rejects(later.keep(3), { code: 'TRACE_DAY_BUSY' });
  });
  assert.equal(await later.keep(3), 2);
  assert.equal((await later.names()).length, 0);
  await assert.rejects(later.keep(0), TypeError);
});
