// createCluster: the Cluster of contract.ts, put together from the parts in this directory. Making the object does
// nothing; what needs the binaries, the system user or the directories makes them when it is called.
// Creating, starting and stopping exclude each other by a lock that the kernel keeps (exclusive-lock.ts).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { describeBinaries, findPackage, unpackBinaries, type Binaries } from './binaries.ts';
import { checkData } from './check-data.ts';
import { connectTo } from './connection.ts';
import type { Cluster, ClusterStatus, PrivateServer } from './contract.ts';
import { createFirst, removeHalfMade } from './create.ts';
import { chownTree, makeClusterDirectories, makeRuntimeDirectory } from './directories.ts';
import { lock } from './exclusive-lock.ts';
import { createIncarnations } from './incarnations.ts';
import { placeOf, type ClusterOptions } from './place.ts';
import { chooseFreePort } from './port.ts';
import { findPostmaster, signalPostmaster } from './postmaster.ts';
import { startPrivateServer } from './private-server.ts';
import { APPLICATION, resetRoles } from './roles.ts';
import { programIn } from './server-command.ts';
import { serverConfig, writeConfigFiles } from './server-config.ts';
import { startPublic } from './start-public.ts';
import {
  makeSecrets,
  readCurrent,
  readFacts,
  readSecrets,
  writeFacts,
  type ClusterFacts,
  type Secrets,
} from './state-files.ts';
import { readState, setClosing } from './supervision-files.ts';
import { stopSupervised } from './supervision.ts';
import { ensureUser, findUser, type Owner } from './system-user.ts';

interface Base {
  readonly owner: Owner | undefined;
  readonly facts: ClusterFacts;
  readonly secrets: Secrets;
}

export function createCluster(options: ClusterOptions): Cluster {
  // A setting that cannot be is a mistake of the caller: said at once, not after an initdb.
  serverConfig(options.settings);
  const place = placeOf(options);
  const { root } = place;
  const privateServers = new Set<PrivateServer>();
  let base: Promise<Base> | undefined;

  const describe = (): Binaries =>
    describeBinaries(findPackage(options.packageDirectory), place.binariesDirectory);
  const ownerOf = (): Owner | undefined =>
    place.systemUser === undefined ? undefined : findUser(place.systemUser);
  const takeLock = (signal?: AbortSignal): Promise<Disposable> =>
    lock(path.join(root, 'cluster.lock'), signal);

  /** User, directories, binaries, passwords, port: what everything else stands on. */
  async function prepareBase(): Promise<Base> {
    const owner = place.systemUser === undefined ? undefined : await ensureUser(place.systemUser);
    await makeClusterDirectories(place, owner);
    await unpackBinaries(findPackage(options.packageDirectory), describe());
    if (readFacts(root) === undefined || readSecrets(root) === undefined) {
      using _held = await takeLock();
      if (readSecrets(root) === undefined) await makeSecrets(root);
      if (readFacts(root) === undefined) {
        const { major, version } = describe();
        const port = options.port ?? (await chooseFreePort(options.projectId));
        const systemUser = place.systemUser ?? null;
        await writeFacts(root, { port, systemUser, major, version, architecture: process.arch });
      }
    }
    const facts = readFacts(root);
    const secrets = readSecrets(root);
    assert(facts !== undefined && secrets !== undefined);
    return { owner, facts, secrets };
  }

  function ready(): Promise<Base> {
    base ??= prepareBase().catch((error: unknown) => {
      base = undefined;
      throw error;
    });
    return base;
  }

  function current(): string {
    const id = readCurrent(root);
    if (id === undefined) throw failure('POSTGRES_NOT_CREATED', {});
    return id;
  }

  const incarnations = createIncarnations(place, async () => (await ready()).owner);
  const dataOf = (id: string): string => path.join(incarnations.path(id), 'data');

  /** The postmaster that serves everybody; a private one on the same data is none. */
  function findPublic(id: string) {
    const found = findPostmaster(dataOf(id));
    return found?.socketDirectory === place.runtimeDirectory ? found : undefined;
  }

  async function stopAll(id: string): Promise<void> {
    await stopSupervised(root, dataOf(id));
  }

  const cluster: Cluster = {
    root,
    get binaries() {
      return describe();
    },
    get owner() {
      return ownerOf();
    },

    async status(): Promise<ClusterStatus> {
      const facts = readFacts(root);
      const version = facts?.version ?? describe().version;
      const id = readCurrent(root);
      if (id === undefined) return { state: 'absent', supervised: false, version };
      const supervisor = readState(root);
      const found = findPublic(id);
      const state =
        found === undefined
          ? supervisor === undefined
            ? 'stopped'
            : 'starting'
          : found.state === 'starting'
            ? 'starting'
            : 'running';
      return {
        state,
        supervised: supervisor !== undefined,
        ...(found !== undefined && { pid: found.pid, socketDirectory: found.socketDirectory }),
        port: found?.port ?? options.port ?? facts?.port ?? 0,
        incarnation: id,
        version,
        dataDirectory: dataOf(id),
      };
    },

    async ensureCreated(signal) {
      const { secrets } = await ready();
      using _held = await takeLock(signal);
      if (readCurrent(root) !== undefined) await removeHalfMade(cluster);
      else await createFirst(cluster, { secrets, database: options.database, signal });
    },

    async start(signal) {
      const { owner, facts, secrets } = await ready();
      const id = current();
      await startPublic({
        root,
        log: place.log,
        program: programIn(describe().directory, 'postgres'),
        owner,
        password: secrets.stillpoint,
        door: {
          dataDirectory: dataOf(id),
          incarnation: id,
          socketDirectory: await makeRuntimeDirectory(place, owner),
          port: options.port ?? facts.port,
          listens: true,
        },
        takeLock,
        check: () => checkData(dataOf(id), facts, describe().major),
        writeConfig: () => cluster.writeServerConfig(id),
        findPublic: () => findPublic(id),
        signal,
      });
    },

    async stop() {
      const id = readCurrent(root);
      if (id === undefined) return;
      using _held = await takeLock();
      await stopAll(id);
    },

    async refuseNewConnections() {
      const id = current();
      using _held = await takeLock();
      await setClosing(root, true);
      const found = findPublic(id);
      if (found !== undefined) signalPostmaster(found.pid, dataOf(id), 'SIGTERM');
    },

    async connect(wanted) {
      const found = findPublic(current());
      if (found === undefined) {
        throw failure('POSTGRES_UNREACHABLE', { reason: 'it is not running' });
      }
      const { secrets } = await ready();
      const { socketDirectory, port } = found;
      const endpoint = { socketDirectory, port, password: secrets.stillpoint, listens: true };
      return connectTo(endpoint, wanted);
    },

    async url() {
      const { facts, secrets } = await ready();
      const port = findPublic(current())?.port ?? options.port ?? facts.port;
      const database = encodeURIComponent(options.database);
      return `postgresql://${APPLICATION}:${secrets.app}@127.0.0.1:${port}/${database}`;
    },

    async currentIncarnation() {
      return current();
    },

    async setCurrentIncarnation(id) {
      await ready();
      using _held = await takeLock();
      const before = readCurrent(root);
      if (before === id) return;
      const running = before !== undefined && findPublic(before) !== undefined;
      assert(!running && readState(root) === undefined, 'switching is for a stopped cluster');
      assert(existsSync(path.join(dataOf(id), 'PG_VERSION')), `${id} holds no data`);
      await incarnations.makeCurrent(id);
    },

    listIncarnations: () => incarnations.list(),
    incarnationDirectory: (id) => incarnations.make(id),

    async dropIncarnation(id) {
      assert(readCurrent(root) !== id, `${id} is the live incarnation`);
      await incarnations.drop(id);
    },

    async writeServerConfig(id) {
      const { owner } = await ready();
      await writeConfigFiles({ dataDirectory: dataOf(id), settings: options.settings, owner });
    },

    async takeOwnership(directory) {
      const { owner } = await ready();
      assert(path.resolve(directory).startsWith(`${place.incarnations}${path.sep}`), directory);
      if (owner !== undefined) await chownTree(directory, owner);
    },

    async startPrivate(id, wanted) {
      const { owner, facts } = await ready();
      assert(findPublic(id) === undefined, `${id} is running for everybody`);
      checkData(dataOf(id), facts, describe().major);
      await incarnations.stopLeftover(id);
      const server = await startPrivateServer(
        {
          program: programIn(describe().directory, 'postgres'),
          incarnation: id,
          dataDirectory: dataOf(id),
          socketDirectory: await makeRuntimeDirectory(place, owner, `p${id.slice(0, 8)}`),
          log: path.join(place.log, `private-${id.slice(0, 8)}.log`),
          owner,
        },
        wanted,
      );
      const stop = async (): Promise<void> => {
        privateServers.delete(tracked);
        await server.stop();
      };
      const tracked: PrivateServer = { ...server, stop, [Symbol.asyncDispose]: stop };
      privateServers.add(tracked);
      return tracked;
    },

    async remove() {
      if (existsSync(root)) {
        await cluster.stop();
        for (const id of await incarnations.list()) await incarnations.stopLeftover(id);
      }
      await rm(root, { recursive: true, force: true });
      await rm(place.runtimeDirectory, { recursive: true, force: true });
      base = undefined;
    },

    async resetRoles(client) {
      await resetRoles(client, (await ready()).secrets);
    },

    async [Symbol.asyncDispose]() {
      await Promise.all([...privateServers].map((server) => server.stop()));
    },
  };
  return cluster;
}
