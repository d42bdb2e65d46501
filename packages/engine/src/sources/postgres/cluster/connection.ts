// Connections of the administrator. Everything is said explicitly, because the client library fills what is
// left out from the environment. A lost connection shows in the query that runs on it, never as an event that
// ends the process.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Client, ClientConfig } from 'pg';
import { failure } from '@stillpoint/core';
import { newClient } from '../pg-client.ts';
import type { ConnectOptions } from './contract.ts';
import { ADMINISTRATOR } from './roles.ts';

export interface Endpoint {
  readonly socketDirectory: string;
  readonly port: number;
  /** '' for a private server, which asks for none. */
  readonly password: string;
  /** False for a private server: it has no other door than its socket. */
  readonly listens: boolean;
}

const CONNECT_LIMIT_MS = 15_000;

export async function connectTo(endpoint: Endpoint, options: ConnectOptions): Promise<Client> {
  const { signal } = options;
  signal?.throwIfAborted();
  const client = newClient(configOf(endpoint, options));
  client.on('error', () => {});
  const destroy = (): void => {
    const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  };
  signal?.addEventListener('abort', destroy, { once: true });
  try {
    await client.connect();
    signal?.throwIfAborted();
    return client;
  } catch (error) {
    destroy();
    signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('POSTGRES_UNREACHABLE', { reason: reason || 'no answer' }, error);
  } finally {
    signal?.removeEventListener('abort', destroy);
  }
}

function configOf(endpoint: Endpoint, options: ConnectOptions): ClientConfig {
  const { socketDirectory, port, listens, password } = endpoint;
  // A runtime directory can be cleared away under a running server (at logout): then the loopback port is left.
  const socket = path.join(socketDirectory, `.s.PGSQL.${port}`);
  const host = listens && !existsSync(socket) ? '127.0.0.1' : socketDirectory;
  const config: ClientConfig & { replication?: string } = {
    host,
    port,
    user: ADMINISTRATOR,
    password,
    database: options.database ?? 'postgres',
    ssl: false,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
    client_encoding: 'UTF8',
    // What an application defines must never run with our rights because its name shadows the system's.
    options: '-c search_path=pg_catalog',
  };
  if (options.replication === true) config.replication = 'true';
  return config;
}
