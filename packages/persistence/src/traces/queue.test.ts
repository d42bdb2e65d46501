// The queue of spans beside a server that is away, slow, frozen or dead: bounded, counted, and never in the way of the program.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import {
  context,
  ROOT_CONTEXT,
  type Context,
  type ContextManager,
  type Tracer,
} from '@opentelemetry/api';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { AsyncLocalStorage } from 'node:async_hooks';
import { isFailure } from '@stillpoint/core';
import type { Database } from '../database/contract.ts';
import { DEFAULT_FREEZE_LOCK_KEY, openDatabase } from '../database/index.ts';
import { startServer, until } from '../database/testing/index.ts';
import { createSpanExporter, createTraces } from './index.ts';
import { openAt } from './testing/places.ts';
import { spanOf, tracerOf } from './testing/spans.ts';

const countOf = async (database: Pick<Database, 'query'>): Promise<number> =>
  (await database.query<{ n: number }>('SELECT count(*)::int AS n FROM traces.spans')).rows[0]!.n;

test('a server that was away gets what the queue had place for, and the count of the rest', async (t) => {
  await using server = await startServer('embedded-18');
  const { database } = await openAt(t, 'embedded-18', { server });
  let failures = 0;
  const traces = await createTraces(database, {
    queueSpans: 50,
    batchSpans: 20,
    flushMs: 60_000,
    onError: () => void (failures += 1),
  });
  await server.kill();
  for (let id = 1; id <= 80; id += 1) traces.processor.onEnd(spanOf({ id }));
  assert.deepEqual([traces.stats().queued, traces.stats().droppedBy.full], [50, 30]);
  const flushed = traces.flush();
  await until(async () => failures > 1);
  assert.notEqual(traces.stats().lastError, undefined);
  await server.start();
  await flushed;
  await traces.processor.shutdown();
  assert.equal(await countOf(database), 50);
  assert.equal(await traces.dropped(), 30);
  const { stored, dropped, queued, queuedBytes } = traces.stats();
  assert.deepEqual([stored, dropped, queued, queuedBytes], [50, 30, 0, 0]);
  // After the end it is counted as well.
  traces.processor.onEnd(spanOf({ id: 99 }));
  assert.equal(traces.stats().droppedBy.closed, 1);
});

test('the end of the processor does not wait for ever, and counts what is left', async (t) => {
  await using server = await startServer('embedded-18');
  const { database } = await openAt(t, 'embedded-18', { server });
  const traces = await createTraces(database, { flushMs: 100 });
  await server.kill();
  for (let id = 1; id <= 7; id += 1) traces.processor.onEnd(spanOf({ id }));
  await assert.rejects(traces.flush(), (error) => {
    assert.ok(isFailure(error, 'TRACE_NOT_FLUSHED'), String(error));
    assert.equal(error.data['spans'], 7);
    return true;
  });
  await assert.rejects(traces.processor.shutdown(), { code: 'TRACE_NOT_FLUSHED' });
  assert.equal(traces.stats().droppedBy.closed, 7);
  assert.equal(traces.stats().queued, 0);
});

test('large spans fill the queue by their bytes', async (t) => {
  const { database } = await openAt(t);
  const traces = await createTraces(database, { queueBytes: 1_000_000 });
  const text = 'x'.repeat(100_000);
  for (let id = 1; id <= 10; id += 1) traces.processor.onEnd(spanOf({ id, attributes: { text } }));
  assert.deepEqual([traces.stats().queued, traces.stats().droppedBy.full], [4, 6]);
  await traces.processor.shutdown();
  assert.equal(await countOf(database), 4);
});

test('values without a form in Postgres are stored as what comes closest', async (t) => {
  const { database } = await openAt(t);
  const traces = await createTraces(database);
  const attributes = { zero: 'a\0b', half: '\uD800!', nan: Number.NaN, 'k\0': [1, Infinity, 'ok'] };
  traces.processor.onEnd(spanOf({ id: 1, name: 'na\0me', attributes }));
  await traces.processor.shutdown();
  const [record] = await traces.recent();
  assert.equal(record?.name, 'na\uFFFDme');
  const trace = await traces.trace(record.traceId);
  assert.deepEqual(trace?.nodes[0]?.span.attributes, {
    zero: 'a\uFFFDb',
    half: '\uFFFD!',
    nan: 'NaN',
    'k\uFFFD': [1, 'Infinity', 'ok'],
  });
});

test('what the server refuses is found and counted, and the rest of its batch is stored', async (t) => {
  const { owner, database } = await openAt(t);
  await owner.query(`ALTER TABLE traces.spans ADD CONSTRAINT mine CHECK (name <> 'poison')`);
  const errors: unknown[] = [];
  const traces = await createTraces(database, { onError: (error) => void errors.push(error) });
  for (let id = 1; id <= 50; id += 1)
    traces.processor.onEnd(spanOf({ id, name: id % 25 === 0 ? 'poison' : 'good' }));
  await traces.processor.shutdown();
  assert.equal(await countOf(database), 48);
  assert.equal(traces.stats().droppedBy.refused, 2);
  assert.equal(await traces.dropped(), 2);
  assert.notEqual(errors.length, 0);
});

/** As the SDK's own for Node does. */
function asyncContexts(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, fn, self, ...args) => storage.run(active, () => fn.call(self!, ...args)),
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

for (const managed of [false, true]) {
  const how = managed ? 'with contexts' : 'without a context manager';
  test(`storing spans makes none, also where all SQL is traced, ${how}`, async (t) => {
    if (managed) {
      context.setGlobalContextManager(asyncContexts());
      t.after(() => context.disable());
    }
    const { database } = await openAt(t);
    let tracer: Tracer | undefined;
    const tracing = async <T>(work: () => Promise<T>): Promise<T> => {
      const span = tracer?.startSpan('sql');
      try {
        return await work();
      } finally {
        span?.end();
      }
    };
    // As instrumentation of the client library does.
    const watched: Database = {
      ...database,
      query: (text, values) => tracing(() => database.query(text, values)),
      transaction: (body, options) => tracing(() => database.transaction(body, options)),
    };
    const traces = await createTraces(watched);
    tracer = tracerOf(t, traces.processor);
    tracer.startSpan('mine').end();
    await traces.flush();
    await traces.flush();
    const named = await traces.names();
    assert.deepEqual(
      named.map(({ name, spans }) => [name, spans]),
      [['mine', 1]],
    );
    // The question was the program's, and is traced.
    await traces.flush();
    assert.deepEqual(
      (await traces.names()).map(({ name }) => name),
      ['mine', 'sql'],
    );
    await traces.processor.shutdown();
  });
}

test('while the freeze lock is held nothing is stored, and each mark sees whole batches of whole spans', async (t) => {
  const { owner, database, at } = await openAt(t);
  const BATCH = 50;
  const traces = await createTraces(database, { batchSpans: BATCH, queueSpans: 100_000 });
  const freezing = new AbortController();
  const writer = (async () => {
    for (let id = 1; !freezing.signal.aborted;) {
      // A batch is of one trace, so that half of one would be seen.
      const trace = Math.ceil(id / BATCH);
      for (const last = id + BATCH; id < last; id += 1)
        traces.processor.onEnd(spanOf({ trace, id }));
      await traces.flush();
    }
  })();
  await using freezer = await openDatabase({ at, connections: 1 });
  for (let round = 0; round < 10; round += 1) {
    const before = traces.stats().stored;
    await until(async () => traces.stats().stored > before);
    await freezer.transaction(
      async (transaction) => {
        await transaction.query(
          `SELECT pg_advisory_xact_lock('${DEFAULT_FREEZE_LOCK_KEY}'::bigint)`,
        );
        const marked = await countOf(owner);
        const { rows } = await owner.query(
          `SELECT trace_id, count(*)::int FROM traces.spans GROUP BY 1 HAVING count(*) <> ${BATCH}`,
        );
        assert.deepEqual(rows, []);
        assert.equal(marked % BATCH, 0);
        // The writer waits for us now, or will: nothing comes until we go.
        await until(async () => {
          const waits = await owner.query(
            `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
          );
          return waits.rows.length > 0;
        });
        assert.equal(await countOf(owner), marked);
      },
      { withoutFreezeLock: true },
    );
  }
  freezing.abort();
  await writer;
  await traces.processor.shutdown();
  assert.equal(await countOf(database), traces.stats().stored);
});

test('kill -9 loses only what was not flushed, and nothing is half', async (t) => {
  const { database, at, role } = await openAt(t);
  const program = fileURLToPath(new URL('testing/ending.ts', import.meta.url));
  for (let own = 1; own <= 3; own += 1) {
    const child = spawn(
      process.execPath,
      [...process.execArgv, program, JSON.stringify({ at, role, process: own })],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let flushed = 0;
    for await (const line of createInterface(child.stdout)) {
      flushed = Number(line);
      if (flushed >= own * 500) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    assert.notEqual(flushed, 0);
    const { rows } = await database.query<{ n: number; flushed: number; half: number }>(
      `SELECT count(*)::int AS n, count(*) FILTER (WHERE ('x' || encode(span_id, 'hex'))::bit(64)::bigint <= $2)::int AS flushed,
         count(*) FILTER (WHERE length(attributes->>'text') <> 200)::int AS half
       FROM traces.spans WHERE trace_id = $1`,
      [Buffer.from(own.toString(16).padStart(32, '0'), 'hex'), flushed],
    );
    const [found] = rows;
    assert.deepEqual([found?.flushed, found?.half], [flushed, 0]);
    assert.equal(found!.n % 50, 0, 'whole batches');
  }
});

test('the exporter serves processors of others: once more is nothing new, and what is given up is counted', async (t) => {
  await using server = await startServer('embedded-18');
  const { database } = await openAt(t, 'embedded-18', { server });
  const exporter = await createSpanExporter(database, { giveUpMs: 0 });
  const send = async (): Promise<ExportResult> =>
    await new Promise((resolve) => exporter.export([spanOf({ id: 1, startMs: 1e12 })], resolve));
  for (let round = 0; round < 2; round += 1)
    assert.deepEqual(await send(), { code: ExportResultCode.SUCCESS });
  await server.kill();
  assert.equal((await send()).code, ExportResultCode.FAILED);
  await server.start();
  await exporter.forceFlush?.();
  await exporter.shutdown();
  assert.equal(await countOf(database), 1);
  assert.equal(exporter.stats().droppedBy.failed, 1);
  assert.deepEqual((await database.query('SELECT reason, spans::int FROM traces.dropped')).rows, [
    { reason: 'failed', spans: 1 },
  ]);
  assert.equal((await send()).code, ExportResultCode.FAILED);
});
