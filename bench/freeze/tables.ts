// The application's tables, filled by the server itself, and its transaction: that of pgbench, in one round trip.
// The filler is hexadecimal, which compresses about twofold as real rows do; pgbench's blanks would flatter a compressor.
import type { Client } from 'pg';

const ROWS_AT_ONCE = 250_000;

export async function fillTables(client: Client, rows: number, signal: AbortSignal): Promise<void> {
  await client.query(`
    CREATE TABLE account (aid int NOT NULL, balance int NOT NULL, filler text NOT NULL);
    CREATE TABLE teller (tid int PRIMARY KEY, balance bigint NOT NULL) WITH (fillfactor = 50);
    CREATE TABLE history (aid int NOT NULL, tid int NOT NULL, delta int NOT NULL, at timestamptz DEFAULT now());
    INSERT INTO teller SELECT n, 0 FROM generate_series(1, 100) AS n`);
  for (let from = 1; from <= rows; from += ROWS_AT_ONCE) {
    signal.throwIfAborted();
    await client.query(
      `INSERT INTO account
         SELECT n, 0, md5(n::text) || md5((n * 3::int8)::text) || left(md5((n * 7::int8)::text), 20)
           FROM generate_series($1::int, $2::int) AS n`,
      [from, Math.min(from + ROWS_AT_ONCE - 1, rows)],
    );
  }
  await client.query('ALTER TABLE account ADD PRIMARY KEY (aid)');
  await client.query('VACUUM ANALYZE');
}

/** Under the shared lock, as the freeze asks of every writer. */
export function transactionText(rows: number, lockKey: bigint): string {
  const account = 1 + Math.floor(Math.random() * rows);
  const teller = 1 + Math.floor(Math.random() * 100);
  const delta = Math.floor(Math.random() * 10_000) - 5000;
  return `
    BEGIN;
    SELECT pg_advisory_xact_lock_shared(${lockKey});
    UPDATE account SET balance = balance + ${delta} WHERE aid = ${account};
    UPDATE teller SET balance = balance + ${delta} WHERE tid = ${teller};
    INSERT INTO history (aid, tid, delta) VALUES (${account}, ${teller}, ${delta});
    COMMIT`;
}

/** Has the lock for so long, as a slow request of an application does. */
export function holdText(holdMs: number, lockKey: bigint): string {
  return `
    BEGIN;
    SELECT pg_advisory_xact_lock_shared(${lockKey});
    SELECT pg_sleep(${holdMs / 1000});
    COMMIT`;
}

export async function runTransactions(
  client: Client,
  count: number,
  { rows, lockKey }: { readonly rows: number; readonly lockKey: bigint },
): Promise<void> {
  for (let done = 0; done < count; done += 1) {
    await client.query(transactionText(rows, lockKey));
  }
}
