// Days of spans, in UTC as the partitions are: made ahead of time, dropped when nobody wants them any more. A day that is not made
// in time costs nothing but a move: its spans are in the default partition until it is.
import { failure, isFailure } from '@stillpoint/core';
import type { Database } from '../database/contract.ts';

const DAY_MS = 86_400_000;
/** Today's, and tomorrow's before anybody needs it. */
const AHEAD = [0, 1];
const AGAIN_MS = 60_000;
const DROP_ATTEMPTS = 5;

export interface Days {
  /** Before spans are stored. Never throws: what goes wrong is told, and tried again after a minute. */
  prepare(): Promise<void>;
}

export interface DaysOptions {
  readonly keepDays?: number | undefined;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}

export function createDays(database: Database, { keepDays, now, onError }: DaysOptions): Days {
  let preparedFor = '';
  let notBeforeMs = -Infinity;
  let preparing: Promise<void> | undefined;

  const prepare = async (today: string): Promise<void> => {
    try {
      for (const ahead of AHEAD) await makeDay(database, addDays(today, ahead));
      if (keepDays !== undefined) await keep(database, keepDays, { now });
      preparedFor = today;
    } catch (error) {
      // Without a connection the spans are not stored either, and come again soon.
      if (isFailure(error) && error.code.startsWith('DATABASE_')) return;
      notBeforeMs = performance.now() + AGAIN_MS;
      onError(error);
    }
  };
  return {
    async prepare() {
      const today = dayOf(now());
      if (today === preparedFor || performance.now() < notBeforeMs) return;
      preparing ??= prepare(today).finally(() => (preparing = undefined));
      await preparing;
    },
  };
}

async function makeDay(database: Database, day: string): Promise<void> {
  const { rows } = await database.query(`SELECT to_regclass('traces.spans_' || $1) AS made`, [
    day.replaceAll('-', ''),
  ]);
  if (rows[0]?.['made'] != null) return;
  await database.transaction((transaction) =>
    transaction.query('SELECT traces.make_day($1::date)', [day]),
  );
}

/** Drops days before the last `days`, today included. Resolves to their number. TRACE_DAY_BUSY. */
export async function keep(
  database: Database,
  days: number,
  { now, signal }: { readonly now: () => Date; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  if (!Number.isSafeInteger(days) || days < 1)
    throw new TypeError('keep() takes the number of days that stay, 1 or more');
  const before = addDays(dayOf(now()), 1 - days);
  const how = signal === undefined ? {} : { signal };
  let dropped = 0;
  for (let attempt = 1; ;) {
    try {
      const { rows } = await database.transaction(
        (transaction) =>
          transaction.query<{ readonly day: unknown }>('SELECT traces.drop_day($1::date) AS day', [
            before,
          ]),
        how,
      );
      if (rows[0]?.day == null) return dropped;
      dropped += 1;
      attempt = 1;
    } catch (error) {
      // The lock was not to be had within its second, or somebody waited for us who had what we waited for.
      if (!['55P03', '40P01'].includes((error as { readonly code?: string }).code ?? ''))
        throw error;
      if (attempt === DROP_ATTEMPTS)
        throw failure('TRACE_DAY_BUSY', { reason: (error as Error).message }, error);
      attempt += 1;
    }
  }
}

/** '2026-11-22', of UTC. */
function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}

function addDays(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * DAY_MS));
}
