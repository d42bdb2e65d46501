// From a span of the SDK to a row. Whatever a program put into a span is stored: what JSON or Postgres has no form for is replaced by
// what comes closest, since a trace that lacks the failing request is worth little.
import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { encodeJson, JsonBytes, type CopyColumn, type CopyRow } from '../jsonb/index.ts';

export const columns: readonly CopyColumn[] = [
  { name: 'trace_id', type: 'bytea' },
  { name: 'span_id', type: 'bytea' },
  { name: 'parent_id', type: 'bytea' },
  { name: 'name', type: 'text' },
  { name: 'kind', type: 'int2' },
  { name: 'start_ns', type: 'int8' },
  { name: 'duration_ns', type: 'int8' },
  { name: 'status', type: 'int2' },
  { name: 'status_message', type: 'text' },
  { name: 'trace_state', type: 'text' },
  { name: 'service', type: 'text' },
  { name: 'scope', type: 'text' },
  { name: 'attributes', type: 'jsonb' },
  { name: 'events', type: 'jsonb' },
  { name: 'links', type: 'jsonb' },
  { name: 'resource', type: 'jsonb' },
  { name: 'cut', type: 'int4' },
];

export function rowOf(span: ReadableSpan): CopyRow {
  const { traceId, spanId, traceState } = span.spanContext();
  const parentId = span.parentSpanContext?.spanId;
  const { json, service } = resourceOf(span);
  return [
    Buffer.from(traceId, 'hex'),
    Buffer.from(spanId, 'hex'),
    parentId === undefined ? null : Buffer.from(parentId, 'hex'),
    textOf(span.name),
    span.kind,
    nanoseconds(span.startTime),
    nanoseconds(span.duration),
    span.status.code,
    span.status.message === undefined ? null : textOf(span.status.message),
    traceState === undefined ? null : textOf(traceState.serialize()),
    service,
    textOf(span.instrumentationScope.name),
    jsonOf(span.attributes),
    span.events.length === 0 ? NONE : jsonOf(span.events.map(eventOf)),
    span.links.length === 0 ? NONE : jsonOf(span.links.map(linkOf)),
    json,
    span.droppedAttributesCount + span.droppedEventsCount + span.droppedLinksCount,
  ];
}

/** A span is known by these. */
export function keyOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext();
  return `${traceId}${spanId}${nanoseconds(span.startTime)}`;
}

export function nanoseconds([seconds, rest]: HrTime): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round(rest));
}

const NONE = encodeJson([]);

function eventOf({ name, time, attributes }: ReadableSpan['events'][number]): object {
  // As text: a number of JSON would lose its last digits in most readers.
  return { name, timeNs: String(nanoseconds(time)), attributes: attributes ?? {} };
}

function linkOf({ context, attributes }: ReadableSpan['links'][number]): object {
  return { traceId: context.traceId, spanId: context.spanId, attributes: attributes ?? {} };
}

interface ResourceColumns {
  readonly json: JsonBytes;
  readonly service: string | null;
}

/** All spans of a process have the same. */
const resources = new WeakMap<ReadableSpan['resource'], ResourceColumns>();

function resourceOf({ resource }: ReadableSpan): ResourceColumns {
  const known = resources.get(resource);
  if (known !== undefined) return known;
  const service = resource.attributes['service.name'];
  const made = {
    json: jsonOf(resource.attributes),
    service: typeof service === 'string' ? textOf(service) : null,
  };
  if (resource.asyncAttributesPending !== true) resources.set(resource, made);
  return made;
}

function jsonOf(value: object): JsonBytes {
  try {
    return encodeJson(value);
  } catch {
    return encodeJson(storable(value, 0));
  }
}

const DEEPEST = 32;

function storable(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return textOf(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === null || value === undefined || typeof value === 'boolean') return value ?? null;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || depth >= DEEPEST) return `(${typeof value})`;
  if (Array.isArray(value)) return value.map((one) => storable(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [textOf(key), storable(one, depth + 1)]),
  );
}

/** A zero character and half a surrogate pair have no place in Postgres. */
function textOf(text: string): string {
  return text.isWellFormed() && !text.includes('\0')
    ? text
    : text.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** About what it takes in memory while it waits: its texts, and a share for everything else. Cheap, for each span that ends. */
export function sizeOf(span: ReadableSpan): number {
  let bytes = 500 + span.name.length * 2 + sizeOfAttributes(span.attributes);
  for (const { name, attributes } of span.events)
    bytes += 100 + name.length * 2 + sizeOfAttributes(attributes);
  for (const { attributes } of span.links) bytes += 200 + sizeOfAttributes(attributes);
  return bytes;
}

function sizeOfAttributes(attributes: ReadableSpan['attributes'] | undefined): number {
  let bytes = 0;
  for (const key in attributes) bytes += 40 + key.length * 2 + sizeOfValue(attributes[key]);
  return bytes;
}

function sizeOfValue(value: unknown): number {
  if (typeof value === 'string') return value.length * 2;
  if (!Array.isArray(value)) return 8;
  let bytes = 0;
  for (const one of value) bytes += 8 + (typeof one === 'string' ? one.length * 2 : 0);
  return bytes;
}
