// Where this user's cache is: $XDG_CACHE_HOME/stillpoint or ~/.cache/stillpoint. What the variable names is made where it is missing, as
// the XDG specification wants it.
import { mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/**
 * undefined where the home is not the user's own: under sudo it is often somebody else's, who would find files there that
 * they cannot remove, and could change what root runs.
 */
export function cacheDirectory(
  environment: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const named = environment['XDG_CACHE_HOME'];
  try {
    if (named !== undefined && path.isAbsolute(named)) {
      if (!isOwn(nearestExisting(named), true)) return undefined;
      mkdirSync(named, { recursive: true, mode: 0o700 });
      return isOwn(named) ? path.join(named, 'stillpoint', name) : undefined;
    }
    const home = homedir();
    return isOwn(home) ? path.join(home, '.cache', 'stillpoint', name) : undefined;
  } catch {
    return undefined;
  }
}

/** `orRoot`: what lies in it may be: everybody's home lies in a directory of root's. */
function isOwn(directory: string, orRoot = false): boolean {
  const { uid } = statSync(directory);
  return uid === process.getuid?.() || (orRoot && uid === 0);
}

function nearestExisting(directory: string): string {
  const found = statSync(directory, { throwIfNoEntry: false });
  return found === undefined ? nearestExisting(path.dirname(directory)) : directory;
}
