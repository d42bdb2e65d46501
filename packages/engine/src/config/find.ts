// Where the project is: the nearest directory, from here upwards, that holds a configuration.
import { failure } from '@stillpoint/core';
import { stat } from 'node:fs/promises';
import path from 'node:path';

/** In this order; the first one that is there counts. */
export const CONFIG_NAMES = [
  'stillpoint.config.ts',
  'stillpoint.config.mts',
  'stillpoint.config.js',
  'stillpoint.config.mjs',
  'stillpoint.config.json',
] as const;

/** Rejects with CONFIG_MISSING. `walk: false` looks into `directory` alone. */
export async function findConfig(
  directory: string,
  options: { readonly walk?: boolean } = {},
): Promise<string> {
  const start = path.resolve(directory);
  for (let current = start; ; current = path.dirname(current)) {
    for (const name of CONFIG_NAMES) {
      const file = path.join(current, name);
      if (await isFile(file)) return file;
    }
    if (options.walk === false || path.dirname(current) === current) break;
  }
  throw failure('CONFIG_MISSING', { directory: start });
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return false;
    throw error;
  }
}
