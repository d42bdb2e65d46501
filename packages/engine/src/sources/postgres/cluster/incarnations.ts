// The directories of incarnations. One is dropped by renaming it out of sight first: a name below incarnations/
// is either whole or gone. What a dead process left in the trash goes with the next drop.
import { access, opendir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fsyncDirectory, newUuid } from '@stillpoint/core';
import { makeOwn } from './directories.ts';
import type { Place } from './place.ts';
import { findPostmaster, stopPostmaster } from './postmaster.ts';
import { assertIncarnation, isIncarnation, writeCurrent } from './state-files.ts';
import type { Owner } from './system-user.ts';

export interface Incarnations {
  path(id: string): string;
  make(id: string): Promise<string>;
  list(): Promise<readonly string[]>;
  makeCurrent(id: string): Promise<void>;
  drop(id: string): Promise<void>;
  /** Stops a postmaster that a killed process left running on it. */
  stopLeftover(id: string): Promise<void>;
}

export function createIncarnations(
  place: Place,
  ownerOf: () => Promise<Owner | undefined>,
): Incarnations {
  const pathOf = (id: string): string => {
    assertIncarnation(id);
    return path.join(place.incarnations, id);
  };
  const stopLeftover = async (id: string): Promise<void> => {
    const dataDirectory = path.join(pathOf(id), 'data');
    const left = findPostmaster(dataDirectory);
    if (left !== undefined) await stopPostmaster(left.pid, dataDirectory);
  };
  return {
    path: pathOf,
    stopLeftover,
    async make(id) {
      const directory = pathOf(id);
      await makeOwn(directory, 0o700, await ownerOf());
      return directory;
    },
    async list() {
      const names = await readdir(place.incarnations).catch(emptyIfAbsent);
      return names.filter(isIncarnation).toSorted();
    },
    async makeCurrent(id) {
      await fsyncDirectory(pathOf(id));
      await fsyncDirectory(place.incarnations);
      await writeCurrent(place.root, id);
    },
    async drop(id) {
      const directory = pathOf(id);
      if (await exists(directory)) {
        await stopLeftover(id);
        await rename(directory, path.join(place.trash, newUuid()));
        await fsyncDirectory(place.incarnations);
      }
      await emptyTrash(place.trash);
    },
  };
}

/** Retried: an initdb whose caller was killed may still be writing into what it began. */
async function emptyTrash(trash: string): Promise<void> {
  for await (const entry of await opendir(trash)) {
    await rm(path.join(trash, entry.name), { recursive: true, force: true, maxRetries: 10 });
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function emptyIfAbsent(error: unknown): string[] {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
  throw error;
}
