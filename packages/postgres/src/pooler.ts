// Is there a pooler that gives each transaction another session? Then neither a lock, nor an exported snapshot, nor LISTEN, nor
// SET ROLE, nor pg_dump can be relied on. A direct connection is told the process that it has; a proxy tells something of its own.
// Whether such a proxy keeps sessions apart shows in two of them side by side.
import type { Client, ClientBase } from 'pg';

export type Between =
  | { readonly kind: 'nothing' }
  /** A proxy that keeps sessions apart: as good as the server. */
  | { readonly kind: 'sessions' }
  /** To be refused; `reason` says by what it showed. */
  | { readonly kind: 'transactions'; readonly reason: string; readonly cause?: unknown };

export interface PoolerSearch {
  /** Of the address. */
  readonly port: number;
  /** A second connection by the same address; it is ended here. What this rejects with is passed on. */
  readonly connect: () => Promise<Client>;
  readonly signal?: AbortSignal;
}

const ROUNDS = 3;
const ANSWER_LIMIT_MS = 5000;
/** Where hosted poolers hand out transactions. */
const TRANSACTION_PORT = 6543;

/** Looks at what `client` is connected through. The caller says it in an error of its own. */
export async function findPooler(client: ClientBase, search: PoolerSearch): Promise<Between> {
  const { processID } = client as unknown as { readonly processID: number | null };
  if (processID === (await pidOf(client))) return { kind: 'nothing' };
  if (search.port === TRANSACTION_PORT)
    return { kind: 'transactions', reason: 'a proxy answers at port 6543' };
  const second = await search.connect();
  // A connection that dies under a query rejects that query; the event would say it twice, and end the process.
  second.on('error', () => {});
  // A pooler without a session to spare says nothing at all.
  const silent = setTimeout(() => second.connection.stream.destroy(), ANSWER_LIMIT_MS);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      if (await sharesSessions(client, second))
        return {
          kind: 'transactions',
          reason: 'one connection is given several sessions of the server',
        };
    }
    return { kind: 'sessions' };
  } catch (cause) {
    search.signal?.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    return { kind: 'transactions', reason, cause };
  } finally {
    clearTimeout(silent);
    await second.end().catch(() => {});
  }
}

async function sharesSessions(client: ClientBase, second: Client): Promise<boolean> {
  const mine = await pidOf(client);
  await second.query('BEGIN');
  // Told before the first is asked again: where there is one session for both, it would wait for the second's transaction.
  if (mine === (await pidOf(second))) return true;
  const again = await pidOf(client);
  await second.query('ROLLBACK');
  return mine !== again;
}

async function pidOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ readonly pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}
