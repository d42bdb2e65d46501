// The environment in which a program finds the project's Postgres servers and the key of the lock that it must take.
import type { CallOptions } from '@stillpoint/engine';
import { partsOf } from '@stillpoint/postgres';
import type { OpenProject } from './context.ts';
import { chooseName, serverNames } from './databases.ts';

/**
 * Starts every managed database of the project. DATABASE_URL and PG* are those of `main` or of the only Postgres; with several
 * and none chosen there is only STILLPOINT_DATABASE_URL_<NAME> for each. Without any there is the key alone.
 */
export async function databaseEnvironment(
  project: OpenProject,
  main: string | undefined,
  call: CallOptions,
): Promise<Readonly<Record<string, string>>> {
  const environment: Record<string, string> = {
    STILLPOINT_LOCK_KEY: String(project.config.freeze.lockKey),
  };
  const names = serverNames(project);
  const chosen = main === undefined && names.length !== 1 ? undefined : chooseName(names, main);
  for (const name of names) {
    const url = await project.stillpoint.databaseUrl(name, call);
    environment[`STILLPOINT_DATABASE_URL_${name.toUpperCase().replaceAll('-', '_')}`] = url;
    if (name === chosen) Object.assign(environment, mainEnvironment(url));
  }
  return environment;
}

/** What an address leaves out is left to libpq, as it would be without us. */
function mainEnvironment(address: string): Readonly<Record<string, string>> {
  const { host, port, user, password, database, parameters } = partsOf(address);
  const sslmode = parameters.get('sslmode') ?? '';
  const found = {
    DATABASE_URL: address,
    PGHOST: host,
    PGPORT: port,
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
    // A word that libpq does not know, and refuses.
    PGSSLMODE: sslmode === 'no-verify' ? 'require' : sslmode,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ''));
}
