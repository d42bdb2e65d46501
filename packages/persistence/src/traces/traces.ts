// The traces of one database: the processor that stores them, and the questions about them.
import type { Database } from '../database/contract.ts';
import type { Traces, TracesOptions } from './contract.ts';
import { keep } from './days.ts';
import { requireTables } from './installed.ts';
import { createQueries } from './query.ts';
import { createSpanQueue, settingsOf } from './queue.ts';
import { createSpanStore } from './store.ts';

/**
 * The tables are there already: tracesPart. Throws TRACE_NOT_INSTALLED otherwise. `waiting` is told when spans wait to be stored, and
 * when none does any more.
 */
export async function createTraces(
  database: Database,
  options: TracesOptions = {},
  waiting?: (some: boolean) => void,
): Promise<Traces> {
  await requireTables(database);
  const processor = createSpanQueue(
    createSpanStore(database, options),
    settingsOf(options),
    waiting,
  );
  const now = options.now ?? ((): Date => new Date());
  return {
    ...createQueries(database),
    processor,
    flush: async (signal) => await processor.flush(signal),
    keep: async (days, signal) => await keep(database, days, { now, signal }),
    stats: () => processor.stats(),
  };
}
