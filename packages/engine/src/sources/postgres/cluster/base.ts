// What everything else of a cluster stands on: the system user, the directories, the unpacked binaries, the
// passwords, the port. Made when first needed, once per object; each part is found again when it is there.
import assert from 'node:assert/strict';
import path from 'node:path';
import { makeDirectory } from '@stillpoint/core';
import { describeBinaries, findPackage, unpackBinaries, type Binaries } from './binaries.ts';
import { makeClusterDirectories } from './directories.ts';
import { lock } from './exclusive-lock.ts';
import type { ClusterOptions, Place } from './place.ts';
import { chooseFreePort } from './port.ts';
import {
  makeSecrets,
  readFacts,
  readSecrets,
  writeFacts,
  type ClusterFacts,
  type Secrets,
} from './state-files.ts';
import { assertOurs, claim } from './claim.ts';
import { ensureUser, type Owner } from './system-user.ts';

export interface Prepared {
  readonly owner: Owner | undefined;
  readonly facts: ClusterFacts;
  readonly secrets: Secrets;
}

export interface Base {
  ready(): Promise<Prepared>;
  /** Throws when the cluster of this project was made by another user: it lives elsewhere, and a new one is not it. */
  assertOurs(): void;
  /** After everything was removed: the next ready() makes it anew. */
  forget(): void;
  binaries(): Binaries;
  /** Creating, starting, stopping and switching hold it. */
  takeLock(signal?: AbortSignal): Promise<Disposable>;
}

export function createBase(options: ClusterOptions, place: Place): Base {
  let prepared: Promise<Prepared> | undefined;
  const base: Base = {
    binaries: () =>
      describeBinaries(findPackage(options.packageDirectory), place.binariesDirectory),
    takeLock: (signal) => lock(path.join(place.root, 'cluster.lock'), signal),
    assertOurs: () => assertOurs(options.stateDirectory),
    forget() {
      prepared = undefined;
    },
    ready() {
      prepared ??= prepare(options, place, base).catch((error: unknown) => {
        prepared = undefined;
        throw error;
      });
      return prepared;
    },
  };
  return base;
}

async function prepare(options: ClusterOptions, place: Place, base: Base): Promise<Prepared> {
  const { root } = place;
  await makeDirectory(options.stateDirectory);
  await claim(options.stateDirectory);
  const owner = place.systemUser === undefined ? undefined : await ensureUser(place.systemUser);
  await makeClusterDirectories(place, owner);
  await unpackBinaries(findPackage(options.packageDirectory), base.binaries());
  if (readFacts(root) === undefined || readSecrets(root) === undefined) {
    using _held = await base.takeLock();
    if (readSecrets(root) === undefined) await makeSecrets(root);
    if (readFacts(root) === undefined)
      await writeFacts(root, await firstFacts(options, place, base));
  }
  const facts = readFacts(root);
  const secrets = readSecrets(root);
  assert(facts !== undefined && secrets !== undefined);
  return { owner, facts, secrets };
}

async function firstFacts(
  options: ClusterOptions,
  place: Place,
  base: Base,
): Promise<ClusterFacts> {
  const { major, version } = base.binaries();
  const port = options.port ?? (await chooseFreePort(options.projectId));
  const systemUser = place.systemUser ?? null;
  return { port, systemUser, major, version, architecture: process.arch };
}
