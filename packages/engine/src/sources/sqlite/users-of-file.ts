// Which other processes have a file open, as far as this machine tells: Linux, and processes that we may look at. In the keeper.
import { readFileSync, readdirSync, statSync } from 'node:fs';

/** 'pid 123 (python3)' for each; the keeper itself and who started it are none. */
export function usersOf(file: string): readonly string[] {
  const wanted = statSync(file, { throwIfNoEntry: false });
  if (wanted === undefined || process.platform !== 'linux') return [];
  const isIt = (descriptor: string): boolean => {
    const stat = quietly(() => statSync(descriptor));
    return stat?.ino === wanted.ino && stat.dev === wanted.dev;
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      const directory = `/proc/${pid}/fd`;
      const descriptors = quietly(() => readdirSync(directory)) ?? [];
      return descriptors.some((name) => isIt(`${directory}/${name}`));
    })
    .map(
      (pid) => `pid ${pid} (${quietly(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim())})`,
    );
}

/** Processes end while one looks at them, and some are not ours to look at. */
function quietly<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
