// createCluster: the Cluster of contract.ts, put together from the parts in this directory. Making the object does
// nothing; what needs the binaries, the system user or the directories makes them when it is called.
// Creating, starting and stopping exclude each other by a lock that the kernel keeps (exclusive-lock.ts).
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { createBase } from './base.ts';
import { unclaim } from './claim.ts';
import { checkData } from './check-data.ts';
import { connectTo } from './connection.ts';
import type { Cluster, PrivateServer } from './contract.ts';
import { createFirst, removeHalfMade } from './create.ts';
import { chownTree, makeRuntimeDirectory } from './directories.ts';
import { createIncarnations } from './incarnations.ts';
import { placeOf, type ClusterOptions } from './place.ts';
import { findPostmaster, signalPostmaster, type Postmaster } from './postmaster.ts';
import { startPrivateServer } from './private-server.ts';
import { APPLICATION, resetRoles } from './roles.ts';
import { programIn } from './server-command.ts';
import { serverConfig, writeConfigFiles } from './server-config.ts';
import { startPublic } from './start-public.ts';
import { readCurrent, readFacts } from './state-files.ts';
import { statusOf } from './status.ts';
import { readState, setClosing } from './supervision-files.ts';
import { stopSupervised } from './supervision.ts';
import { findUser } from './system-user.ts';

export function createCluster(options: ClusterOptions): Cluster {
  // A setting that cannot be is a mistake of the caller: said at once, not after an initdb.
  serverConfig(options.settings);
  const place = placeOf(options);
  const { root } = place;
  const base = createBase(options, place);
  const privateServers = new Set<PrivateServer>();

  function current(): string {
    base.assertOurs();
    const id = readCurrent(root);
    if (id === undefined) throw failure('POSTGRES_NOT_CREATED', {});
    return id;
  }

  const incarnations = createIncarnations(place, async () => (await base.ready()).owner);
  const dataOf = (id: string): string => path.join(incarnations.path(id), 'data');

  /** The postmaster that serves everybody; a private one on the same data is none. */
  function findPublic(id: string): Postmaster | undefined {
    const found = findPostmaster(dataOf(id));
    return found?.listens === true ? found : undefined;
  }

  const cluster: Cluster = {
    root,
    get binaries() {
      return base.binaries();
    },
    get owner() {
      return place.systemUser === undefined ? undefined : findUser(place.systemUser);
    },

    async status() {
      base.assertOurs();
      return statusOf({
        facts: readFacts(root),
        version: () => base.binaries().version,
        configuredPort: options.port,
        incarnation: readCurrent(root),
        dataOf,
        findPublic,
        supervised: readState(root) !== undefined,
      });
    },

    async ensureCreated(signal) {
      const { secrets } = await base.ready();
      using _held = await base.takeLock(signal);
      if (readCurrent(root) !== undefined) await removeHalfMade(cluster);
      else await createFirst(cluster, { secrets, database: options.database, signal });
    },

    async start(signal) {
      const { owner, facts, secrets } = await base.ready();
      const id = current();
      await startPublic({
        root,
        log: place.log,
        program: programIn(base.binaries().directory, 'postgres'),
        owner,
        password: secrets.stillpoint,
        door: {
          dataDirectory: dataOf(id),
          incarnation: id,
          socketDirectory: await makeRuntimeDirectory(place, owner),
          port: options.port ?? facts.port,
          listens: true,
        },
        takeLock: (wanted) => base.takeLock(wanted),
        check: () => checkData(dataOf(id), facts, base.binaries().major),
        writeConfig: () => cluster.writeServerConfig(id),
        findPublic: () => findPublic(id),
        signal,
      });
    },

    async stop() {
      base.assertOurs();
      const id = readCurrent(root);
      if (id === undefined) return;
      using _held = await base.takeLock();
      await stopSupervised(root, dataOf(id));
    },

    async refuseNewConnections() {
      const id = current();
      using _held = await base.takeLock();
      await setClosing(root, true);
      const found = findPublic(id);
      if (found !== undefined) signalPostmaster(found.pid, dataOf(id), 'SIGTERM');
    },

    async connect(wanted) {
      const found = findPublic(current());
      if (found === undefined) {
        throw failure('POSTGRES_UNREACHABLE', { reason: 'it is not running' });
      }
      const { secrets } = await base.ready();
      const { socketDirectory, port } = found;
      const endpoint = { socketDirectory, port, password: secrets.stillpoint, listens: true };
      return connectTo(endpoint, wanted);
    },

    async url() {
      const { facts, secrets } = await base.ready();
      const port = findPublic(current())?.port ?? options.port ?? facts.port;
      const database = encodeURIComponent(options.database);
      return `postgresql://${APPLICATION}:${secrets.app}@127.0.0.1:${port}/${database}`;
    },

    async currentIncarnation() {
      return current();
    },

    async setCurrentIncarnation(id) {
      await base.ready();
      using _held = await base.takeLock();
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
      const { owner } = await base.ready();
      const { settings, walLimitBytes } = options;
      await writeConfigFiles({ dataDirectory: dataOf(id), settings, walLimitBytes, owner });
    },

    async takeOwnership(directory) {
      const { owner } = await base.ready();
      assert(path.resolve(directory).startsWith(`${place.incarnations}${path.sep}`), directory);
      if (owner !== undefined) await chownTree(directory, owner);
    },

    async startPrivate(id, wanted) {
      const { owner, facts } = await base.ready();
      assert(findPublic(id) === undefined, `${id} is running for everybody`);
      checkData(dataOf(id), facts, base.binaries().major);
      await incarnations.stopLeftover(id);
      const server = await startPrivateServer(
        {
          program: programIn(base.binaries().directory, 'postgres'),
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
        using _held = await base.takeLock();
        // Whatever current.json says, if it can be read at all: each of them.
        for (const id of await incarnations.list()) await stopSupervised(root, dataOf(id));
      }
      await rm(root, { recursive: true, force: true });
      await rm(place.runtimeDirectory, { recursive: true, force: true });
      await unclaim(options.stateDirectory);
      base.forget();
    },

    async resetRoles(client) {
      await resetRoles(client, (await base.ready()).secrets);
    },

    async [Symbol.asyncDispose]() {
      await Promise.all([...privateServers].map((server) => server.stop()));
    },
  };
  return cluster;
}
