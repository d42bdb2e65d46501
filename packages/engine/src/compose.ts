// The only place where concrete things are chosen: which store, which drivers, which participants.
import { failure, type Clock, type ProgressListener, type SnapshotId } from '@stillpoint/core';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from 'pg';
import { createParticipant } from './compose-participants.ts';
import {
  byUrl,
  createMemberDriver,
  createProjectCluster,
  createSourceDriver,
  referencesOf,
} from './compose-sources.ts';
import { openShelf, type CopyOf } from './compose-shelf.ts';
import { vaultDirectoryOf } from './compose-vault.ts';
import type { ResolvedConfig } from './config/index.ts';
import type { EngineContext } from './context.ts';
import type { CompareCheckpoints } from './diff/index.ts';
import type { DatabaseRemark } from './doctor/index.ts';
import { openHistory } from './federation/index.ts';
import type { Participant } from './freeze/index.ts';
import type { SourceDriver } from './sources/contract.ts';
import { applicationUrl } from './sources/postgres/by-url/index.ts';
import type { Cluster } from './sources/postgres/index.ts';

export interface QueueParticipantOptions {
  readonly name: string;
  readonly guards: readonly string[] | '*';
  /** Of the freeze lock; the queue derives its own from it. */
  readonly key: bigint;
  /** A direct connection to the queue's database. */
  readonly connect: (applicationName: string, signal: AbortSignal) => Promise<Client>;
}

/** What the process gives to the engine, which reads no environment itself. */
export interface EngineEnvironment {
  readonly version: string;
  /** Where an ordinary user's Postgres programs are kept, shared by all projects. */
  readonly binariesDirectory: string;
  /** This user's own: what is remembered of vaults that are opened without a project. Left out: nothing is. */
  readonly cacheDirectory?: string;
  /** Short and private, for sockets; undefined: below the system's temporary directory. */
  readonly runtimeDirectory?: string;
  /** Of the process, for `{ env: NAME }` in the configuration and to find programs. */
  readonly variables?: Readonly<Record<string, string | undefined>>;
  /** What git runs with: PATH, HOME and the like, so that it finds the user's own settings. */
  readonly gitEnvironment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Makes the participant of kind 'queue': it belongs to the persistence library, which the engine does not know. */
  readonly queueParticipant?: (options: QueueParticipantOptions) => Participant;
  /** What doctor says of the inside of a database that it can reach: its library knows, and not the engine. Changes nothing. */
  readonly examineDatabase?: (url: string) => Promise<readonly DatabaseRemark[]>;
  /** What differs in two checkpoints of runs: the simulation library knows, and not the engine. */
  readonly compareCheckpoints?: CompareCheckpoints;
  /** What is worth telling while a project is opened. */
  readonly progress?: ProgressListener;
  /** Called before and after every line of the restore journal; the crash tests kill the process there. */
  readonly crashPoint?: (point: string) => void;
}

export interface Composition extends AsyncDisposable {
  readonly context: EngineContext;
  /** Throws SOURCE_UNKNOWN. */
  cluster(name?: string): { readonly name: string; readonly cluster: Cluster };
  /** The address that programs get of a Postgres by URL; undefined: the source is none. */
  urlOf(name: string): Promise<string | undefined>;
  /** Removes the project's databases and everything in its directory: only for one that this process has just begun. */
  remove(): Promise<void>;
}

export async function compose(
  config: ResolvedConfig,
  environment: EngineEnvironment,
  copy?: CopyOf,
): Promise<Composition> {
  await using cleanup = new AsyncDisposableStack();
  const { projectDirectory } = config;
  const { state, vault, catalogue, clock, resolvedVault } = await openShelf(
    config,
    environment,
    copy,
  );
  cleanup.use(vault);
  const vaultDirectory = vaultDirectoryOf(resolvedVault);
  const clusters = new Map<string, Cluster>();
  for (const source of config.sources) {
    if (source.driver !== 'postgres') continue;
    clusters.set(source.name, cleanup.use(createProjectCluster(source, state, environment)));
  }
  const parts = { config, state, environment, clock, clusters, vaultDirectory };
  const sources = config.sources.map((source) => cleanup.use(createSourceDriver(source, parts)));
  const gitDriver = (member: string, members: readonly string[]): SourceDriver =>
    createMemberDriver(member, members, parts);
  const memberPaths = config.members.map((member) => member.path);
  const { gitEnvironment } = environment;
  const historyAt = (member: string) => ({
    projectDirectory,
    member,
    ...(gitEnvironment === undefined ? {} : { environment: gitEnvironment }),
  });
  const participants = config.participants.map((one) => createParticipant(one, parts));
  const resources = cleanup.move();
  const context: EngineContext = {
    config,
    state,
    vault,
    catalogue,
    clock,
    drivers: [...sources, ...memberPaths.map((member) => gitDriver(member, memberPaths))],
    participants,
    driversFor: (captured, snapshot) =>
      driversFor(captured, snapshot, sources, memberPaths, gitDriver),
    referencesOf,
    openHistory: (member, signal) => openHistory(historyAt(member), signal),
    version: environment.version,
    ...(environment.compareCheckpoints && {
      compareCheckpoints: environment.compareCheckpoints,
    }),
    crashPoint: environment.crashPoint ?? (() => {}),
  };
  return {
    context,
    cluster: (name) => findCluster(clusters, name),
    async urlOf(name) {
      const source = config.sources.find((one) => one.name === name);
      return source?.driver === 'postgres-url' ? applicationUrl(byUrl(source, parts)) : undefined;
    },
    async remove() {
      for (const cluster of clusters.values()) await cluster.remove();
      for (const name of await readdir(projectDirectory)) {
        await rm(path.join(projectDirectory, name), { recursive: true, force: true });
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
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

/** Sources must be configured, for their secrets and settings; a member is known by its path alone. */
function driversFor(
  captured: readonly { readonly name: string; readonly driver: string }[],
  snapshot: SnapshotId,
  sources: readonly SourceDriver[],
  memberPaths: readonly string[],
  gitDriver: (member: string, members: readonly string[]) => SourceDriver,
): ReadonlyMap<string, SourceDriver> {
  const repositories = captured.filter(({ driver }) => driver === 'git').map(({ name }) => name);
  const members = [...new Set([...memberPaths, ...repositories])];
  return new Map(
    captured.map(({ name, driver }) => {
      if (driver === 'git') return [name, gitDriver(name, members)];
      const found = sources.find((one) => one.name === name && one.kind === driver);
      if (found === undefined) {
        throw failure('SOURCE_NOT_CONFIGURED', { id: snapshot, source: name, driver });
      }
      return [name, found];
    }),
  );
}
