// The environment in which a program finds the managed databases and the key of the lock that it must take.
import type { CallOptions } from '@stillpoint/engine';
import type { OpenProject } from './context.ts';
import { chooseDatabase } from './databases.ts';

/**
 * Starts every managed database of the project. DATABASE_URL and PG* are those of `main` or of the only one; with
 * several and none chosen there is only STILLPOINT_DATABASE_URL_<NAME> for each.
 */
export async function databaseEnvironment(
  project: OpenProject,
  main: string | undefined,
  call: CallOptions,
): Promise<Readonly<Record<string, string>>> {
  const { sources, freeze } = project.config;
  const environment: Record<string, string> = { STILLPOINT_LOCK_KEY: String(freeze.lockKey) };
  const chosen =
    main === undefined && sources.length !== 1 ? undefined : chooseDatabase(project, main).name;
  for (const { name } of sources) {
    const database = project.stillpoint.database(name);
    await database.start(call);
    const url = await database.url();
    environment[`STILLPOINT_DATABASE_URL_${name.toUpperCase().replaceAll('-', '_')}`] = url;
    if (name === chosen) Object.assign(environment, mainEnvironment(url));
  }
  return environment;
}

function mainEnvironment(address: string): Readonly<Record<string, string>> {
  const url = new URL(address);
  return {
    DATABASE_URL: address,
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
  };
}
