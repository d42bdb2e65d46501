// Spans on every server: stored whole, once, by day, and asked for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, SpanStatusCode, trace as api } from '@opentelemetry/api';
import { checkChambers, settleChambers } from '../chambers/index.ts';
import { createTraces, tracesPart } from './index.ts';
import { openAt, places, whyNotAt } from './testing/places.ts';
import { spanOf, tracerOf } from './testing/spans.ts';

const DAY_MS = 86_400_000;

for (const place of places) {
  const skip = whyNotAt(place);

  test(`${place}: what the SDK ends is stored as it was, and found again`, { skip }, async (t) => {
    const { owner, database } = await openAt(t, place);
    const errors: unknown[] = [];
    const traces = await createTraces(database, { onError: (error) => void errors.push(error) });
    const tracer = tracerOf(t, traces.processor);
    const root = tracer.startSpan('request', { attributes: { route: '/notes', n: 3 } });
    const within = api.setSpan(context.active(), root);
    const child = tracer.startSpan('query', { links: [{ context: root.spanContext() }] }, within);
    child.recordException(new Error('no such table'));
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'failed' });
    child.end();
    root.end();
    await traces.flush();
    const { traceId } = root.spanContext();
    const found = await traces.trace(traceId);
    assert.deepEqual(
      found?.nodes.map(({ span, depth, place: where }) => [span.name, depth, where]),
      [
        ['request', 0, 'root'],
        ['query', 1, 'child'],
      ],
    );
    assert.deepEqual(found.nodes[0]!.span.attributes, { route: '/notes', n: 3 });
    const stored = found.nodes[1]!.span;
    assert.deepEqual([stored.status, stored.statusMessage], ['error', 'failed']);
    assert.equal(stored.parentId, root.spanContext().spanId);
    assert.equal(stored.events[0]?.attributes['exception.message'], 'no such table');
    assert.deepEqual(stored.links[0]?.traceId, traceId);
    assert.deepEqual(await traces.startingWith(traceId.slice(0, 6)), [traceId]);
    assert.equal(await traces.trace('0'.repeat(32)), undefined);
    await assert.rejects(traces.trace('xyz'), { code: 'TRACE_ID_INVALID' });
    assert.deepEqual(errors, []);
    // Where it was stored: in a partition of its day, which is as doctor wants it.
    const [row] = (await database.query('SELECT tableoid::regclass::text AS day FROM traces.spans'))
      .rows;
    assert.match(String(row?.['day']), /^traces\.spans_\d{8}$/);
    assert.deepEqual(await checkChambers(owner, [tracesPart]), []);
    await owner.transaction((transaction) =>
      settleChambers(transaction, [tracesPart], owner.facts),
    );
    await assert.rejects(database.query('DELETE FROM traces.spans'), { code: '42501' });
  });

  test(`${place}: a batch that comes again changes nothing`, { skip }, async (t) => {
    const { database } = await openAt(t, place);
    const spans = [1, 2, 3].map((id) => spanOf({ id }));
    for (let round = 0; round < 2; round += 1) {
      const traces = await createTraces(database);
      for (const span of [...spans, spans[0]!, spanOf({ id: 10 + round })])
        traces.processor.onEnd(span);
      await traces.flush();
      await traces.processor.shutdown();
      assert.equal(traces.stats().dropped, 0);
    }
    const { rows } = await database.query('SELECT count(*)::int AS n FROM traces.spans');
    assert.deepEqual(rows, [{ n: 5 }]);
  });

  test(`${place}: days come and go by the clock, and no span is refused`, { skip }, async (t) => {
    const { owner, database } = await openAt(t, place);
    const first = Date.UTC(2026, 0, 10, 23, 59, 59);
    let now = first;
    const traces = await createTraces(database, { now: () => new Date(now), keepDays: 3 });
    const days = async (): Promise<readonly unknown[]> =>
      (
        await database.query(
          `SELECT tableoid::regclass::text AS day, count(*)::int AS n FROM traces.spans GROUP BY 1 ORDER BY 1`,
        )
      ).rows.map(({ day, n }) => `${String(day).replace('traces.spans_', '')}: ${String(n)}`);
    // Of today, of a day long ago, and of one that is not made yet.
    for (const [id, startMs] of [first, first - 90 * DAY_MS, first + 2 * DAY_MS].entries())
      traces.processor.onEnd(spanOf({ id: id + 1, startMs }));
    await traces.flush();
    assert.deepEqual(await days(), ['20260110: 1', 'default: 2']);
    // Its day is made, and it moves there; what is older than the days that are kept goes.
    now = first + DAY_MS;
    traces.processor.onEnd(spanOf({ id: 4, startMs: now }));
    await traces.flush();
    assert.deepEqual(await days(), ['20260110: 1', '20260111: 1', '20260112: 1']);
    now = first + 3 * DAY_MS;
    traces.processor.onEnd(spanOf({ id: 5, startMs: now }));
    await traces.flush();
    assert.deepEqual(await days(), ['20260111: 1', '20260112: 1', '20260113: 1']);
    assert.equal(await traces.keep(1), 2);
    assert.deepEqual(await days(), ['20260113: 1']);
    assert.deepEqual(await checkChambers(owner, [tracesPart]), []);
    await traces.processor.shutdown();
  });

  test(`${place}: slowest, errors, names and the newest`, { skip }, async (t) => {
    const { database } = await openAt(t, place);
    const traces = await createTraces(database);
    const now = Date.now();
    for (let id = 1; id <= 30; id += 1)
      traces.processor.onEnd(
        spanOf({
          trace: id,
          id,
          name: id % 3 === 0 ? 'rare' : 'often',
          startMs: now - id * 1000,
          durationMs: id,
          error: id % 10 === 0,
        }),
      );
    await traces.flush();
    const ids = (records: readonly { readonly spanId: string }[]): readonly number[] =>
      records.map(({ spanId }) => Number.parseInt(spanId, 16));
    assert.deepEqual(ids(await traces.slowest({ limit: 2 })), [30, 29]);
    assert.deepEqual(ids(await traces.slowest({ name: 'often', limit: 2 })), [29, 28]);
    const since = new Date(now - 15_000);
    assert.deepEqual(ids(await traces.slowest({ name: 'rare', since, limit: 2 })), [15, 12]);
    assert.deepEqual(ids(await traces.errors()), [10, 20, 30]);
    assert.deepEqual(ids(await traces.errors({ since })), [10]);
    assert.deepEqual(ids(await traces.recent({ limit: 3 })), [1, 2, 3]);
    // A Date reaches further than 64 bits of nanoseconds do.
    assert.equal((await traces.errors({ since: new Date(-8.64e15) })).length, 3);
    assert.deepEqual(await traces.errors({ since: new Date(8.64e15) }), []);
    const [often, rare] = await traces.names();
    assert.deepEqual([often?.name, often?.spans, often?.errors], ['often', 20, 2]);
    assert.deepEqual([rare?.maxNs, rare?.p50Ns], [30_000_000n, 15_000_000n]);
    await traces.processor.shutdown();
  });
}

test('a database without the tables is refused at once', async (t) => {
  const { owner } = await openAt(t, 'pglite');
  await owner.query('DROP TABLE traces.spans');
  await assert.rejects(createTraces(owner), { code: 'TRACE_NOT_INSTALLED' });
});
