// What somebody has to do for all: void claims, expiry, deletion, schedules. One process does it, the one whose session has the
// keeper's lock; when that session ends, the next one gets it. It works under a permit, statement by statement, so a freeze
// finds the tables still.
import type { PgBoss, Db } from 'pg-boss';
import type { Queryable } from '../database/contract.ts';
import { bossDb, insideTransaction, startUpkeep } from './boss.ts';
import type { Recovered } from './contract.ts';
import type { Permit, Permits } from './permits.ts';
import { recoverVoidClaims } from './recover.ts';

export interface Keeper extends AsyncDisposable {
  recover(): Promise<Recovered>;
}

export interface KeeperOptions {
  /** A session of its own: claims do not wait for a long upkeep. */
  readonly permits: Permits;
  readonly boss: PgBoss;
  readonly kind: 'postgres' | 'pglite';
  /** True while this process has the keeper's lock; asked again and again. */
  readonly isElected: () => Promise<boolean>;
  readonly onError: (error: unknown) => void;
}

const beatMs = 1000;
/** Progress of jobs that were deleted. */
const sweepMs = 60_000;

export function startKeeper(options: KeeperOptions): Keeper {
  const { permits, boss, onError } = options;
  const ended = new AbortController();
  let upkeep: PgBoss | undefined;
  let sweptAtMs = performance.now();

  const underPermit = async <T>(body: (queryable: Queryable) => Promise<T>): Promise<T> => {
    using permit = await permits.enter(ended.signal);
    return await permit.claim(body);
  };
  const recover = (): Promise<Recovered> =>
    underPermit((queryable) => recoverVoidClaims(boss, queryable));
  const db = createGuardedDb(() => permits.enter(ended.signal));

  const beat = async (): Promise<void> => {
    if (!(await options.isElected())) {
      const before = upkeep;
      upkeep = undefined;
      return await before?.stop({ graceful: false });
    }
    await recover();
    if (performance.now() - sweptAtMs > sweepMs) {
      sweptAtMs = performance.now();
      await underPermit(sweepProgress);
    }
    upkeep ??= await startUpkeep(db, options.kind, (error) => {
      if (!ended.signal.aborted) onError(error);
    });
  };

  let beating: Promise<void> | undefined;
  const onTime = (): void => {
    beating ??= beat()
      .catch((error: unknown) => {
        if (!ended.signal.aborted) onError(error);
      })
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

/** What pg-boss does by itself, each statement or transaction under a permit of its own. */
function createGuardedDb(enter: () => Promise<Permit>): Db {
  return {
    async executeSql(text, values) {
      using permit = await enter();
      const inside = insideTransaction(text);
      if (inside === undefined)
        return await permit.claim((queryable) => bossDb(queryable).executeSql(text, values));
      return await permit.session.transaction(
        (transaction) => bossDb(transaction).executeSql(inside),
        { withoutFreezeLock: true },
      );
    },
  };
}

async function sweepProgress(queryable: Queryable): Promise<void> {
  await queryable.query(
    'DELETE FROM queue.progress p WHERE NOT EXISTS (SELECT FROM queue.job j WHERE j.name = p.name AND j.id = p.id)',
  );
}
