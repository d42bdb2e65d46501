// The only place where concrete things are chosen: which store, which drivers, which participants.
import {
  failure,
  isFailure,
  systemClock,
  type Clock,
  type Json,
  type SnapshotId,
} from '@stillpoint/core';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ResolvedConfig, ResolvedParticipant, ResolvedSource } from './config/index.ts';
import type { EngineContext } from './context.ts';
import { createGitDriver, gitReferences } from './federation/index.ts';
import {
  createCommandParticipant,
  createHttpParticipant,
  type Participant,
} from './freeze/index.ts';
import { openProjectState, type OpenProjectOptions, type ProjectState } from './project/index.ts';
import type { ObjectSource, SourceDriver, StreamRef } from './sources/contract.ts';
import {
  createAdvisoryLockParticipant,
  createCluster,
  createManagedPostgresDriver,
  listLockDatabases,
  postgresReferences,
  type Cluster,
} from './sources/postgres/index.ts';
import { createDirectoryStore, createVault, openVault, type Vault } from './vault/index.ts';

/** What the process gives to the engine, which reads no environment itself. */
export interface EngineEnvironment {
  readonly version: string;
  /** Where an ordinary user's Postgres programs are kept, shared by all projects. */
  readonly binariesDirectory: string;
  /** Short and private, for sockets; undefined: below the system's temporary directory. */
  readonly runtimeDirectory?: string;
  /** What git runs with: PATH, HOME and the like, so that it finds the user's own settings. */
  readonly gitEnvironment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Called before and after every line of the restore journal; the crash tests kill the process there. */
  readonly crashPoint?: (point: string) => void;
}

export interface Composition extends AsyncDisposable {
  readonly context: EngineContext;
  /** Throws SOURCE_UNKNOWN. */
  cluster(name?: string): { readonly name: string; readonly cluster: Cluster };
  /** Removes the project's databases and everything in its directory: only for one that this process has just begun. */
  remove(): Promise<void>;
}

export async function compose(
  config: ResolvedConfig,
  environment: EngineEnvironment,
  copy?: OpenProjectOptions['copy'],
): Promise<Composition> {
  await using cleanup = new AsyncDisposableStack();
  const clock = environment.clock ?? systemClock;
  const { projectDirectory } = config;
  const state = await openProjectState({
    projectDirectory,
    clock,
    ...(copy === undefined ? {} : { copy }),
  });
  const vaultDirectory = state.vault ?? config.vault;
  const vault = cleanup.use(await openProjectVault(state, vaultDirectory, clock));
  const clusters = new Map(
    config.sources.map((source) => [
      source.name,
      cleanup.use(createProjectCluster(source, state, environment)),
    ]),
  );
  const databases = [...clusters].map(([name, cluster]) =>
    cleanup.use(createManagedPostgresDriver({ name, cluster, clock })),
  );
  const gitDriver = (member: string, members: readonly string[]): SourceDriver =>
    createGitDriver({
      projectDirectory,
      member: config.members.find(({ path: one }) => one === member) ?? {
        path: member,
        include: [],
      },
      otherMembers: members.filter((one) => one !== member),
      cacheDirectory: path.join(state.cacheDirectory, 'members'),
      neverCaptured: [vaultDirectory],
      ...(environment.gitEnvironment === undefined
        ? {}
        : { environment: environment.gitEnvironment }),
      clock,
    });
  const memberPaths = config.members.map((member) => member.path);
  const participants = config.participants.map((participant) =>
    createParticipant(participant, { config, state, clusters }),
  );
  const resources = cleanup.move();
  const context: EngineContext = {
    config,
    state,
    vault,
    clock,
    drivers: [...databases, ...memberPaths.map((member) => gitDriver(member, memberPaths))],
    participants,
    driversFor: (sources, snapshot) =>
      driversFor(sources, snapshot, databases, memberPaths, gitDriver),
    referencesOf,
    version: environment.version,
    crashPoint: environment.crashPoint ?? (() => {}),
  };
  return {
    context,
    cluster: (name) => findCluster(clusters, name),
    async remove() {
      for (const cluster of clusters.values()) await cluster.remove();
      for (const name of await readdir(projectDirectory)) {
        await rm(path.join(projectDirectory, name), { recursive: true, force: true });
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** A project that has never used a vault begins one; a project that has must find that one again. */
async function openProjectVault(
  state: ProjectState,
  directory: string,
  clock: Clock,
): Promise<Vault> {
  const store = createDirectoryStore(directory);
  let vault: Vault;
  try {
    vault = await openVault(store);
  } catch (error) {
    if (!isFailure(error, 'VAULT_MISSING') || state.vaultId !== undefined) throw error;
    vault = await createVault(store, { clock });
  }
  if (state.vaultId === undefined) await state.rememberVault(vault.id);
  else if (state.vaultId !== vault.id) {
    await vault[Symbol.asyncDispose]();
    throw failure('VAULT_OTHER', { where: directory, found: vault.id, expected: state.vaultId });
  }
  return vault;
}

function createProjectCluster(
  source: ResolvedSource,
  state: ProjectState,
  environment: EngineEnvironment,
): Cluster {
  const { database, settings, port } = source;
  return createCluster({
    projectId: state.id,
    stateDirectory: state.directory,
    binariesDirectory: environment.binariesDirectory,
    ...(environment.runtimeDirectory === undefined
      ? {}
      : { runtimeDirectory: environment.runtimeDirectory }),
    database,
    settings,
    ...(port === undefined || state.copyOf !== undefined ? {} : { port }),
  });
}

interface ParticipantParts {
  readonly config: ResolvedConfig;
  readonly state: ProjectState;
  readonly clusters: ReadonlyMap<string, Cluster>;
}

function createParticipant(
  participant: ResolvedParticipant,
  { config, state, clusters }: ParticipantParts,
): Participant {
  const { name, guards } = participant;
  if (participant.kind === 'lock') {
    const { cluster } = findCluster(clusters, participant.source);
    return createAdvisoryLockParticipant({
      name,
      guards,
      key: config.freeze.lockKey,
      databases: () => listLockDatabases(cluster),
      connect: (database, applicationName, signal) =>
        cluster.connect({ database, applicationName, signal }),
    });
  }
  const { suspend, resume } = participant;
  if (participant.kind === 'http') return createHttpParticipant({ name, guards, suspend, resume });
  return createCommandParticipant({
    name,
    guards,
    suspend,
    resume,
    directory: config.projectDirectory,
    logDirectory: path.join(state.directory, 'log'),
  });
}

function findCluster(
  clusters: ReadonlyMap<string, Cluster>,
  name?: string,
): { readonly name: string; readonly cluster: Cluster } {
  const [only] = clusters.keys();
  const wanted = name ?? (clusters.size === 1 ? only : undefined);
  const cluster = wanted === undefined ? undefined : clusters.get(wanted);
  if (wanted === undefined || cluster === undefined) {
    const known = [...clusters.keys()].join(', ') || 'none';
    throw failure('SOURCE_UNKNOWN', { name: name ?? '', known });
  }
  return { name: wanted, cluster };
}

/** Databases must be configured, for their secrets and settings; a member is known by its path alone. */
function driversFor(
  sources: readonly { readonly name: string; readonly driver: string }[],
  snapshot: SnapshotId,
  databases: readonly SourceDriver[],
  memberPaths: readonly string[],
  gitDriver: (member: string, members: readonly string[]) => SourceDriver,
): ReadonlyMap<string, SourceDriver> {
  const captured = sources.filter(({ driver }) => driver === 'git').map(({ name }) => name);
  const members = [...new Set([...memberPaths, ...captured])];
  return new Map(
    sources.map(({ name, driver }) => {
      if (driver === 'git') return [name, gitDriver(name, members)];
      const found = databases.find((one) => one.name === name && one.kind === driver);
      if (found === undefined) {
        throw failure('SOURCE_NOT_CONFIGURED', { id: snapshot, source: name, driver });
      }
      return [name, found];
    }),
  );
}

function referencesOf(
  driver: string,
  record: Json,
  source: ObjectSource,
  snapshot: SnapshotId,
): AsyncIterable<StreamRef> {
  if (driver === 'git') return gitReferences(record, source);
  if (driver === 'postgres') return postgresReferences(record, source);
  throw failure('MANIFEST_UNREADABLE', { id: snapshot, problem: `no driver is called ${driver}` });
}
