// Paths of assets: below the directory of the world's file, written alike on every system.
import path from 'node:path';
import { invalid, textIn, type Definition } from './reading.ts';

/** `./maps/../maps/earth.bin` is `maps/earth.bin`. */
export function posixPathIn(at: Definition, where: string, value: unknown): string {
  const given = textIn(at, where, value);
  if (given === '' || given.includes('\\') || given.includes('\0'))
    throw invalid(at, where, 'has to be a path relative to the file of the world, with / in it');
  const normal = path.posix.normalize(given);
  if (path.posix.isAbsolute(given) || /^[a-z]:/i.test(given) || /^\.\.(\/|$)/.test(normal))
    throw invalid(at, where, `leaves the directory of the world: ${given}`);
  return normal;
}
