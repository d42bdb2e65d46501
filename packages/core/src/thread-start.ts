// What every thread of ours is started with.
import { getCompileCacheDir } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What Node keeps of our sources, so that the thread need not read them anew; nothing else of ours. */
export function threadEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: path.dirname(cache) };
}

/** The program beside whoever starts it, under the same extension: .ts in the repository, .js when published. */
export function programBeside(moduleUrl: string, name: string): string {
  const here = fileURLToPath(moduleUrl);
  return path.join(path.dirname(here), `${name}${path.extname(here)}`);
}
