// The processor between the SDK and the store. The SDK's own drops what it has no place for without a word, and lets go of a batch
// that failed; this one counts, and keeps what it has until the store took it.
import { TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, Span } from '@opentelemetry/sdk-trace-base';
import { failure } from '@stillpoint/core';
import type { SpanQueue, TracesOptions, TraceStats } from './contract.ts';
import { sizeOf } from './rows.ts';
import { isStoring, quietly, type SpanStore } from './store.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** While somebody waits. */
const SHORT_PAUSE_MS = 500;

export interface QueueSettings {
  readonly queueSpans: number;
  readonly queueBytes: number;
  readonly batchSpans: number;
  readonly delayMs: number;
  readonly flushMs: number;
  readonly onError: (error: unknown) => void;
}

export function settingsOf(options: TracesOptions): QueueSettings {
  const {
    queueSpans = 20_000,
    queueBytes = 64 * 1024 * 1024,
    batchSpans = 2000,
    delayMs = 1000,
    flushMs = 10_000,
    onError = () => {},
  } = options;
  return { queueSpans, queueBytes, batchSpans, delayMs, flushMs, onError };
}

interface Waiting {
  /** How many spans must be settled: stored or refused. */
  readonly until: number;
  readonly resolve: () => void;
}

/** `waiting` is told when the first span waits, and when none does any more. */
export function createSpanQueue(
  store: SpanStore,
  settings: QueueSettings,
  waiting: (some: boolean) => void = () => {},
): SpanQueue {
  const queue = new SpanQueueOf(store, settings, waiting);
  return {
    onStart: (span) => queue.started(span),
    onEnd: (span) => queue.ended(span),
    forceFlush: async () => await queue.flush(),
    shutdown: async () => await queue.shutdown(),
    flush: async (signal) => await queue.flush(signal),
    stats: () => queue.stats(),
  };
}

class SpanQueueOf {
  readonly #store: SpanStore;
  readonly #settings: QueueSettings;
  readonly #tell: (some: boolean) => void;
  /** With those that are being stored, in front. */
  readonly #spans: { readonly span: ReadableSpan; readonly bytes: number }[] = [];
  /** Of the store's own work, where suppressing had no effect. */
  readonly #ours = new WeakSet<object>();
  readonly #closing = new AbortController();
  #bytes = 0;
  #stored = 0;
  /** Spans that were ever taken, and those of them that are stored or refused. */
  #taken = 0;
  #settled = 0;
  #lastError: unknown;
  #pauseMs = 0;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: SpanStore, settings: QueueSettings, tell: (some: boolean) => void) {
    this.#store = store;
    this.#settings = settings;
    this.#tell = (some) => quietly(() => tell(some));
  }

  started(span: Span): void {
    if (isStoring()) this.#ours.add(span);
  }

  ended(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0 || this.#ours.has(span)) return;
    const { queueSpans, queueBytes, batchSpans } = this.#settings;
    if (this.#closed !== undefined) return this.#store.drops.count('closed', 1);
    const bytes = sizeOf(span);
    if (this.#spans.length >= queueSpans || this.#bytes + bytes > queueBytes) {
      this.#store.drops.count('full', 1);
      return;
    }
    this.#spans.push({ span, bytes });
    this.#bytes += bytes;
    this.#taken += 1;
    if (this.#spans.length === 1) this.#tell(true);
    if (this.#pauseMs === 0 && this.#spans.length >= batchSpans) this.#wake();
    else this.#sleep(this.#pauseMs || this.#settings.delayMs);
  }

  async flush(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#settled >= this.#taken && !this.#store.drops.pending) return;
    const limit = AbortSignal.timeout(this.#settings.flushMs);
    const ends = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { until: this.#taken, resolve };
    this.#waiting.push(waiting);
    const end = (): void => reject(signal?.aborted === true ? signal.reason : this.#notFlushed());
    ends.addEventListener('abort', end, { once: true });
    // The wait is somebody's: it keeps the process alive, which a signal's timer does not.
    const alive = setInterval(() => {}, this.#settings.flushMs + 1000);
    try {
      this.#wake();
      await promise;
    } finally {
      clearInterval(alive);
      ends.removeEventListener('abort', end);
      this.#waiting = this.#waiting.filter((one) => one !== waiting);
    }
  }

  async shutdown(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  stats(): TraceStats {
    const { drops } = this.#store;
    return {
      stored: this.#stored,
      queued: this.#spans.length,
      queuedBytes: this.#bytes,
      dropped: drops.total,
      droppedBy: { ...drops.byReason },
      lastError: this.#lastError,
    };
  }

  async #close(): Promise<void> {
    try {
      await this.flush();
      // What was dropped in the meantime.
      await this.flush();
    } finally {
      clearTimeout(this.#timer);
      this.#closing.abort(this.#notFlushed());
      await this.#running;
      // Of a batch whose commit had no answer nobody knows. Counted as dropped it may be there, never the other way round.
      const left = this.#spans.splice(0).length;
      if (left > 0) this.#store.drops.count('closed', left);
      this.#bytes = 0;
      this.#tell(false);
    }
  }

  #notFlushed(): Error {
    const reason =
      this.#lastError instanceof Error ? this.#lastError.message : 'it takes longer than it may';
    return failure('TRACE_NOT_FLUSHED', { spans: this.#spans.length, reason }, this.#lastError);
  }

  #sleep(ms: number): void {
    if (this.#timer !== undefined || this.#running !== undefined) return;
    this.#timer = setTimeout(() => this.#wake(), ms);
    this.#timer.unref();
  }

  #wake(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // It is known as running before anything is done.
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  /** Stores until nothing is left, or something went wrong. Never rejects. */
  async #run(): Promise<void> {
    let failed = false;
    while (!failed && this.#hasWork()) failed = !(await this.#storeOne());
    this.#running = undefined;
    const most = this.#waiting.length > 0 ? SHORT_PAUSE_MS : LONGEST_PAUSE_MS;
    this.#pauseMs = failed ? Math.min(Math.max(this.#pauseMs * 2, FIRST_PAUSE_MS), most) : 0;
    if (failed && !this.#closing.signal.aborted) this.#sleep(this.#pauseMs);
  }

  #hasWork(): boolean {
    if (this.#closing.signal.aborted) return false;
    return this.#spans.length > 0 || this.#store.drops.pending;
  }

  async #storeOne(): Promise<boolean> {
    const batch = this.#spans.slice(0, this.#settings.batchSpans);
    const spans = batch.map(({ span }) => span);
    let refused: number;
    try {
      refused = await this.#store.store(spans, this.#closing.signal);
    } catch (error) {
      this.#lastError = error;
      if (!this.#closing.signal.aborted) this.#settings.onError(error);
      return false;
    }
    this.#lastError = undefined;
    this.#spans.splice(0, batch.length);
    for (const { bytes } of batch) this.#bytes -= bytes;
    this.#settled += batch.length;
    this.#stored += batch.length - refused;
    if (this.#spans.length === 0) this.#tell(false);
    for (const { until, resolve } of this.#waiting) if (this.#settled >= until) resolve();
    return true;
  }
}
