// What somebody has to do for all: void claims, expiry, deletion, schedules. One process does it, the one whose session has the
// upkeep's lock; when that session ends, the next one gets it. It works under a permit, statement by statement, so a freeze
// finds the tables still.
import type { PgBoss, Db } from 'pg-boss';
import type { Queryable, Transaction } from '../database/contract.ts';
import { bossDb, insideTransaction, startUpkeepBoss } from './boss.ts';
import type { Recovered } from './contract.ts';
import { GATE_CLOSED, type Permits } from './permits.ts';
import { recoverVoidClaims } from './recover.ts';

export interface Upkeep extends AsyncDisposable {
  recover(): Promise<Recovered>;
}

export interface UpkeepOptions {
  /** A session of its own: claims do not wait for a long upkeep. */
  readonly permits: Permits;
  readonly boss: PgBoss;
  readonly kind: 'postgres' | 'pglite';
  /** True while this process has the upkeep's lock; asked again and again. */
  readonly isElected: () => Promise<boolean>;
  readonly onError: (error: unknown) => void;
}

const beatMs = 1000;
/** Progress of jobs that were deleted. */
const sweepMs = 60_000;

export function startUpkeep(options: UpkeepOptions): Upkeep {
  const { permits, boss, onError } = options;
  const ended = new AbortController();
  let upkeep: PgBoss | undefined;
  let sweptAtMs = performance.now();

  const { signal } = ended;
  const recover = (): Promise<Recovered> =>
    underPermit(permits, signal, (transaction) => recoverVoidClaims(boss, transaction));
  const db: Db = {
    executeSql: (text, values) =>
      underPermit(permits, signal, (transaction) =>
        bossDb(transaction).executeSql(insideTransaction(text) ?? text, values),
      ),
  };
  /** That it was put off is no error. */
  const tell = (error: unknown): void => {
    if (!signal.aborted && error !== GATE_CLOSED) onError(error);
  };

  const beat = async (): Promise<void> => {
    if (!(await options.isElected())) {
      const before = upkeep;
      upkeep = undefined;
      return await before?.stop({ graceful: false });
    }
    await recover();
    if (performance.now() - sweptAtMs > sweepMs) {
      sweptAtMs = performance.now();
      await underPermit(permits, signal, sweepProgress);
    }
    upkeep ??= await startUpkeepBoss(db, options.kind, tell);
  };

  let beating: Promise<void> | undefined;
  const onTime = (): void => {
    beating ??= beat()
      .catch(tell)
      .finally(() => (beating = undefined));
  };
  const timer = setInterval(onTime, beatMs);
  timer.unref();
  onTime();

  return {
    recover,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      ended.abort(new Error('the queue was closed'));
      await beating;
      await upkeep?.stop({ graceful: false });
      await permits[Symbol.asyncDispose]();
    },
  };
}

/**
 * One statement or transaction, under a permit of its own. A freeze does not wait for it: statistics of a large table take longer
 * than any budget. It is cancelled, and done again later.
 */
async function underPermit<T>(
  permits: Permits,
  signal: AbortSignal,
  body: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  using permit = await permits.enter(signal);
  return await permit.session.transaction(body, {
    withoutFreezeLock: true,
    signal: AbortSignal.any([permit.closed, signal]),
  });
}

async function sweepProgress(queryable: Queryable): Promise<void> {
  await queryable.query(
    'DELETE FROM queue.progress p WHERE NOT EXISTS (SELECT FROM queue.job j WHERE j.name = p.name AND j.id = p.id)',
  );
}
