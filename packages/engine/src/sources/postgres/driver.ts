// The driver of a managed cluster: base + WAL over the replication protocol, one restore = one new incarnation.
// It keeps no state of its own: everything that must outlive a call is in the record, the placement or the notes beside the
// data (incarnation.ts), so another process can go on with it.
import { newUuid, type Clock } from '@stillpoint/core';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { SourceDriver } from '../contract.ts';
import { beginCapture } from './capture.ts';
import { closeCluster } from './close.ts';
import type { Cluster } from './cluster/contract.ts';
import { compare } from './compare.ts';
import { dataDirectory, readControl, readNote, removeNote } from './incarnation.ts';
import { parsePlacement, toPlacement } from './placement.ts';
import { bytesToPrepare, prepare } from './prepare.ts';
import { probe } from './probe.ts';
import { prove } from './prove.ts';
import { rebase, worthRebasing } from './rebase.ts';
import { parseRecord } from './record.ts';
import { postgresReferences } from './references.ts';
import { createDatabaseAccess, dropLeftoverViews } from './views.ts';

export interface ManagedPostgresOptions {
  /** The source's name in the configuration. */
  readonly name: string;
  /** Not disposed with the driver. */
  readonly cluster: Cluster;
  readonly clock: Clock;
}

export function createManagedPostgresDriver(options: ManagedPostgresOptions): SourceDriver {
  const { name, cluster, clock } = options;
  const never = new AbortController().signal;
  const exists = async (): Promise<boolean> => (await cluster.status()).state !== 'absent';
  return {
    kind: 'postgres',
    name,
    supports: {
      closes: true,
      capturesWhileLive: true,
      incremental: true,
      preparesFromNothing: true,
    },
    database: createDatabaseAccess({ cluster, clock }),
    exists,
    async roomToPrepare(json, snapshot) {
      const directory = await nearestExisting(cluster.root);
      return { directory, bytes: await bytesToPrepare(cluster, json, snapshot) };
    },
    probe: (signal) => probe(cluster, signal),
    async begin(begin) {
      await cluster.ensureCreated(begin.signal);
      await dropLeftoverViews(cluster);
      await cluster.start(begin.signal);
      return beginCapture(cluster, begin);
    },
    compare: (record, _source, signal) => compare(cluster, record, signal),
    references: postgresReferences,
    prepare: (record, preparing) => {
      const context = { cluster, clock };
      const looking = preparing.onlyToProve === true ? { viewAs: newUuid() } : {};
      return prepare({ ...context, ...looking }, record, preparing);
    },
    prove: (placement, signal) => prove(cluster, name, placement, signal),
    worthRebasing,
    rebase: (record, rebasing) => rebase(cluster, record, rebasing),
    async placementOfUndo(record, { snapshot }) {
      const { incarnation } = parseRecord(record);
      return toPlacement({ incarnation, snapshot, reuse: true });
    },
    close: (close) => closeCluster(cluster, clock, close),
    async switch(placement) {
      const { incarnation } = parsePlacement(placement);
      // Closed already, unless a supervisor brought it back while a dead restore waited for its recovery.
      await cluster.stop();
      await cluster.setCurrentIncarnation(incarnation);
      return { kept: [] };
    },
    async open() {
      const incarnation = await cluster.currentIncarnation();
      // From now on it is written to: no longer what was closed, nor what was only prepared.
      await removeNote(cluster, incarnation, 'retired');
      await removeNote(cluster, incarnation, 'prepared');
      await cluster.start(never);
    },
    async abandon() {
      if (!(await exists())) return dropPrepared(cluster, undefined);
      await dropPrepared(cluster, await cluster.currentIncarnation());
    },
    async finish(live, other) {
      const keep = new Set(
        [live, other].filter((one) => one !== null).map((one) => parsePlacement(one).incarnation),
      );
      keep.add(await cluster.currentIncarnation());
      for (const incarnation of await cluster.listIncarnations()) {
        if (!keep.has(incarnation)) await cluster.dropIncarnation(incarnation);
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

async function nearestExisting(directory: string): Promise<string> {
  const there = await stat(directory).then(
    () => true,
    () => false,
  );
  return there ? directory : nearestExisting(path.dirname(directory));
}

async function dropPrepared(cluster: Cluster, current: string | undefined): Promise<void> {
  for (const incarnation of await cluster.listIncarnations()) {
    if (incarnation === current) continue;
    const prepared = await readNote(cluster, incarnation, 'prepared');
    // One without data is what a prepare left that died before its first note.
    const hasData = (await readControl(await dataDirectory(cluster, incarnation))) !== undefined;
    if (prepared === undefined && hasData) continue;
    await cluster.dropIncarnation(incarnation);
  }
}
