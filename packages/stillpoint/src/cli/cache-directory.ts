// Where this user's cache is: $XDG_CACHE_HOME/stillpoint or ~/.cache/stillpoint.
import { statSync } from 'node:fs';
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
    const home = named !== undefined && path.isAbsolute(named) ? named : homedir();
    if (statSync(home).uid !== process.getuid?.()) return undefined;
    return path.join(home === named ? home : path.join(home, '.cache'), 'stillpoint', name);
  } catch {
    return undefined;
  }
}
