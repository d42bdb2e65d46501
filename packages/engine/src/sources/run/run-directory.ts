// What lies in a directory of runs, as docs/format/control.md and checkpoint.md say it: which run is the latest, which of its checkpoints,
// and whether a process writes it at this moment.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, readdir, readFile, readlink, rename, symlink, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { fsyncDirectory } from '@stillpoint/core';

export const LATEST = 'latest';
export const MANIFEST = 'manifest.json';
const CONTROL_FILE = 'control.json';
const lockPrefix = '.lock-';
const hidden = '.tmp';
const addressBytesMax = 100;

export function isRunId(name: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,99}$/.test(name) && name !== LATEST && !name.endsWith(hidden);
}

export function isCheckpointName(name: string): boolean {
  return /^checkpoint_\d{10,16}\.ckpt$/.test(name);
}

/** What makes up a run, and what its processes leave. All else is somebody's who put it there. */
export function isOfRun(name: string): boolean {
  return (
    isCheckpointName(name) ||
    [LATEST, MANIFEST, CONTROL_FILE, '.control', '.placement'].includes(name) ||
    name.startsWith(lockPrefix) ||
    name.endsWith(hidden)
  );
}

export function tickOf(checkpoint: string): number {
  return Number(checkpoint.slice('checkpoint_'.length, -'.ckpt'.length));
}

/** Names, none where the directory is not there. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Undefined: there is no link. */
export async function linkIn(directory: string): Promise<string | undefined> {
  try {
    return path.basename(await readlink(path.join(directory, LATEST)));
  } catch (error) {
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'EINVAL') return undefined;
    throw error;
  }
}

/** Null: no link any more. */
export async function linkTo(directory: string, name: string | null): Promise<void> {
  const link = path.join(directory, LATEST);
  if (name === null) await unlink(link).catch(ignoreMissing);
  else {
    const temporary = `${link}.${randomBytes(4).toString('hex')}${hidden}`;
    await symlink(name, temporary);
    await rename(temporary, link);
  }
  await fsyncDirectory(directory);
}

/** In the order of their ticks. */
export async function checkpointsIn(runDirectory: string): Promise<readonly string[]> {
  const names = (await namesIn(runDirectory)).filter(isCheckpointName);
  return names.toSorted((a, b) => tickOf(a) - tickOf(b));
}

/** The one that was written last. */
export async function newestIn(runDirectory: string): Promise<string | undefined> {
  const names = await checkpointsIn(runDirectory);
  const linked = await linkIn(runDirectory);
  return linked !== undefined && names.includes(linked) ? linked : names.at(-1);
}

/** Of the run that is controlled there; absolute. Whether somebody listens is another question. */
export async function controlSocketOf(runDirectory: string): Promise<string | undefined> {
  try {
    const text = await readFile(path.join(runDirectory, CONTROL_FILE), 'utf8');
    const { format, socket } = JSON.parse(text) as { format?: unknown; socket?: unknown };
    return format === 1 && typeof socket === 'string'
      ? path.resolve(runDirectory, socket)
      : undefined;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether a process writes the run: it listens on its lock. */
export async function isRunning(runDirectory: string): Promise<boolean> {
  for (const name of await namesIn(runDirectory)) {
    if (!name.startsWith(lockPrefix) || name.endsWith(hidden)) continue;
    if (await isListening(runDirectory, name)) return true;
  }
  return false;
}

/** Where it is not certain that nobody does, somebody does. */
async function isListening(directory: string, name: string): Promise<boolean> {
  const address = path.join(directory, name);
  if (Buffer.byteLength(address) <= addressBytesMax) return await connects(address);
  // The address of a socket is short, its directory's path need not be.
  const handle = await open(directory, 'r');
  try {
    return await connects(`/proc/self/fd/${handle.fd}/${name}`);
  } finally {
    await handle.close();
  }
}

async function connects(address: string): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    return !['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    socket.destroy();
  }
}

export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
