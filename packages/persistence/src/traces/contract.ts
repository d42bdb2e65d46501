// Traces: what a daemon's spans become, and how they are asked for.
//
// THE LAW.
//  1. A span is one row, and a batch one transaction that takes the project's freeze lock: a snapshot holds whole batches, and a
//     restore brings back whole spans. Spans that ended before flush() are stored when it resolves.
//  2. A batch that is stored again changes nothing: a span is known by its trace, its id and its start.
//  3. Nothing is lost without a word. What the queue has no place for, what the server refuses and what is left at the end is
//     counted, in stats() and, as soon as the server can be reached, in traces.dropped.
//  4. Ending a span never waits and never throws, whatever becomes of the database.
//  5. Storing spans makes none: what the store itself does is not traced.
//  6. Days are dropped whole, and only when somebody said so: keepDays, or keep().
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';

export interface SpanStoreOptions {
  /** Days that stay, today included; what is older goes when a day begins. undefined: nothing goes by itself. */
  readonly keepDays?: number;
  /** Which day it is. */
  readonly now?: () => Date;
  /** What went wrong while nobody waited for it. Called again with each attempt. */
  readonly onError?: (error: unknown) => void;
}

export interface SpanExporterOptions extends SpanStoreOptions {
  /** How long a batch is tried before it is given up and counted; 20,000 unless told, since the SDK's processor waits for 30,000. */
  readonly giveUpMs?: number;
}

export interface TracesOptions extends SpanStoreOptions {
  /** Spans that wait, at most; 20,000 unless told. */
  readonly queueSpans?: number;
  /** About how much memory they take, at most; 64 MiB unless told. */
  readonly queueBytes?: number;
  /** Spans of one transaction, at most; 2,000 unless told. */
  readonly batchSpans?: number;
  /** How long a span waits for others at most; 1,000 unless told. */
  readonly delayMs?: number;
  /** How long flush() and the end of the processor try at most; 10,000 unless told. */
  readonly flushMs?: number;
}

/** full: no place in the queue. refused: the server did not take it. failed: not stored in time. closed: ended after the end. */
export type DropReason = 'full' | 'refused' | 'failed' | 'closed';

export interface TraceStats {
  readonly stored: number;
  /** Waiting, with those that are being stored. */
  readonly queued: number;
  readonly queuedBytes: number;
  readonly dropped: number;
  readonly droppedBy: Readonly<Record<DropReason, number>>;
  /** Of the last attempt, when it failed. */
  readonly lastError: unknown;
}

export interface CountedExporter extends SpanExporter {
  stats(): TraceStats;
}

export interface SpanQueue extends SpanProcessor {
  /** Law 1. Before the freeze lock is taken, never while this process holds it. Throws TRACE_NOT_FLUSHED. */
  flush(signal?: AbortSignal): Promise<void>;
  stats(): TraceStats;
}

export type SpanStatus = 'unset' | 'ok' | 'error';
export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface SpanRecord {
  /** 32 and 16 hexadecimal digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly service: string | null;
  readonly scope: string | null;
  /** Nanoseconds since 1970. */
  readonly startNs: bigint;
  readonly durationNs: bigint;
  readonly status: SpanStatus;
  readonly statusMessage: string | null;
}

export interface SpanEvent {
  readonly name: string;
  readonly timeNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface DetailedSpan extends SpanRecord {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
  readonly resource: Readonly<Record<string, unknown>>;
  /** Attributes, events and links that the SDK's limits cut off. */
  readonly cut: number;
}

/** orphan: its parent is not stored. cycle: it is its own ancestor, and is shown where it began first. */
export type NodePlace = 'root' | 'child' | 'orphan' | 'cycle';

export interface TraceNode {
  readonly span: DetailedSpan;
  /** 0: nothing above it. */
  readonly depth: number;
  readonly place: NodePlace;
  /** Whether no other span of the same parent comes after it. */
  readonly last: boolean;
}

export interface Trace {
  readonly traceId: string;
  readonly startNs: bigint;
  readonly durationNs: bigint;
  readonly errors: number;
  /** Every span once, each after its parent and before its parent's next child; children by their start. */
  readonly nodes: readonly TraceNode[];
}

export interface Since {
  /** Spans that began at this moment or later. */
  readonly since?: Date;
  /** 20 unless told. */
  readonly limit?: number;
}

export interface NameSummary {
  readonly name: string;
  readonly spans: number;
  readonly errors: number;
  readonly p50Ns: bigint;
  readonly p95Ns: bigint;
  readonly maxNs: bigint;
}

export interface TraceQueries {
  /** undefined: none of its spans is stored. TRACE_ID_INVALID. */
  trace(traceId: string): Promise<Trace | undefined>;
  /** Ids that begin so, at most `limit`. TRACE_ID_INVALID. */
  startingWith(start: string, limit?: number): Promise<readonly string[]>;
  /** Spans without a parent, the newest first. */
  recent(options?: Since): Promise<readonly SpanRecord[]>;
  /** The longest first; of all names unless told. */
  slowest(options?: Since & { readonly name?: string }): Promise<readonly SpanRecord[]>;
  /** Spans with the status "error", the newest first. */
  errors(options?: Since): Promise<readonly SpanRecord[]>;
  /** What there is, the most frequent first. */
  names(options?: Since): Promise<readonly NameSummary[]>;
  /** Spans that were dropped, by all processes. */
  dropped(options?: Pick<Since, 'since'>): Promise<number>;
}

export interface Traces extends TraceQueries {
  /** For the SDK: new BasicTracerProvider({ spanProcessors: [traces.processor] }). */
  readonly processor: SpanQueue;
  /** Law 1. For the beginning of a freeze. */
  flush(signal?: AbortSignal): Promise<void>;
  /** Drops days before the last `days`, today included. Resolves to their number. TRACE_DAY_BUSY. */
  keep(days: number, signal?: AbortSignal): Promise<number>;
  stats(): TraceStats;
}

export type { ReadableSpan, SpanExporter, SpanProcessor };
