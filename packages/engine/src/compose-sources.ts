// From the configuration to drivers: which kind of source gets which driver, and what each is given. Part of the composition
// root (compose.ts).
import { failure, type Clock, type Json, type SnapshotId } from '@stillpoint/core';
import path from 'node:path';
import {
  readAddress,
  type ManagedPostgresSource,
  type PostgresByUrlSource,
  type ResolvedConfig,
  type ResolvedSource,
} from './config/index.ts';
import type { EngineEnvironment } from './compose.ts';
import { createGitDriver, gitReferences } from './federation/index.ts';
import type { ProjectState } from './project/index.ts';
import type { NamedStream, ObjectSource, SourceDriver } from './sources/contract.ts';
import { createFilesDriver, filesReferences } from './sources/files/index.ts';
import {
  createPostgresByUrlDriver,
  postgresByUrlReferences,
  type AddressOf,
} from './sources/postgres/by-url/index.ts';
import {
  createCluster,
  createManagedPostgresDriver,
  postgresReferences,
  type Cluster,
} from './sources/postgres/index.ts';
import { createRunDriver, runReferences } from './sources/run/index.ts';
import { createSqliteDriver, sqliteReferences } from './sources/sqlite/index.ts';

export interface SourceParts {
  readonly config: ResolvedConfig;
  readonly state: ProjectState;
  readonly environment: EngineEnvironment;
  readonly clock: Clock;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** undefined: the vault is not on this machine. */
  readonly vaultDirectory: string | undefined;
}

/** Clusters are servers of ours: they are made apart, for `db` works with them too. */
export function createProjectCluster(
  { database, settings, port, walLimitBytes }: ManagedPostgresSource,
  state: ProjectState,
  environment: EngineEnvironment,
): Cluster {
  return createCluster({
    projectId: state.id,
    stateDirectory: state.directory,
    binariesDirectory: environment.binariesDirectory,
    ...(environment.runtimeDirectory === undefined
      ? {}
      : { runtimeDirectory: environment.runtimeDirectory }),
    database,
    settings,
    ...(walLimitBytes === undefined ? {} : { walLimitBytes }),
    ...(port === undefined || state.copyOf !== undefined ? {} : { port }),
  });
}

export function createSourceDriver(source: ResolvedSource, parts: SourceParts): SourceDriver {
  const { clock, clusters, config, state } = parts;
  const { name } = source;
  switch (source.driver) {
    case 'postgres':
      return createManagedPostgresDriver({ name, cluster: clusters.get(name)!, clock });
    case 'postgres-url':
      return createPostgresByUrlDriver({
        name,
        project: state.id,
        cacheDirectory: path.join(state.cacheDirectory, 'postgres', name),
        ...byUrl(source, parts),
        ...(source.programs === undefined ? {} : { programs: source.programs }),
        searchPath: parts.environment.variables?.['PATH'] ?? '',
        clock,
      });
    case 'sqlite':
      return createSqliteDriver({
        name,
        file: path.join(config.projectDirectory, source.file),
        projectDirectory: config.projectDirectory,
        cacheDirectory: path.join(state.cacheDirectory, 'sqlite', name),
        clock,
      });
    case 'run':
      return createRunDriver({
        name,
        directory: path.join(config.projectDirectory, source.directory),
        run: source.run,
      });
    default:
      return createFilesDriver({
        name,
        directory: path.join(config.projectDirectory, source.path),
        projectDirectory: config.projectDirectory,
        exclude: source.exclude,
        neverCaptured: [
          ...vaultDirectoryOf(parts),
          ...config.members.map((member) => path.join(config.projectDirectory, member.path)),
        ],
        cacheDirectory: path.join(state.cacheDirectory, 'files', name),
        clock,
      });
  }
}

/** Where a server by URL is: the same for its driver, its lock and the programs that `exec` runs. */
export function byUrl(
  source: PostgresByUrlSource,
  { config, state, environment }: Pick<SourceParts, 'config' | 'state' | 'environment'>,
): { readonly address: AddressOf; readonly databaseSuffix?: string } {
  const place = {
    projectDirectory: config.projectDirectory,
    variables: environment.variables ?? {},
    source: source.name,
  };
  return {
    async address() {
      const url = await readAddress(source.url, place);
      if (source.directUrl === undefined) return { url };
      return { url, directUrl: await readAddress(source.directUrl, place) };
    },
    // A project that was restored from another one would otherwise share its database.
    ...(state.copyOf === undefined ? {} : { databaseSuffix: state.id.slice(0, 8) }),
  };
}

function vaultDirectoryOf({ vaultDirectory }: SourceParts): readonly string[] {
  return vaultDirectory === undefined ? [] : [vaultDirectory];
}

export function createMemberDriver(
  member: string,
  members: readonly string[],
  parts: SourceParts,
): SourceDriver {
  const { config, state, environment, clock } = parts;
  const inProject = (place: string): string => path.join(config.projectDirectory, place);
  return createGitDriver({
    projectDirectory: config.projectDirectory,
    member: config.members.find(({ path: one }) => one === member) ?? { path: member, include: [] },
    otherMembers: members.filter((one) => one !== member),
    cacheDirectory: path.join(state.cacheDirectory, 'members'),
    neverCaptured: [
      ...vaultDirectoryOf(parts),
      ...config.sources.flatMap((source) => {
        if (source.driver === 'files') return [inProject(source.path)];
        if (source.driver === 'run') return [inProject(source.directory)];
        if (source.driver !== 'sqlite') return [];
        return ['', '-wal', '-shm', '-journal'].map((end) => inProject(source.file) + end);
      }),
    ],
    ...(environment.gitEnvironment === undefined
      ? {}
      : { environment: environment.gitEnvironment }),
    clock,
  });
}

/** All streams of a record, without a configured source. */
export function referencesOf(
  driver: string,
  record: Json,
  source: ObjectSource,
  snapshot: SnapshotId,
): AsyncIterable<NamedStream> {
  const references = referencesByDriver[driver];
  if (references === undefined) {
    const problem = `no driver is called ${driver}`;
    throw failure('MANIFEST_UNREADABLE', { id: snapshot, problem });
  }
  return references(record, source);
}

const referencesByDriver: Readonly<
  Record<string, (record: Json, source: ObjectSource) => AsyncIterable<NamedStream>>
> = {
  git: gitReferences,
  postgres: postgresReferences,
  'postgres-url': postgresByUrlReferences,
  sqlite: sqliteReferences,
  files: filesReferences,
  run: runReferences,
};
