// Places on this machine that a lens is read from.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileSource } from '../../zip/index.ts';
import type { LensPlace } from './contract.ts';

/** `lens/{runId}`, or the directory of one file. */
export function directoryPlace(directory: string): LensPlace {
  return {
    name: directory,
    list: () => readdir(directory),
    open: (name) => fileSource(path.join(directory, name)),
  };
}

/** One `.lens` file by itself. */
export function filePlace(file: string): LensPlace {
  const name = path.basename(file);
  return { name: file, list: async () => [name], open: () => fileSource(file) };
}
