// Is there a pooler that gives each transaction another session? Then neither a lock, nor an exported snapshot, nor pg_dump can
// be relied on. A direct connection is told the process that it has; a proxy tells something of its own. Whether such a proxy
// keeps sessions apart shows in two of them side by side.
import { failure } from '@stillpoint/core';
import { placeOf } from '@stillpoint/postgres';
import type { Client } from 'pg';
import type { UrlServer } from './server.ts';

const ROUNDS = 3;
const ANSWER_LIMIT_MS = 5000;
/** Where hosted poolers hand out transactions. */
const TRANSACTION_PORT = 6543;

/** True: a proxy that keeps sessions apart, false: none. POSTGRES_POOLED. */
export async function refusePooler(
  server: UrlServer,
  client: Client,
  signal: AbortSignal,
): Promise<boolean> {
  const { processID } = client as unknown as { processID: number | null };
  if (processID === (await pidOf(client))) return false;
  const address = await server.address();
  const where = placeOf(address);
  if (address.port === TRANSACTION_PORT)
    throw failure('POSTGRES_POOLED', { where, reason: 'a proxy answers at port 6543' });
  const second = await server.connect({ applicationName: 'stillpoint look', signal });
  const silent = setTimeout(() => second.connection.stream.destroy(), ANSWER_LIMIT_MS);
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const mine = await pidOf(client);
      await second.query('BEGIN');
      const other = await pidOf(second);
      const again = await pidOf(client);
      await second.query('ROLLBACK');
      if (mine === other || mine !== again) {
        const reason = 'one connection is given several sessions of the server';
        throw failure('POSTGRES_POOLED', { where, reason });
      }
    }
  } catch (error) {
    if ((error as { code?: string }).code === 'POSTGRES_POOLED') throw error;
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('POSTGRES_POOLED', { where, reason }, error);
  } finally {
    clearTimeout(silent);
    await second.end().catch(() => {});
  }
  return true;
}

async function pidOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}
