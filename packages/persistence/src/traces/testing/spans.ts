// Spans for tests: by a real SDK, or made by hand with the times that a test is about.
import type { TestContext } from 'node:test';
import { SpanKind, SpanStatusCode, TraceFlags, type Tracer } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';

export function tracerOf(t: TestContext, processor: SpanProcessor): Tracer {
  const provider = new BasicTracerProvider({ spanProcessors: [processor] });
  // What the test left behind is its own business.
  t.after(() => provider.shutdown().catch(() => {}));
  return provider.getTracer('test');
}

export interface Made {
  readonly trace?: number;
  readonly id: number;
  readonly parent?: number;
  readonly name?: string;
  readonly startMs?: number;
  readonly durationMs?: number;
  readonly error?: boolean;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
const resource = { attributes: { 'service.name': 'test' }, asyncAttributesPending: false };

export function spanOf(made: Made): ReadableSpan {
  const { trace = 1, id, parent, name = 'work', startMs = Date.now(), durationMs = 1 } = made;
  const traceId = hex(trace, 32);
  const time = (ms: number): [number, number] => [
    Math.floor(ms / 1000),
    Math.round((ms % 1000) * 1e6),
  ];
  return {
    name,
    kind: SpanKind.INTERNAL,
    spanContext: () => ({ traceId, spanId: hex(id, 16), traceFlags: TraceFlags.SAMPLED }),
    ...(parent === undefined
      ? {}
      : { parentSpanContext: { traceId, spanId: hex(parent, 16), traceFlags: 1 } }),
    startTime: time(startMs),
    endTime: time(startMs + durationMs),
    duration: time(durationMs),
    status: { code: made.error === true ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: (made.attributes ?? {}) as ReadableSpan['attributes'],
    links: [],
    events: [],
    ended: true,
    resource: resource as unknown as ReadableSpan['resource'],
    instrumentationScope: { name: 'test' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}
