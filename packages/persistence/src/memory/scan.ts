// The index that needs nothing of the server: all embeddings in the memory of this process, each compared, so nothing is missed.
//
// What is new is found by the transaction that changed an item. Transactions do not commit in the order of their numbers, so each
// look begins at the oldest one that was under way at the look before: what is read twice is the same. Numbers mean nothing in
// another database or after a restore; so everything is read again when the database or the start of its server is another.
import { setImmediate } from 'node:timers/promises';
import { bytesText, failure } from '@stillpoint/core';
import type { Database, Transaction } from '../database/contract.ts';
import type { NearestOptions, Near, VectorIndex } from './contract.ts';
import type { EmbedderIdentity } from './embedding.ts';
import { readEmbeddings, type ChangedIn } from './read-embeddings.ts';
import { Best, Rows } from './rows.ts';
import { statuses } from './statuses.ts';

export interface ScanOptions {
  readonly embedder: EmbedderIdentity;
  readonly why: string;
  /** Most memory that its rows take; what the last block has free is not counted. */
  readonly memoryBytes: number;
}

/** Others get a turn after so many. */
const ROWS_AT_ONCE = 8192;

const NOW = `
  SELECT (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = current_database())
      || ' ' || coalesce(pg_postmaster_start_time()::text, '') AS life,
    pg_snapshot_xmin(pg_current_snapshot())::text AS oldest,
    pg_snapshot_xmax(pg_current_snapshot())::text AS next`;
const NEWS = `${NOW}, EXISTS (SELECT FROM vectors.items
  WHERE changed >= $1::xid8 AND changed < pg_snapshot_xmax(pg_current_snapshot())) AS news`;

interface NowRow {
  readonly life: string;
  readonly oldest: string;
  readonly next: string;
}

/** Up to which moment the rows are known. */
interface Known {
  readonly life: string;
  readonly from: bigint;
}

export function createScan(database: Database, options: ScanOptions): VectorIndex {
  const { embedder, why, memoryBytes } = options;
  const { kind } = database.facts;
  let rows = new Rows(embedder.dimensions);
  let known: Known | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const load = async (transaction: Transaction, changed: ChangedIn | undefined): Promise<void> => {
    const into = changed === undefined ? new Rows(embedder.dimensions) : rows;
    for await (const { id, status, elements } of readEmbeddings(
      transaction,
      kind,
      embedder,
      changed,
    )) {
      into.put(id, status, elements);
      if (Rows.bytes(into.count, embedder.dimensions) > memoryBytes) throw tooLarge(into.count);
    }
    rows = into;
  };
  const tooLarge = (items: number): Error => {
    known = undefined;
    rows = new Rows(embedder.dimensions);
    return failure('MEMORY_SCAN_TOO_LARGE', { most: bytesText(memoryBytes), items });
  };
  const refresh = async (signal: AbortSignal | undefined): Promise<void> => {
    if (known !== undefined) {
      const found = await database.query<NowRow & { readonly news: boolean }>(NEWS, [
        String(known.from),
      ]);
      const { life, oldest, news } = found.rows[0]!;
      if (life === known.life && !news) {
        known = { life, from: BigInt(oldest) };
        return;
      }
    }
    known = await database.transaction(
      async (transaction) => {
        const { life, oldest, next } = (await transaction.query<NowRow>(NOW)).rows[0]!;
        const same = known?.life === life ? known : undefined;
        if (same === undefined) await refuseTooMany(transaction);
        // Numbers from the future are another cluster's, which came along with its rows: they are known from the first look.
        await load(transaction, same && { from: same.from, to: BigInt(next) });
        return { life, from: BigInt(oldest) };
      },
      // It reads, and a freeze need not wait for it.
      {
        isolation: 'repeatable read',
        readOnly: true,
        withoutFreezeLock: true,
        ...(signal && { signal }),
      },
    );
  };
  const refuseTooMany = async (transaction: Transaction): Promise<void> => {
    const { name, version, dimensions } = embedder;
    const { rows: counted } = await transaction.query<{ readonly items: string }>(
      `SELECT count(*)::text AS items FROM vectors.items
       WHERE embedder = $1 AND embedder_version = $2 AND dimensions = $3`,
      [name, version, dimensions],
    );
    const items = Number(counted[0]?.items);
    if (Rows.bytes(items, dimensions) > memoryBytes) throw tooLarge(items);
  };
  const search = async (query: Float32Array, how: NearestOptions): Promise<readonly Near[]> => {
    await refresh(how.signal);
    const wanted = statuses.map((status) => how.statuses.includes(status));
    const best = new Best(how.limit);
    for (let from = 0; from < rows.count; from += ROWS_AT_ONCE) {
      if (from > 0) await setImmediate();
      how.signal?.throwIfAborted();
      rows.search(query, wanted, best, from, from + ROWS_AT_ONCE);
    }
    return best.near;
  };

  return {
    name: 'scan',
    why,
    approximate: async () => false,
    async nearest(query, how) {
      // One at a time: a search goes over rows that stay where they are.
      const mine = turn.then(() => search(query, how));
      turn = mine.catch(() => {});
      return await mine;
    },
    forget(ids) {
      turn = turn.then(() => {
        for (const id of ids) rows.remove(id);
      });
    },
    processBytes: () => rows.bytes,
  };
}
