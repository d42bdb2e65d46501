// A connection of our administrator for one piece of work, ended whatever happens.
import type { Client } from 'pg';
import type { Cluster, ConnectOptions } from './cluster/contract.ts';

/** To anything that can be connected to: the live cluster, or a private server. */
export interface Connectable {
  connect(options: ConnectOptions): Promise<Client>;
}

export async function withClient<T>(
  server: Connectable,
  options: ConnectOptions,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await server.connect(options);
  // A connection that dies under a query rejects that query; the event would say it twice, and end the process.
  client.on('error', () => {});
  const abort = (): void => void client.connection.stream.destroy();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    options.signal?.throwIfAborted();
    return await work(client);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', abort);
    await client.end().catch(() => {});
  }
}

export function withControl<T>(
  server: Connectable | Cluster,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return withClient(server, { applicationName: 'stillpoint control', signal }, work);
}
