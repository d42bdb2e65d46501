// Which names below the directory are none of our business: what the configuration excludes, what other parts of the project
// own, and what this driver makes itself. They are neither captured nor touched by a restore, with everything below them.
import { isUtf8 } from 'node:buffer';
import { bytesOfName, parentOf, type ByteName } from '../../file-tree/index.ts';
import { compileGlob } from './glob.ts';

export interface Exclusions {
  excludes(name: ByteName): boolean;
}

/** Names of what a restore makes where it cannot work beside the directory. */
export const ownPrefix = '.stillpoint-';

export function createExclusions(
  patterns: readonly string[],
  others: readonly ByteName[],
): Exclusions {
  const globs = patterns.map(compileGlob);
  const foreign = new Set(others);
  const directories = new Map<ByteName, boolean>();

  function isNamed(name: ByteName): boolean {
    if (name.startsWith(ownPrefix, name.lastIndexOf('/') + 1) || foreign.has(name)) return true;
    if (globs.length === 0) return false;
    const text = textOf(name);
    return globs.some((glob) => glob.test(text));
  }

  function isDirectoryExcluded(name: ByteName): boolean {
    const known = directories.get(name);
    if (known !== undefined) return known;
    const found = excludes(name);
    directories.set(name, found);
    return found;
  }

  function excludes(name: ByteName): boolean {
    const above = parentOf(name);
    return (above !== undefined && isDirectoryExcluded(above)) || isNamed(name);
  }

  return { excludes };
}

function textOf(name: ByteName): string {
  const bytes = bytesOfName(name);
  return isUtf8(bytes) ? bytes.toString('utf8') : name;
}
