// Stillpoint on a benchmark's project, through the library, with the managed Postgres running; the cluster is gone when disposed.
import {
  createStillpoint,
  loadConfig,
  type ResolvedConfig,
  type Stillpoint,
} from '@stillpoint/engine';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { compose } from '../packages/engine/src/compose.ts';
import type { Place } from './place.ts';

export interface OpenedStillpoint extends AsyncDisposable {
  readonly stillpoint: Stillpoint;
  readonly config: ResolvedConfig;
  /** Of the managed Postgres. */
  readonly url: string;
  /** Where programs are kept that are shared by all projects of the benchmark. */
  readonly cache: string;
}

/** `directory` exists; `written` is its configuration, as a person would write it. */
export async function openStillpoint(
  place: Place,
  directory: string,
  written: object,
): Promise<OpenedStillpoint> {
  const cache = path.join(place.directory, 'cache');
  const environment = { version: 'bench', binariesDirectory: path.join(cache, 'stillpoint') };
  const configFile = path.join(directory, 'stillpoint.config.json');
  await writeFile(configFile, JSON.stringify(written));
  const config = await loadConfig(configFile);
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    // The cluster may live outside of the project.
    await using composition = await compose(config, environment);
    await composition.cluster().cluster.remove();
  });
  const stillpoint = cleanup.use(await createStillpoint(config, environment));
  const database = stillpoint.database();
  await database.start({ signal: place.signal });
  const url = await database.url();
  const resources = cleanup.move();
  return { stillpoint, config, url, cache, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

/** Runs statements as the application does. */
export async function connected<T>(
  { url }: OpenedStillpoint,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
