// Makes the directories of a cluster with the owners and modes that keep others out, and takes ownership of
// what the system user must own. A directory that someone else made in our place is refused, never used:
// /tmp and /run are shared, and whoever owns the socket directory can pretend to be the server.
import assert from 'node:assert/strict';
import { chmod, chown, lchown, lstat, mkdir, opendir } from 'node:fs/promises';
import path from 'node:path';
import { failure } from '@stillpoint/core';
import type { Place } from './place.ts';
import type { Owner } from './system-user.ts';

/** Bytes of sun_path, without the final zero; Linux holds 107, macOS 103. */
const LONGEST_SOCKET_PATH = 103;

export async function makeClusterDirectories(
  place: Place,
  owner: Owner | undefined,
): Promise<void> {
  // The system user passes through the outer directories to the data but cannot list or write them.
  const passable = owner === undefined ? 0o700 : 0o710;
  if (place.systemDirectory !== undefined) {
    await mkdir(place.systemDirectory, { recursive: true });
    await chmod(place.systemDirectory, 0o711);
  }
  await mkdir(place.binariesDirectory, { recursive: true });
  if (owner !== undefined) await chmod(place.binariesDirectory, 0o755);
  await mkdir(place.root, { recursive: true });
  for (const directory of [place.root, place.incarnations]) {
    await makeOwn(directory, passable, owner && { uid: 0, gid: owner.gid });
  }
  for (const directory of [place.log, place.trash]) await makeOwn(directory, 0o700, undefined);
}

/** The socket directory: private to the user who runs Postgres (root may enter it all the same). */
export async function makeRuntimeDirectory(
  place: Place,
  owner: Owner | undefined,
  below?: string,
): Promise<string> {
  await makeShared(place.runtimeParent, owner === undefined ? 0o700 : 0o711);
  await makePrivate(place.runtimeDirectory, owner);
  const directory =
    below === undefined ? place.runtimeDirectory : path.join(place.runtimeDirectory, below);
  if (below !== undefined) await makePrivate(directory, owner);
  const longest = Buffer.byteLength(path.join(directory, '.s.PGSQL.65535'));
  if (longest > LONGEST_SOCKET_PATH) refuse(directory, 'its name is too long for a socket');
  return directory;
}

/** Makes a directory that nobody but its owner can enter; owned by the one who runs Postgres. */
export async function makeOwn(
  directory: string,
  mode: number,
  owner: Owner | undefined,
): Promise<void> {
  await mkdir(directory, { mode: 0o700 }).catch(ignoreExisting);
  if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
  await chmod(directory, mode);
}

/** chown of a whole tree, the directory itself included, never through a symlink. */
export async function chownTree(directory: string, owner: Owner): Promise<void> {
  assert((await lstat(directory)).isDirectory(), `${directory} must be a directory`);
  for await (const entry of await opendir(directory)) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) await chownTree(file, owner);
    else await lchown(file, owner.uid, owner.gid);
  }
  await lchown(directory, owner.uid, owner.gid);
}

async function makeShared(directory: string, mode: number): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode });
  await check(directory, process.getuid?.() ?? 0);
  if (made !== undefined) await chmod(directory, mode);
}

async function makePrivate(directory: string, owner: Owner | undefined): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
    if (owner !== undefined) await chown(directory, owner.uid, owner.gid);
  } catch (error) {
    ignoreExisting(error);
    const found = await lstat(directory);
    // We may have died between mkdir and chown; root's own private directory is safe to hand on.
    if (owner !== undefined && found.uid === 0 && found.isDirectory()) {
      await chown(directory, owner.uid, owner.gid);
    }
  }
  await check(directory, owner?.uid ?? process.getuid?.() ?? 0);
  await chmod(directory, 0o700);
}

async function check(directory: string, uid: number): Promise<void> {
  const found = await lstat(directory);
  if (found.isSymbolicLink()) refuse(directory, 'it is a symlink');
  if (!found.isDirectory()) refuse(directory, 'it is not a directory');
  if (found.uid !== uid) refuse(directory, `it belongs to uid ${found.uid}, not ${uid}`);
  if ((found.mode & 0o022) !== 0) refuse(directory, 'others may write to it');
}

function refuse(directory: string, reason: string): never {
  throw failure('POSTGRES_RUNTIME_UNSAFE', { directory, reason });
}

function ignoreExisting(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
}
