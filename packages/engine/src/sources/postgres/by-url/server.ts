// Connections to somebody else's server. Each is direct, bounded in time, and free of the limits that a role or a database
// sets for programs; what refuses it is said in the words of the catalogue, never with the address.
import { failure } from '@stillpoint/core';
import { clientConfig, placeOf, whyRefused, type ServerAddress } from '@stillpoint/postgres';
import type { Client } from 'pg';
import type { ConnectOptions } from '../cluster/contract.ts';
import { settleSession } from '../schema-digest.ts';
import { newClient } from '../pg-client.ts';
import { sourceAddress, type SourceAddress } from './address.ts';
import type { AddressOf } from './options.ts';

export interface UrlServer {
  address(): Promise<SourceAddress>;
  /** To the source's own database unless told; settled (schema-digest.ts). */
  connect(options: ConnectOptions): Promise<Client>;
  /** To a database that is neither the live one nor one of ours. POSTGRES_NO_THIRD_DATABASE. */
  connectThird(options: Omit<ConnectOptions, 'database'>): Promise<Client>;
}

/** Every server has them; template1 last, because a session there keeps CREATE DATABASE from working. */
const THIRD_DATABASES = ['postgres', 'defaultdb', 'template1'];

export function createUrlServer(given: AddressOf, databaseSuffix?: string): UrlServer {
  const address = async (): Promise<SourceAddress> => {
    const { url, directUrl } = await given();
    return sourceAddress(directUrl ?? url, databaseSuffix);
  };
  return {
    address,
    connect: async (options) => connectTo(await address(), options),
    async connectThird(options) {
      const found = await address();
      const { database, maintenance } = found;
      const names = maintenance === undefined ? THIRD_DATABASES : [maintenance];
      const wanted = names.filter((name) => name !== database);
      let last: unknown;
      for (const name of wanted) {
        try {
          return await connectTo(found, { ...options, database: name });
        } catch (error) {
          if (!mayBeAnother(error)) throw error;
          last = error;
        }
      }
      throw failure('POSTGRES_NO_THIRD_DATABASE', { names: wanted.join(', ') }, last);
    },
  };
}

/** A third database for one piece of work. */
export async function withThird<T>(
  server: UrlServer,
  options: Omit<ConnectOptions, 'database'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await server.connectThird(options);
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

/** The database is not there or not for this role: the next one may be. */
function mayBeAnother(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { code?: string };
  return ['3D000', '42501', '55000', '28000'].includes(code ?? '');
}

async function connectTo(address: ServerAddress, options: ConnectOptions): Promise<Client> {
  const { signal, applicationName } = options;
  signal?.throwIfAborted();
  const asked = { ...address, database: options.database ?? address.database };
  let client: Client | undefined;
  const destroy = (): void => void client?.connection.stream.destroy();
  signal?.addEventListener('abort', destroy, { once: true });
  try {
    client = newClient(clientConfig(asked, applicationName));
    // A connection that dies under a query rejects that query; the event would say it twice, and end the process.
    client.on('error', () => {});
    await client.connect();
    await settleSession(client);
    await client.query('SET default_transaction_read_only = off; SET client_encoding = UTF8');
    await client.query(
      `SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'`,
    );
    signal?.throwIfAborted();
    return client;
  } catch (error) {
    destroy();
    signal?.throwIfAborted();
    throw refusalOf(error, asked);
  } finally {
    signal?.removeEventListener('abort', destroy);
  }
}

function refusalOf(error: unknown, address: ServerAddress): Error {
  const { why, reason } = whyRefused(error);
  const { user, database } = address;
  const where = placeOf(address);
  if (why === 'pooled') return failure('POSTGRES_POOLED', { where, reason }, error);
  if (why === 'database missing')
    return failure('POSTGRES_DATABASE_MISSING', { database, where }, error);
  if (why === 'login refused')
    return failure('POSTGRES_LOGIN_REFUSED', { user, where, reason }, error);
  return failure('POSTGRES_SERVER_UNREACHABLE', { where, reason }, error);
}
