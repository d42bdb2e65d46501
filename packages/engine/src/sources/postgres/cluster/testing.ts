// Throwaway clusters for the tests of this room: everything in one temporary directory, removed with all
// its processes when the test ends, also when it fails. Works as root (then with the system user) and without.
import { chmodSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { newUuid } from '@stillpoint/core';
import type { Cluster } from './contract.ts';
import { createCluster } from './create-cluster.ts';
import { type ClusterOptions, placeOf } from './place.ts';
import { shareUnpacked } from './testing/run-directory.ts';

export const never = new AbortController().signal;
/** What another Node needs to load these sources. */
export const sourceFlags = process.execArgv.filter((flag) =>
  /^--(conditions=|no-warnings)/.test(flag),
);
export const isRoot = process.getuid?.() === 0;

/** One directory for a whole test file, so that the binaries are unpacked once. */
let shared: string | undefined;

function sharedDirectory(): string {
  if (shared === undefined) {
    shared = mkdtempSync(path.join(os.tmpdir(), 'stillpoint-cluster-'));
    chmodSync(shared, 0o711);
    shareUnpacked(path.join(shared, 'system'), path.join(shared, 'cache'));
  }
  return shared;
}

export interface TestCluster extends ClusterOptions {
  readonly cluster: Cluster;
  /** Where the sockets really are. */
  readonly socketDirectory: string;
}

/** Options for one more project in the shared directory. */
export function testOptions(more: Partial<ClusterOptions> = {}): ClusterOptions {
  const projectId = newUuid();
  const shared = sharedDirectory();
  return {
    projectId,
    // A name that carelessness about quoting trips over.
    stateDirectory: path.join(shared, `${projectId} it's $a, "ü"`),
    database: 'shop',
    settings: { shared_buffers: '16MB' },
    systemDirectory: path.join(shared, 'system'),
    binariesDirectory: path.join(shared, 'cache'),
    runtimeDirectory: path.join(shared, 'run, "1"'),
    ...more,
  };
}

/** A cluster that its file closes by itself. */
export function holdTestCluster(
  more: Partial<ClusterOptions> = {},
): TestCluster & { readonly close: () => Promise<void> } {
  const options = testOptions(more);
  const cluster = createCluster(options);
  const close = async (): Promise<void> => {
    await cluster[Symbol.asyncDispose]();
    await cluster.remove();
    await rm(options.stateDirectory, { recursive: true, force: true });
  };
  return { ...options, cluster, close, socketDirectory: placeOf(options).runtimeDirectory };
}

export function openTestCluster(t: TestContext, more: Partial<ClusterOptions> = {}): TestCluster {
  const held = holdTestCluster(more);
  t.after(held.close);
  return held;
}

/** To be given to `after` of each test file that uses the clusters above. */
export async function removeShared(): Promise<void> {
  if (shared !== undefined) await rm(shared, { recursive: true, force: true });
}
