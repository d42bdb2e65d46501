// Is there a pooler that gives each transaction another session? Then locks, LISTEN and SET ROLE cannot be relied on. A direct
// connection is told the process that it has; a proxy tells something of its own. Whether such a proxy keeps sessions apart
// shows in two of them side by side.
import { failure, isFailure } from '@stillpoint/core';
import { placeOf } from '@stillpoint/postgres';
import { Client, type ClientBase } from 'pg';
import type { Connection } from './connection.ts';
import type { Server } from './pool.ts';

const ROUNDS = 3;
const ANSWER_LIMIT_MS = 5000;
/** Where hosted poolers hand out transactions. */
const TRANSACTION_PORT = 6543;

/** DATABASE_POOLED. */
export async function refusePooler(server: Server, { client }: Connection): Promise<void> {
  const { processID } = client as unknown as { readonly processID: number | null };
  if (processID === (await pidOf(client))) return;
  const where = placeOf(server.address);
  if (server.address.port === TRANSACTION_PORT)
    throw failure('DATABASE_POOLED', { where, reason: 'a proxy answers at port 6543' });
  const second = new Client({
    ...server.config('stillpoint look'),
    query_timeout: ANSWER_LIMIT_MS,
  });
  second.on('error', () => {});
  try {
    await second.connect();
    for (let round = 0; round < ROUNDS; round++) {
      const mine = await pidOf(client);
      await second.query('BEGIN');
      const other = await pidOf(second);
      const again = await pidOf(client);
      await second.query('ROLLBACK');
      if (mine === other || mine !== again) {
        const reason = 'one connection is given several sessions of the server';
        throw failure('DATABASE_POOLED', { where, reason });
      }
    }
  } catch (error) {
    if (isFailure(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('DATABASE_POOLED', { where, reason }, error);
  } finally {
    await second.end().catch(() => {});
  }
}

async function pidOf(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ readonly pid: number }>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}
