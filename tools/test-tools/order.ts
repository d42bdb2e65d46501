// The order in which the files of tests are run: what takes long begins first, so that no single file is waited for at the end. How
// long each took is remembered from run to run; where nothing is, the tests of the whole are taken for long.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../tidy/source-files.ts';

export interface Times extends Disposable {
  /** undefined: it was never run to its end. */
  of(file: string): number | undefined;
  remember(file: string, durationMs: number): void;
}

/** Disposing writes them down. They help and no more: a file that cannot be read or written is none. */
export function openTimes(cacheFile: string): Times {
  const nameOf = (file: string): string => path.relative(ROOT, path.resolve(ROOT, file));
  const known = new Map<string, number>(Object.entries(readTimes(cacheFile)));
  return {
    of: (file) => known.get(nameOf(file)),
    remember: (file, durationMs) => void known.set(nameOf(file), Math.round(durationMs)),
    [Symbol.dispose]() {
      try {
        mkdirSync(path.dirname(cacheFile), { recursive: true });
        writeFileSync(cacheFile, JSON.stringify(Object.fromEntries(known), undefined, 1));
      } catch {
        // The next run begins without.
      }
    },
  };
}

function readTimes(cacheFile: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(cacheFile, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

export function longestFirst(files: readonly string[], times: Pick<Times, 'of'>): string[] {
  const expected = (file: string): number => times.of(file) ?? (isOfTheWhole(file) ? 20_000 : 2000);
  return files.toSorted((a, b) => expected(b) - expected(a));
}

function isOfTheWhole(file: string): boolean {
  return path.relative(ROOT, path.resolve(ROOT, file)).startsWith(`test${path.sep}`);
}
