// Throwaway clusters for the tests of the driver, and what an application does to them.
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import {
  newSnapshotId,
  newUuid,
  systemClock,
  type Json,
  type ProgressListener,
  type SnapshotId,
} from '@stillpoint/core';
import { Client } from 'pg';
import type { PrepareOptions, SourceDriver } from '../contract.ts';
import { createMemoryObjects, type MemoryObjects } from '../testkit/memory-objects.ts';
import { createCluster, type Cluster } from './cluster/index.ts';
import { shareUnpacked } from './cluster/testing/run-directory.ts';
import { createManagedPostgresDriver } from './driver.ts';
import { parseRecord, type PostgresRecord } from './record.ts';

export const never = new AbortController().signal;

/** One directory for a whole test file, so that the binaries are unpacked once. */
const place = mkdtempSync(path.join(os.tmpdir(), 'stillpoint-driver-'));
chmodSync(place, 0o711);
shareUnpacked(path.join(place, 'system'), path.join(place, 'cache'));

/** To be given to `after` of each test file that uses the clusters below. */
export async function removePlace(): Promise<void> {
  await rm(place, { recursive: true, force: true });
}

export interface ThrowawayCluster extends AsyncDisposable {
  readonly cluster: Cluster;
}

/** A place for a cluster, with nothing in it yet. Disposing removes it with all its processes. */
export function openThrowawayCluster(
  settings: Readonly<Record<string, string>> = {},
): ThrowawayCluster {
  const projectId = newUuid();
  const stateDirectory = path.join(place, projectId);
  const cluster = createCluster({
    projectId,
    stateDirectory,
    database: 'shop',
    settings: { shared_buffers: '16MB', min_wal_size: '32MB', ...settings },
    systemDirectory: path.join(place, 'system'),
    binariesDirectory: path.join(place, 'cache'),
    runtimeDirectory: path.join(place, 'run'),
  });
  return {
    cluster,
    async [Symbol.asyncDispose]() {
      await cluster[Symbol.asyncDispose]();
      await cluster.remove();
      await rm(stateDirectory, { recursive: true, force: true });
    },
  };
}

export async function startThrowawayCluster(
  settings: Readonly<Record<string, string>> = {},
): Promise<ThrowawayCluster> {
  const made = openThrowawayCluster(settings);
  await made.cluster.ensureCreated(never);
  await made.cluster.start(never);
  return made;
}

/** One for all tests of a file; it goes, and the place with it, when they have ended. */
export async function holdThrowawayCluster(
  settings: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const made = await startThrowawayCluster(settings);
  after(async () => {
    await made[Symbol.asyncDispose]();
    await removePlace();
  });
  return made.cluster;
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
  const { hostname, port, username, password } = new URL(await cluster.url());
  const client = new Client({
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    database,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A sealed snapshot, as far as a driver knows. */
export interface Taken {
  readonly id: SnapshotId;
  readonly record: PostgresRecord;
}

export interface CaptureHooks {
  readonly signal?: AbortSignal;
  readonly beforeMark?: () => Promise<void>;
  /** Straight after the mark: what happens here must not be in the snapshot. */
  readonly afterMark?: () => Promise<void>;
  readonly forUndo?: boolean;
  /** False: the process dies between the capture and the seal. */
  readonly seal?: boolean;
}

/** A managed database with its driver, a vault in memory and the snapshots taken so far: what the engine does, in small. */
export interface Life {
  readonly cluster: Cluster;
  readonly driver: SourceDriver;
  readonly objects: MemoryObjects;
  /** Newest first. */
  readonly history: Taken[];
  /** What was said, and 'phase:base' for each base that a capture made. */
  readonly said: string[];
  capture(hooks?: CaptureHooks): Promise<Taken>;
  /** The whole restore; resolves to the undo snapshot. */
  restore(taken: Taken): Promise<Taken>;
  prepare(record: unknown, id?: SnapshotId): Promise<Json>;
}

export function beginLife(cluster: Cluster): Life {
  const driver = createManagedPostgresDriver({ name: 'db', cluster, clock: systemClock });
  const objects = createMemoryObjects();
  const history: Taken[] = [];
  const said: string[] = [];
  const progress: ProgressListener = (event) => {
    if (event.type === 'note:said') said.push(`${event.level}: ${event.text}`);
    if (event.type === 'phase:started' && event.phase === 'base') said.push('phase:base');
  };
  const optionsOf = (snapshot: SnapshotId): PrepareOptions => ({
    snapshot,
    source: objects,
    workDirectory: '/nonexistent',
    signal: never,
    progress: () => {},
  });
  const life: Life = {
    cluster,
    driver,
    objects,
    history,
    said,
    async capture({ signal = never, beforeMark, afterMark, forUndo = false, seal = true } = {}) {
      const id = newSnapshotId();
      const records = (async function* () {
        for (const { record } of history) yield record as unknown as Json;
      })();
      await using session = await driver.begin({
        snapshot: id,
        history: records,
        sink: objects,
        source: objects,
        forUndo,
        signal,
        progress,
      });
      await beforeMark?.();
      await session.mark(signal);
      await afterMark?.();
      const { record } = await session.capture();
      const taken = { id, record: parseRecord(record) };
      if (!seal) return taken;
      history.unshift(taken);
      await session.sealed?.();
      return taken;
    },
    prepare: (record, id = newSnapshotId()) => driver.prepare(record as Json, optionsOf(id)),
    async restore(taken) {
      const there = await life.prepare(taken.record, taken.id);
      await driver.prove(there, never);
      const undo = await life.capture();
      const back = await driver.placementOfUndo(undo.record, optionsOf(undo.id));
      await driver.close({ verifyHeld: async () => {}, undo: undo.id });
      await driver.switch(there, { undo: undo.id, progress: () => {} });
      await driver.open();
      await driver.finish(there, back);
      return undo;
    },
  };
  return life;
}
