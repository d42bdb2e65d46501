// Storing a batch of spans: one COPY, in one transaction. That a batch was stored before is rare (a connection that broke at its
// commit), so it is not asked each time: the primary key says it, and then only what is not there is written. What the server refuses
// is found by halves; the rest of the batch is stored.
import { AsyncLocalStorage } from 'node:async_hooks';
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { isFailure } from '@stillpoint/core';
import type { Database, Transaction } from '../database/contract.ts';
import type { CopyRow } from '../jsonb/index.ts';
import type { SpanStoreOptions } from './contract.ts';
import { createDays } from './days.ts';
import { createDrops, tellDropped, type Drops } from './drops.ts';
import { keyOf, rowOf } from './rows.ts';
import { writeRows } from './write.ts';

export interface SpanStore {
  readonly drops: Drops;
  /**
   * Each span is stored, or refused and counted; resolves to how many were refused. Throws what the server or the connection says,
   * and then some of them may be stored: to be called again with the same.
   */
  store(spans: readonly ReadableSpan[], signal?: AbortSignal): Promise<number>;
}

const CAREFUL_ATTEMPTS = 5;

/** Also where no context manager is registered, and suppressing has no effect. */
const storing = new AsyncLocalStorage<true>();

/** Makes no spans. */
export function quietly<T>(body: () => T): T {
  return storing.run(true, () => context.with(suppressTracing(context.active()), body));
}

/** Whether the caller is what stores spans: its own are none. */
export const isStoring = (): boolean => storing.getStore() === true;

export function createSpanStore(
  database: Database,
  { keepDays, now = () => new Date(), onError = () => {} }: SpanStoreOptions,
): SpanStore {
  const days = createDays(database, { keepDays, now, onError });
  const drops = createDrops(now);

  const write = async (
    rowsOf: (transaction: Transaction) => Iterable<CopyRow> | Promise<Iterable<CopyRow>>,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const dropped = drops.take();
    await database.transaction(
      async (transaction) => {
        await writeRows(transaction, database.facts, await rowsOf(transaction));
        await tellDropped(transaction, dropped);
      },
      signal === undefined ? {} : { signal },
    );
    drops.done(dropped);
  };
  const writeCarefully = async (
    spans: readonly ReadableSpan[],
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await write((transaction) => rowsNotThere(transaction, spans), signal);
      } catch (error) {
        if (!isOvertaken(error) || attempt === CAREFUL_ATTEMPTS) throw error;
      }
    }
  };
  const storeAll = async (
    spans: readonly ReadableSpan[],
    signal: AbortSignal | undefined,
  ): Promise<number> => {
    try {
      await write(() => rowsOf(spans), signal).catch(async (error: unknown) => {
        if (!isOvertaken(error)) throw error;
        await writeCarefully(spans, signal);
      });
      return 0;
    } catch (error) {
      if (!isOfTheData(error) || spans.length === 0) throw error;
      onError(error);
      if (spans.length === 1) return 1;
      const half = Math.ceil(spans.length / 2);
      const refused = await storeAll(spans.slice(0, half), signal);
      return refused + (await storeAll(spans.slice(half), signal));
    }
  };
  return {
    drops,
    store: async (spans, signal) =>
      await quietly(async () => {
        for (const { resource } of spans)
          if (resource.asyncAttributesPending === true) await resource.waitForAsyncAttributes?.();
        await days.prepare();
        // Only now: what is called again would be counted again.
        const refused = await storeAll(spans, signal);
        if (refused > 0) drops.count('refused', refused);
        return refused;
      }),
  };
}

function* rowsOf(spans: Iterable<ReadableSpan>): Iterable<CopyRow> {
  for (const span of spans) yield rowOf(span);
}

/** Each once, without those that are stored. */
async function rowsNotThere(
  transaction: Transaction,
  spans: readonly ReadableSpan[],
): Promise<Iterable<CopyRow>> {
  const byKey = new Map(spans.map((span) => [keyOf(span), span]));
  const { rows } = await transaction.query<{ readonly key: string }>(
    `SELECT encode(trace_id, 'hex') || encode(span_id, 'hex') || start_ns AS key FROM traces.spans
     WHERE trace_id = ANY (ARRAY(SELECT decode(id, 'hex') FROM unnest($1::text[]) AS id))`,
    [[...new Set(spans.map((span) => span.spanContext().traceId))]],
  );
  for (const { key } of rows) byKey.delete(key);
  return rowsOf(byKey.values());
}

/** Somebody stored one of them before, or made the day that one of them was on the way to. */
function isOvertaken(error: unknown): boolean {
  const { code, constraint } = error as { readonly code?: string; readonly constraint?: string };
  return code === '23505' || (code === '23514' && constraint === undefined);
}

/** The same span would be refused for ever: a value that has no place, a row that is too large. */
function isOfTheData(error: unknown): boolean {
  if (isFailure(error)) return /^(COPY_VALUE|JSONB)_/.test(error.code);
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && /^(22|23|54)[0-9A-Z]{3}$/.test(code);
}
