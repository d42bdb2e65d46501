// A pooler that gives each transaction another session is refused: locks, LISTEN and SET ROLE belong to a session.
import { failure } from '@stillpoint/core';
import { findPooler, placeOf } from '@stillpoint/postgres';
import { Client } from 'pg';
import type { Connection } from './connection.ts';
import type { Server } from './pool.ts';

/** DATABASE_POOLED. */
export async function refusePooler(server: Server, { client }: Connection): Promise<void> {
  const { address } = server;
  const between = await findPooler(client, {
    port: address.port,
    connect: () => connectAgain(server),
  });
  if (between.kind !== 'transactions') return;
  const { reason, cause } = between;
  throw failure('DATABASE_POOLED', { where: placeOf(address), reason }, cause);
}

async function connectAgain(server: Server): Promise<Client> {
  const client = new Client(server.config('stillpoint look'));
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.connection.stream.destroy();
    throw server.refusal(error);
  }
}
