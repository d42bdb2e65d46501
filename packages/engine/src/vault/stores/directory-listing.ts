// The keys below a prefix in the directory store, in ascending order. Foreign names are passed over. The directory is
// fsynced between reading and yielding: a name that another process has just made is not yet durable, and a writer that
// builds on it must not outlive it.
import { statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fsyncDirectory } from '@stillpoint/core';
import type { StoreKey } from '../contract.ts';
import { storeError } from './errno.ts';
import { isKeyPart, TEMPORARY_PART } from './store-key.ts';

/** A look takes some microseconds here, for the directory was just read, and by way of another thread many times that. */
const LOOKS_AT_ONCE = 128;

export interface ListedObject {
  readonly key: StoreKey;
  readonly bytes: number;
}

export async function* listDirectory(
  root: string,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<ListedObject> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  signal?.throwIfAborted();
  try {
    for await (const group of walk(root, folder, prefix)) {
      yield* group;
      signal?.throwIfAborted();
    }
  } catch (error) {
    throw storeError(error, { vault: root, operation: 'list', key: prefix });
  }
}

/** In groups: to hand over each by itself takes longer than to look at it. */
async function* walk(
  root: string,
  folder: string,
  prefix: string,
): AsyncGenerator<readonly ListedObject[]> {
  let group: ListedObject[] = [];
  for (const name of await readNames(root, folder)) {
    const key = folder + name;
    if (name.endsWith('/')) {
      if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
      yield group;
      group = [];
      yield* walk(root, key, prefix);
    } else if (key.startsWith(prefix)) {
      const bytes = sizeOf(root, key);
      if (bytes !== undefined) group.push({ key, bytes });
    }
    if (group.length < LOOKS_AT_ONCE) continue;
    yield group;
    group = [];
    // Signals and timers get their turn.
    await setImmediate();
  }
  yield group;
}

/** undefined: it is gone. */
function sizeOf(root: string, key: string): number | undefined {
  try {
    return statSync(path.join(root, key)).size;
  } catch (error) {
    return ignoreAbsent(error as NodeJS.ErrnoException);
  }
}

/** Directories end in '/': so they stand where their keys belong in the order. */
async function readNames(root: string, folder: string): Promise<readonly string[]> {
  const directory = path.join(root, folder);
  const entries = (await readdir(directory, { withFileTypes: true }).catch(ignoreAbsent)) ?? [];
  const names: string[] = [];
  for (const entry of entries) {
    if (!isKeyPart(entry.name) || (folder === '' && entry.name === TEMPORARY_PART)) continue;
    const kind = entry.isSymbolicLink()
      ? await stat(path.join(directory, entry.name)).catch(ignoreAbsent)
      : entry;
    if (kind?.isDirectory()) names.push(`${entry.name}/`);
    else if (kind?.isFile()) names.push(entry.name);
  }
  if (names.length > 0) await fsyncDirectory(directory).catch(ignoreUnsupported);
  return names.toSorted((a, b) => (a < b ? -1 : 1));
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}

/** Read-only and some network file systems refuse to fsync a directory; there is nothing to be made durable then. */
function ignoreUnsupported(error: NodeJS.ErrnoException): undefined {
  if (!['EINVAL', 'EROFS', 'ENOTSUP', 'EPERM', 'EACCES'].includes(error.code ?? '')) throw error;
}
