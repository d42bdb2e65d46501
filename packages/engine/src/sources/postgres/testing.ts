// Throwaway clusters for the tests of the driver, and what an application does to them.
import { rm } from 'node:fs/promises';
import { Client } from 'pg';
import { createCluster, type Cluster } from './cluster/index.ts';
import { never, testOptions } from './cluster/testing.ts';

export interface ThrowawayCluster extends AsyncDisposable {
  readonly cluster: Cluster;
}

/** A place for a cluster, with nothing in it yet. Disposing removes it with all its processes. */
export function openThrowawayCluster(): ThrowawayCluster {
  const options = testOptions({ settings: { shared_buffers: '16MB', min_wal_size: '32MB' } });
  const cluster = createCluster(options);
  return {
    cluster,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await cluster.remove();
      await rm(options.stateDirectory, { recursive: true, force: true });
    },
  };
}

export async function startThrowawayCluster(): Promise<ThrowawayCluster> {
  const made = openThrowawayCluster();
  await made.cluster.ensureCreated(never);
  await made.cluster.start(never);
  return made;
}

/** Runs statements as the application does, in its database or another. */
export async function withDatabase<T>(
  cluster: Cluster,
  work: (client: Client) => Promise<T>,
  database = 'shop',
): Promise<T> {
  const client = await connectApplication(cluster, database);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function connectApplication(cluster: Cluster, database = 'shop'): Promise<Client> {
  const url = new URL(await cluster.url());
  url.pathname = `/${encodeURIComponent(database)}`;
  const client = new Client({ connectionString: url.href });
  client.on('error', () => {});
  await client.connect();
  return client;
}
