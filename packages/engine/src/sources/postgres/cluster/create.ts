// Makes the first incarnation: initdb, our roles, the application's database. It counts only when current.json
// names it, which is written last; one that was begun and not finished is named in creating.json and removed by
// the next attempt.
//
// The collation is Postgres's own C.UTF-8, not the host's: indexes over text sort by it, and a snapshot restored
// on a machine with another C library would find them out of order.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  failure,
  fsyncDirectory,
  newUuid,
  removeFileDurable,
  writeFileAtomic,
} from '@stillpoint/core';
import type { Cluster } from './contract.ts';
import { ADMINISTRATOR, APPLICATION } from './roles.ts';
import { scramVerifier } from './scram.ts';
import { programIn, serverProcess } from './server-command.ts';
import {
  readCreating,
  readCurrent,
  removeCreating,
  writeCreating,
  writeCurrent,
  type Secrets,
} from './state-files.ts';

export interface CreateOptions {
  readonly secrets: Secrets;
  readonly database: string;
  readonly signal: AbortSignal;
}

/** The caller holds the cluster's lock and has seen that there is no current incarnation. */
export async function createFirst(cluster: Cluster, options: CreateOptions): Promise<void> {
  await removeHalfMade(cluster);
  const id = newUuid();
  await writeCreating(cluster.root, id);
  try {
    const directory = await cluster.incarnationDirectory(id);
    await initialise(cluster, directory, options);
    await cluster.writeServerConfig(id);
    await addDatabase(cluster, id, options);
    await fsyncDirectory(directory);
    await fsyncDirectory(path.dirname(directory));
  } catch (error) {
    await removeHalfMade(cluster);
    throw error;
  }
  await writeCurrent(cluster.root, id);
  await removeCreating(cluster.root);
}

export async function removeHalfMade(cluster: Cluster): Promise<void> {
  const id = readCreating(cluster.root);
  if (id === undefined) return;
  if (readCurrent(cluster.root) !== id) await cluster.dropIncarnation(id);
  await removeCreating(cluster.root);
}

async function initialise(
  cluster: Cluster,
  directory: string,
  options: CreateOptions,
): Promise<void> {
  assertSafeForShell(cluster);
  const passwordFile = path.join(directory, 'initdb-password');
  const { owner } = cluster;
  // initdb passes it on as it is: what it reads and sends is the verifier, never the password.
  await writeFileAtomic(passwordFile, scramVerifier(options.secrets.stillpoint), { owner });
  const args = ['--pgdata', path.join(directory, 'data'), '--username', ADMINISTRATOR];
  args.push('--pwfile', passwordFile, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C');
  args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8');
  args.push('--data-checksums', '--wal-segsize=16', '--no-instructions');
  try {
    await promisify(execFile)(programIn(cluster.binaries.directory, 'initdb'), args, {
      ...serverProcess(owner),
      signal: options.signal,
    });
  } catch (error) {
    options.signal.throwIfAborted();
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const reason = `initdb: ${stderr.trim() || message}`;
    throw failure('POSTGRES_CREATE_FAILED', { reason, log: path.join(cluster.root, 'log') });
  } finally {
    await removeFileDurable(passwordFile);
  }
}

/** initdb runs its programs through a shell, in double quotes and nothing more. */
function assertSafeForShell({ root, binaries }: Cluster): void {
  if (!/["$`\\\n]/.test(binaries.directory)) return;
  const reason = `initdb cannot be run from ${binaries.directory}: the name holds one of " $ \` \\`;
  throw failure('POSTGRES_CREATE_FAILED', { reason, log: path.join(root, 'log') });
}

async function addDatabase(cluster: Cluster, id: string, options: CreateOptions): Promise<void> {
  await using server = await cluster.startPrivate(id, { signal: options.signal });
  const client = await server.connect({
    applicationName: 'stillpoint create',
    signal: options.signal,
  });
  try {
    await cluster.resetRoles(client);
    const name = client.escapeIdentifier(options.database);
    if (options.database !== 'postgres') {
      await client.query(`CREATE DATABASE ${name} OWNER ${APPLICATION}`);
    }
  } finally {
    await client.end();
  }
  const directory = await cluster.incarnationDirectory(id);
  await rm(path.join(directory, 'private_hba.conf'), { force: true });
}
