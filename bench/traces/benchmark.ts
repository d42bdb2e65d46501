// How fast spans are stored, from ended spans to the last commit: our processor, beside the same rows by a hand-written INSERT of many
// rows, with the same batches into the same kind of table. In turn, on one server that syncs its commits.
import { trace as api, context } from '@opentelemetry/api';
import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { Pool } from 'pg';
import { installChambers } from '../../packages/persistence/src/chambers/index.ts';
import { openDatabase } from '../../packages/persistence/src/database/index.ts';
import { startServer } from '../../packages/persistence/src/database/testing/index.ts';
import { createTraces, tracesPart } from '../../packages/persistence/src/traces/index.ts';
import { atLeast, metricOf, type Metric } from '../metric.ts';
import { median } from '../statistics.ts';

interface Options {
  readonly quick: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

const BATCH = 2000;
/** Values of one statement: 65,535 at most. */
const BY_HAND = 1000;

export async function benchmarkTraces({ quick, signal, say }: Options): Promise<readonly Metric[]> {
  const count = quick ? 10_000 : 100_000;
  const rounds = quick ? 3 : 5;
  await using server = await startServer('embedded-18', {
    settings: { fsync: 'on', shared_buffers: '256MB' },
  });
  const at = await server.createDatabase();
  await using database = await openDatabase({ at });
  await database.transaction((transaction) =>
    installChambers(transaction, [tracesPart], database.facts),
  );
  await using cleanup = new AsyncDisposableStack();
  const pool = cleanup.adopt(new Pool({ connectionString: at, max: 1 }), (one) => one.end());
  const sides = {
    ours: async (spans: readonly ReadableSpan[]): Promise<void> => {
      const traces = await createTraces(database, {
        queueSpans: count,
        queueBytes: 2 ** 31,
        batchSpans: BATCH,
      });
      for (const span of spans) traces.processor.onEnd(span);
      await traces.processor.shutdown();
      if (traces.stats().stored !== count) throw new Error('not every span was stored');
    },
    theirs: async (spans: readonly ReadableSpan[]): Promise<void> => {
      for (let from = 0; from < count; from += BATCH) {
        await pool.query('BEGIN');
        for (let at = from; at < from + BATCH; at += BY_HAND)
          await pool.query(insertOf(spans.slice(at, at + BY_HAND)));
        await pool.query('COMMIT');
      }
    },
  };
  const speeds = { ours: [] as number[], theirs: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    // Who is first in a round changes: the machine may grow slower or faster.
    const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
    for (const side of order) {
      signal.throwIfAborted();
      const spans = endedSpans(count);
      const from = performance.now();
      await sides[side](spans);
      const speed = (count * 1000) / (performance.now() - from);
      speeds[side].push(speed);
      say(`round ${round + 1}, ${side}: ${speed.toFixed(0)} spans/s`);
      await database.query('TRUNCATE traces.spans');
    }
  }
  const ratio = median(speeds.ours.map((one, at) => one / speeds.theirs[at]!));
  return [
    metricOf(['traces.speed', ratio, 'ratio'], { judged: atLeast(0.8, ratio) }),
    metricOf(['traces.stored', median(speeds.ours), 'spans/s'], {
      peer: { name: 'INSERT by hand', value: median(speeds.theirs) },
    }),
  ];
}

/** By the SDK itself: requests with four queries each. */
function endedSpans(count: number): readonly ReadableSpan[] {
  const ended: ReadableSpan[] = [];
  const tracer = new BasicTracerProvider({
    spanProcessors: [
      {
        onStart: () => {},
        onEnd: (span) => void ended.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  }).getTracer('bench');
  while (ended.length < count) {
    const root = tracer.startSpan('request', {
      attributes: {
        'http.route': '/notes/:id',
        'http.response.status_code': 200,
        'user.id': ended.length,
      },
    });
    const within = api.setSpan(context.active(), root);
    for (let at = 0; at < 4 && ended.length < count - 1; at += 1)
      tracer
        .startSpan(
          'query',
          { attributes: { 'db.query.text': 'SELECT * FROM notes WHERE id = $1', 'db.rows': at } },
          within,
        )
        .end();
    root.end();
  }
  return ended;
}

const NAMES =
  'trace_id, span_id, parent_id, name, kind, start_ns, duration_ns, status, status_message, trace_state, service, scope, attributes, events, links, resource, cut';

function insertOf(spans: readonly ReadableSpan[]): {
  readonly text: string;
  readonly values: unknown[];
} {
  const values: unknown[] = [];
  const rows = spans.map((span) => {
    const { traceId, spanId } = span.spanContext();
    const parent = span.parentSpanContext?.spanId;
    const row = [
      Buffer.from(traceId, 'hex'),
      Buffer.from(spanId, 'hex'),
      parent === undefined ? null : Buffer.from(parent, 'hex'),
      span.name,
      span.kind,
      BigInt(span.startTime[0]) * 1_000_000_000n + BigInt(span.startTime[1]),
      BigInt(span.duration[0]) * 1_000_000_000n + BigInt(span.duration[1]),
      span.status.code,
      span.status.message ?? null,
      null,
      span.resource.attributes['service.name'] ?? null,
      span.instrumentationScope.name,
      JSON.stringify(span.attributes),
      JSON.stringify(span.events),
      JSON.stringify(span.links),
      JSON.stringify(span.resource.attributes),
      0,
    ];
    const places = row.map((_, at) => `$${values.length + at + 1}`);
    values.push(...row);
    return `(${places.join(',')})`;
  });
  return { text: `INSERT INTO traces.spans (${NAMES}) VALUES ${rows.join(',')}`, values };
}
