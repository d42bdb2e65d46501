// Asking for traces. Days that `since` excludes are not read; each question has an index in each of the others, but for the slowest
// of all names and for names(), which read the window.
import { failure } from '@stillpoint/core';
import type { Database } from '../database/contract.ts';
import type {
  DetailedSpan,
  NameSummary,
  Since,
  SpanEvent,
  SpanKindName,
  SpanRecord,
  SpanStatus,
  TraceQueries,
} from './contract.ts';
import { requireTables } from './installed.ts';
import { traceOf } from './tree.ts';

const LIMIT = 20;
const EARLIEST_NS = -(2n ** 63n);
const LATEST_NS = 2n ** 63n - 1n;
// Numbers of 64 bits come as text, under the same names: what orders by them names the table.
const RECORD = `encode(trace_id, 'hex') AS trace_id, encode(span_id, 'hex') AS span_id, encode(parent_id, 'hex') AS parent_id,
  name, kind, service, scope, start_ns::text AS start_ns, duration_ns::text AS duration_ns, status, status_message`;
const WINDOW = 'start_ns >= $1::bigint';

/** Only the questions. The tables are there already: tracesPart. Throws TRACE_NOT_INSTALLED otherwise. */
export async function createTraceQueries(database: Database): Promise<TraceQueries> {
  await requireTables(database);
  return createQueries(database);
}

export function createQueries(database: Database): TraceQueries {
  const records = async (
    where: string,
    order: string,
    { since, limit = LIMIT }: Since,
    more: readonly unknown[] = [],
  ): Promise<readonly SpanRecord[]> => {
    const { rows } = await database.query<RecordRow>(
      `SELECT ${RECORD} FROM traces.spans WHERE ${WINDOW} ${where} ORDER BY ${order} LIMIT $2`,
      [sinceNs(since), limit, ...more],
    );
    return rows.map(recordOf);
  };
  return {
    async trace(traceId) {
      if (!/^[0-9a-f]{32}$/i.test(traceId)) throw failure('TRACE_ID_INVALID', { id: traceId });
      const { rows } = await database.query<DetailedRow>(
        `SELECT ${RECORD}, attributes, events, links, resource, cut FROM traces.spans WHERE trace_id = $1`,
        [Buffer.from(traceId, 'hex')],
      );
      return rows.length === 0 ? undefined : traceOf(traceId.toLowerCase(), rows.map(detailedOf));
    },
    async startingWith(start, limit = LIMIT) {
      if (!/^[0-9a-f]{1,32}$/i.test(start)) throw failure('TRACE_ID_INVALID', { id: start });
      const { rows } = await database.query<{ readonly id: string }>(
        `SELECT DISTINCT encode(trace_id, 'hex') AS id FROM traces.spans WHERE trace_id BETWEEN $1 AND $2 ORDER BY 1 LIMIT $3`,
        [
          Buffer.from(start.padEnd(32, '0'), 'hex'),
          Buffer.from(start.padEnd(32, 'f'), 'hex'),
          limit,
        ],
      );
      return rows.map(({ id }) => id);
    },
    recent: async (options = {}) =>
      await records('AND parent_id IS NULL', 'spans.start_ns DESC, spans.span_id', options),
    slowest: async ({ name, ...options } = {}) =>
      name === undefined
        ? await records('', 'spans.duration_ns DESC, spans.start_ns DESC', options)
        : await records(
            // The first condition is the index's; it knows no more of a name.
            'AND left(name, 200) COLLATE "C" = left($3, 200) COLLATE "C" AND name = $3',
            'spans.duration_ns DESC, spans.start_ns DESC',
            options,
            [name],
          ),
    errors: async (options = {}) =>
      await records('AND status = 2', 'spans.start_ns DESC, spans.span_id', options),
    async names({ since, limit = LIMIT } = {}) {
      const { rows } = await database.query<Record<keyof NameSummary, string>>(
        `SELECT name, count(*) AS spans, count(*) FILTER (WHERE status = 2) AS errors,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ns) AS "p50Ns",
           percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ns) AS "p95Ns", max(duration_ns) AS "maxNs"
         FROM traces.spans WHERE ${WINDOW} GROUP BY name ORDER BY count(*) DESC, name COLLATE "C" LIMIT $2`,
        [sinceNs(since), limit],
      );
      return rows.map((row) => ({
        name: row.name,
        spans: Number(row.spans),
        errors: Number(row.errors),
        p50Ns: BigInt(row.p50Ns),
        p95Ns: BigInt(row.p95Ns),
        maxNs: BigInt(row.maxNs),
      }));
    },
    async dropped({ since } = {}) {
      const { rows } = await database.query<{ readonly spans: string }>(
        'SELECT coalesce(sum(spans), 0)::text AS spans FROM traces.dropped WHERE last_at >= $1',
        [since ?? new Date(0)],
      );
      return Number(rows[0]?.spans);
    },
  };
}

const kinds: readonly SpanKindName[] = ['internal', 'server', 'client', 'producer', 'consumer'];
const statuses: readonly SpanStatus[] = ['unset', 'ok', 'error'];

interface RecordRow {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id: string | null;
  readonly name: string;
  readonly kind: number;
  readonly service: string | null;
  readonly scope: string | null;
  readonly start_ns: string;
  readonly duration_ns: string;
  readonly status: number;
  readonly status_message: string | null;
}

interface DetailedRow extends RecordRow {
  readonly attributes: DetailedSpan['attributes'];
  readonly events: readonly (Omit<SpanEvent, 'timeNs'> & { readonly timeNs: string })[];
  readonly links: DetailedSpan['links'];
  readonly resource: DetailedSpan['resource'];
  readonly cut: number;
}

function recordOf(row: RecordRow): SpanRecord {
  return {
    traceId: row.trace_id,
    spanId: row.span_id,
    parentId: row.parent_id,
    name: row.name,
    kind: kinds[row.kind] ?? 'internal',
    service: row.service,
    scope: row.scope,
    startNs: BigInt(row.start_ns),
    durationNs: BigInt(row.duration_ns),
    status: statuses[row.status] ?? 'unset',
    statusMessage: row.status_message,
  };
}

function detailedOf(row: DetailedRow): DetailedSpan {
  const { attributes, events, links, resource, cut } = row;
  return {
    ...recordOf(row),
    attributes,
    events: events.map((event) => ({ ...event, timeNs: BigInt(event.timeNs) })),
    links,
    resource,
    cut,
  };
}

function sinceNs(since: Date | undefined): string {
  if (since === undefined) return String(EARLIEST_NS);
  if (Number.isNaN(since.getTime())) throw new TypeError('`since` is a valid Date');
  // A Date reaches further than 64 bits of nanoseconds do.
  const ns = BigInt(since.getTime()) * 1_000_000n;
  if (ns < EARLIEST_NS) return String(EARLIEST_NS);
  return String(ns > LATEST_NS ? LATEST_NS : ns);
}
