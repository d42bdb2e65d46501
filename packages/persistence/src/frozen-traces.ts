// Traces that a freeze waits for: the spans of this process that ended before it are stored before anything is marked. Where queue and
// traces meet, for neither room knows the other.
import type { Database } from './database/contract.ts';
import { createBeforeStill, type BeforeStill } from './queue/index.ts';
import { createTraces, type Traces, type TracesOptions } from './traces/index.ts';

/** Of a freeze's budget: a snapshot is worth more than the last spans, which come with the next one. */
const FLUSH_MS = 1000;

export interface FrozenTraces {
  readonly traces: Traces;
  /** What a freeze waits for. Rejects when it takes too long. */
  flush(): Promise<void>;
  end(): Promise<void>;
}

export async function createFrozenTraces(
  database: Database,
  options: TracesOptions & { readonly freezeLockKey: bigint },
): Promise<FrozenTraces> {
  const { freezeLockKey, onError = () => {} } = options;
  let still: BeforeStill | undefined;
  const traces = await createTraces(database, options, (some) => still?.set(some));
  const flush = (): Promise<void> => traces.flush(AbortSignal.timeout(FLUSH_MS));
  // Nobody freezes PGlite from outside, and it has no session to tell of it.
  if (database.facts.connections === 'many')
    still = createBeforeStill(database, {
      freezeLockKey,
      name: 'stillpoint traces',
      write: flush,
      onError,
    });
  return {
    traces,
    flush,
    async end() {
      try {
        await traces.processor.shutdown();
      } finally {
        await still?.[Symbol.asyncDispose]();
      }
    },
  };
}
