// The store as the SDK's own processors know exporters. They let go of a batch when it has failed, so it is tried for a while, and
// counted when it is given up. What a processor drops before, only the processor knows: ours counts (queue.ts).
import { setTimeout as pause } from 'node:timers/promises';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { Database } from '../database/contract.ts';
import type { CountedExporter, SpanExporterOptions } from './contract.ts';
import { requireTables } from './installed.ts';
import { createSpanStore } from './store.ts';

const GIVE_UP_MS = 20_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/** An OpenTelemetry SpanExporter. The tables are there already: tracesPart. Throws TRACE_NOT_INSTALLED otherwise. */
export async function createSpanExporter(
  database: Database,
  options: SpanExporterOptions = {},
): Promise<CountedExporter> {
  await requireTables(database);
  const { giveUpMs = GIVE_UP_MS, onError = () => {} } = options;
  const store = createSpanStore(database, options);
  const running = new Set<Promise<void>>();
  const closing = new AbortController();
  let stored = 0;
  let queued = 0;
  let lastError: unknown;

  const tryFor = async (spans: readonly ReadableSpan[]): Promise<void> => {
    const untilMs = performance.now() + giveUpMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        const refused = await store.store(spans);
        stored += spans.length - refused;
        lastError = undefined;
        return;
      } catch (error) {
        lastError = error;
        onError(error);
        if (closing.signal.aborted || performance.now() + pauseMs > untilMs) throw error;
        await pause(pauseMs, undefined, { signal: closing.signal }).catch(() => {});
      }
    }
  };
  const exportOne = async (
    spans: readonly ReadableSpan[],
    tell: (result: ExportResult) => void,
  ): Promise<void> => {
    queued += spans.length;
    try {
      if (closing.signal.aborted) throw new Error('the exporter was shut down');
      await tryFor(spans);
      tell({ code: ExportResultCode.SUCCESS });
    } catch (error) {
      store.drops.count('failed', spans.length);
      tell({ code: ExportResultCode.FAILED, error: error as Error });
    } finally {
      queued -= spans.length;
    }
  };
  const settle = async (): Promise<void> => {
    await Promise.all(running);
    if (store.drops.pending) await store.store([]).catch(onError);
  };
  return {
    export(spans, tell) {
      const one = exportOne(spans, tell).finally(() => running.delete(one));
      running.add(one);
    },
    forceFlush: settle,
    async shutdown() {
      closing.abort();
      await settle();
    },
    stats: () => ({
      stored,
      queued,
      queuedBytes: 0,
      dropped: store.drops.total,
      droppedBy: { ...store.drops.byReason },
      lastError,
    }),
  };
}
