// The traces of one database: the processor that stores them, and the questions about them.
import type { Database } from '../database/contract.ts';
import type { Traces, TracesOptions } from './contract.ts';
import { keep } from './days.ts';
import { requireTables } from './installed.ts';
import { createQueries } from './query.ts';
import { createSpanQueue, settingsOf } from './queue.ts';
import { createSpanStore } from './store.ts';

/** The tables are there already: tracesPart. Throws TRACE_NOT_INSTALLED otherwise. */
export async function createTraces(
  database: Database,
  options: TracesOptions = {},
): Promise<Traces> {
  await requireTables(database);
  const processor = createSpanQueue(createSpanStore(database, options), settingsOf(options));
  const now = options.now ?? ((): Date => new Date());
  return {
    ...createQueries(database),
    processor,
    flush: async (signal) => await processor.flush(signal),
    keep: async (days, signal) => await keep(database, days, { now, signal }),
    stats: () => processor.stats(),
  };
}
