// Spans that were dropped, until the server has been told. A count keeps its id until then: told twice, it is one row.
import { newUuid } from '@stillpoint/core';
import type { Transaction } from '../database/contract.ts';
import type { DropReason } from './contract.ts';

interface Dropped {
  readonly id: string;
  readonly reason: DropReason;
  spans: number;
  readonly firstAt: Date;
  lastAt: Date;
}

export interface Drops {
  count(reason: DropReason, spans: number): void;
  readonly byReason: Readonly<Record<DropReason, number>>;
  readonly total: number;
  /** The server is still to be told of some. */
  readonly pending: boolean;
  /** What is pending. Nothing is added to it from now on; it is told again until done() was called. */
  take(): readonly Dropped[];
  done(told: readonly Dropped[]): void;
}

export function createDrops(now: () => Date): Drops {
  const byReason: Record<DropReason, number> = { full: 0, refused: 0, failed: 0, closed: 0 };
  let open = new Map<DropReason, Dropped>();
  let taken: readonly Dropped[] = [];
  return {
    byReason,
    count(reason, spans) {
      const at = now();
      byReason[reason] += spans;
      const known = open.get(reason);
      if (known === undefined) {
        open.set(reason, { id: newUuid(), reason, spans, firstAt: at, lastAt: at });
      } else {
        known.spans += spans;
        known.lastAt = at;
      }
    },
    get total() {
      return Object.values(byReason).reduce((sum, one) => sum + one, 0);
    },
    get pending() {
      return open.size + taken.length > 0;
    },
    take() {
      // While the server is away there are four at most that wait, and four that are open.
      if (taken.length === 0) {
        taken = [...open.values()];
        open = new Map();
      }
      return taken;
    },
    done(told) {
      if (told === taken) taken = [];
    },
  };
}

export async function tellDropped(
  transaction: Transaction,
  dropped: readonly Dropped[],
): Promise<void> {
  for (const { id, reason, spans, firstAt, lastAt } of dropped) {
    await transaction.query(
      `INSERT INTO traces.dropped (id, reason, spans, first_at, last_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id) DO NOTHING`,
      [id, reason, spans, firstAt, lastAt],
    );
  }
}
