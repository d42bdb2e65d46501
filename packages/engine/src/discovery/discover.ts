// Puts together what a project has. Reads only, runs nothing but git, and connects to nobody: whether a server answers is
// doctor's matter.
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { readEnvironmentFile, type Variables } from '../config/index.ts';
import { readComposeFile } from './compose-file.ts';
import type { Discovery } from './contract.ts';
import { readStart } from './file-start.ts';
import { createNames } from './naming.ts';
import { findPostgres } from './postgres-found.ts';
import type { ComposeService } from './postgres-groups.ts';
import { readReferences } from './references.ts';
import { readRepositories } from './repositories.ts';
import { chooseRuns, placesOfRuns } from './runs-found.ts';
import { describeSqlite, findSqlite } from './sqlite-found.ts';
import { chooseUploads, findCandidates } from './uploads.ts';
import { readVariables, type AddressVariable } from './variables.ts';
import { walkProject, type Walked } from './walk.ts';

export interface DiscoverOptions {
  readonly signal?: AbortSignal;
  /** What git runs with. */
  readonly gitEnvironment?: Readonly<Record<string, string>>;
}

/**
 * Finds repositories, databases, uploads and runs of simulations below `directory`. `environment`: the variables of the process. Rejects with
 * INIT_DIRECTORY_MISSING.
 */
export async function discoverProject(
  directory: string,
  environment: Variables,
  options: DiscoverOptions = {},
): Promise<Discovery> {
  const root = await realDirectory(directory);
  const walked = await walkProject(root, options.signal);
  const { references, schemas, notes } = await readReferences(root, walked);
  const named = new Set(
    references.flatMap(({ url, directUrl }) =>
      [url, directUrl].flatMap((one) => (one !== undefined && 'env' in one ? [one.env] : [])),
    ),
  );
  const variables = await readVariables(root, walked.environmentFiles, environment, named);
  const sqlite = await findSqlite({
    directory: root,
    files: walked.databaseFiles,
    variables,
    references,
  });
  const runs = placesOfRuns(walked.checkpointFiles);
  const candidates = await findCandidates(root, walked.dataDirectories);
  const git = await readRepositories(
    root,
    walked,
    [
      ...walked.environmentFiles,
      ...sqlite.files.map(({ file }) => file),
      ...candidates.map(({ sample }) => sample),
      ...runs.map(({ sample }) => sample),
    ],
    {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.gitEnvironment === undefined ? {} : { environment: options.gitEnvironment }),
    },
  );
  const names = createNames(walked.repositories);
  const services = await readServices(root, walked, environment);
  const postgres = findPostgres(variables, references, services, names);
  const sqliteDatabases = describeSqlite(sqlite.files, git.stateOf, names);
  const taken = [
    ...sqlite.files.map(({ file }) => file),
    ...walked.repositories,
    ...runs.map((one) => one.path),
  ];
  return {
    directory: root,
    repositories: git.repositories,
    databases: [...postgres.databases, ...sqliteDatabases],
    uploads: chooseUploads(candidates, git.stateOf, taken, names),
    runs: chooseRuns(runs, git.stateOf, names),
    schemas,
    notes: [
      ...git.notes,
      ...notes,
      ...postgres.notes,
      ...sqlite.notes,
      ...notesOn(variables),
      ...(walked.truncated
        ? ['There is more in this directory than was looked at; name what is missing yourself.']
        : []),
    ],
  };
}

async function realDirectory(directory: string): Promise<string> {
  const real = await realpath(directory).catch(() => undefined);
  if (real === undefined || !(await stat(real)).isDirectory()) {
    throw failure('INIT_DIRECTORY_MISSING', { directory });
  }
  return real;
}

function notesOn(variables: readonly AddressVariable[]): readonly string[] {
  return variables.flatMap(({ env, file, address, overridden }) => {
    const place = file ?? 'the environment';
    const notes: string[] = [];
    if (address.kind === 'other') notes.push(`${env} in ${place} is ${address.what}.`);
    if (overridden) {
      notes.push(
        `${env} is set in the environment, which wins over ${place}: there it has another value.`,
      );
    }
    return notes;
  });
}

async function readServices(
  root: string,
  { composeFiles }: Walked,
  environment: Variables,
): Promise<readonly ComposeService[]> {
  const services: ComposeService[] = [];
  for (const file of composeFiles) {
    const text = await readStart(path.join(root, file));
    const beside = path.join(root, path.posix.dirname(file), '.env');
    const own = (await readEnvironmentFile(beside, environment)) ?? {};
    const found = readComposeFile(text, (name) => environment[name] ?? own[name]);
    services.push(...found.map((one) => ({ ...one, file })));
  }
  return services;
}
