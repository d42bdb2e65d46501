// How fast a base leaves the server: our reader of the replication protocol and pg_basebackup on the same server, in turn,
// doing the same work. Three pairs: into plain files, synced; thrown away; and compressed into what each of them keeps.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { newUuid, silent } from '@stillpoint/core';
import { Client } from 'pg';
import { storeBase } from '../../packages/engine/src/sources/postgres/base.ts';
import type { Cluster } from '../../packages/engine/src/sources/postgres/cluster/contract.ts';
import { takeBaseBackup } from '../../packages/engine/src/sources/postgres/replication/base-backup.ts';
import { createDirectoryStore, createVault } from '../../packages/engine/src/vault/index.ts';
import { run, settleDisk, timed, type Place } from '../place.ts';
import { median } from '../statistics.ts';
import type { PeerCluster } from './peer-cluster.ts';
import { writePlainFiles } from './plain-files.ts';

export interface BaseSpeed {
  readonly bytes: number;
  /** Median seconds of ours and of pg_basebackup. */
  readonly files: Pair;
  readonly discarded: Pair;
  readonly kept: Pair;
}

export interface Pair {
  readonly oursS: number;
  readonly theirsS: number;
}

type Kind = 'files' | 'discarded' | 'kept';
const kinds: readonly Kind[] = ['files', 'discarded', 'kept'];

export async function measureBaseSpeed(
  place: Place,
  peer: PeerCluster,
  rounds: number,
): Promise<BaseSpeed> {
  const times = new Map<string, number[]>();
  let bytes = 0;
  const measure = async (who: 'ours' | 'theirs', kind: Kind): Promise<void> => {
    place.signal.throwIfAborted();
    const target = path.join(place.directory, `base-${who}-${kind}`);
    await settleDisk();
    try {
      const work = who === 'ours' ? takeOurs : takeTheirs;
      const { ms, value } = await timed(() => work(peer, kind, { target, signal: place.signal }));
      const key = `${who} ${kind}`;
      times.set(key, [...(times.get(key) ?? []), ms / 1000]);
      if (who === 'ours' && kind === 'discarded') bytes = value;
      place.say(`base, ${kind}: ${who} ${(ms / 1000).toFixed(2)} s`);
    } finally {
      await rm(target, { recursive: true, force: true });
    }
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of kinds) {
      const order = round % 2 === 0 ? (['ours', 'theirs'] as const) : (['theirs', 'ours'] as const);
      for (const who of order) await measure(who, kind);
    }
  }
  const pair = (kind: Kind): Pair => ({
    oursS: median(times.get(`ours ${kind}`)!),
    theirsS: median(times.get(`theirs ${kind}`)!),
  });
  return { bytes, files: pair('files'), discarded: pair('discarded'), kept: pair('kept') };
}

interface Target {
  readonly target: string;
  readonly signal: AbortSignal;
}

async function takeOurs(
  peer: PeerCluster,
  kind: Kind,
  { target, signal }: Target,
): Promise<number> {
  const cluster = replicationOnly(peer);
  const label = 'benchmark';
  if (kind === 'kept') {
    await using vault = await createVault(createDirectoryStore(target));
    await using session = await vault.openSession({ signal });
    const sink = session.sink();
    const fresh = { source: vault, previous: undefined, pageBytes: 8192 };
    const options = { label, incarnation: newUuid(), sink, ...fresh, bytesTotal: 0, signal };
    const { bytes } = await storeBase(cluster, { ...options, progress: silent });
    await session.flush();
    return bytes;
  }
  let bytes = 0;
  await takeBaseBackup(cluster, {
    label,
    signal,
    async onArchive(tar) {
      if (kind === 'files') bytes = await writePlainFiles(tar, target);
      else for await (const part of tar) bytes += part.length;
    },
    async onManifest(content) {
      for await (const part of content) bytes += part.length;
    },
  });
  return bytes;
}

/** What the base backup asks of a cluster: a connection. Here, to a server that is not one of ours. */
function replicationOnly({ connection }: PeerCluster): Cluster {
  const connect = async (): Promise<Client> => {
    // `pg` sends every unknown option of this name to the server as it is.
    const client = new Client({ ...connection, replication: 'true' } as never);
    await client.connect();
    return client;
  };
  return { connect } as unknown as Cluster;
}

/** Without WAL and without checksums of files in the manifest: that is what ours asks for, too. */
const same = ['-X', 'none', '-c', 'fast', '--manifest-checksums=NONE', '--no-password'] as const;

async function takeTheirs(
  { programs, connection }: PeerCluster,
  kind: Kind,
  { target, signal }: Target,
): Promise<number> {
  const server = ['-h', connection.host, '-U', connection.user, ...same];
  // Its notice that WAL is missing is what was asked for.
  const env = { ...process.env, PGOPTIONS: '-c client_min_messages=warning' };
  const program = path.join(programs, 'pg_basebackup');
  if (kind === 'files') await run(program, [...server, '-D', target, '-Fp'], { signal, env });
  else if (kind === 'kept') {
    // The level that the vault writes with.
    const compressed = ['-D', target, '-Ft', '--compress=client-zstd:1'];
    await run(program, [...server, ...compressed], { signal, env });
  } else await discard(program, [...server, '-D', '-', '-Ft'], { signal, env });
  return 0;
}

async function discard(
  program: string,
  args: readonly string[],
  options: { readonly signal: AbortSignal; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  const nowhere = await open('/dev/null', 'w');
  try {
    const child = spawn(program, args, { stdio: ['ignore', nowhere.fd, 'inherit'], ...options });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`pg_basebackup ended with ${code}`);
  } finally {
    await nowhere.close();
  }
}
