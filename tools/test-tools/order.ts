// The order in which the files of tests are run: what takes long begins first, so that no single file is waited for at the end. How
// long each took is remembered from run to run; where nothing is, as in a fresh clone, by what was known when this was written.
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

/** Seconds, of those that are long. */
const knownSeconds: Readonly<Record<string, number>> = {
  'examples/tour.test.ts': 50,
  'packages/engine/src/federation/work-trees.test.ts': 25,
  'packages/engine/src/sources/postgres/capture.test.ts': 40,
  'packages/engine/src/sources/postgres/driver.test.ts': 30,
  'packages/engine/src/sources/postgres/forgotten.test.ts': 40,
  'packages/engine/src/sources/postgres/history.test.ts': 30,
  'packages/persistence/src/chambers/chambers.test.ts': 30,
  'packages/persistence/src/migrate/crash.test.ts': 50,
  'packages/persistence/src/migrate/migrate.test.ts': 40,
  'packages/persistence/src/traces/traces.test.ts': 50,
  'packages/persistence/src/verbatim/verbatim.test.ts': 30,
  'packages/sim/src/session/lens.test.ts': 40,
  'packages/sim/src/session/resume.test.ts': 50,
  'packages/stillpoint/src/cli/command.test.ts': 40,
  'packages/stillpoint/src/cli/demo/demo.test.ts': 30,
  'packages/stillpoint/src/cli/doctor.test.ts': 30,
  'packages/stillpoint/src/cli/new.test.ts': 40,
  'packages/stillpoint/src/cli/vault.test.ts': 30,
  'test/crash.test.ts': 45,
  'test/daemon-guide.test.ts': 60,
  'test/diff.test.ts': 40,
  'test/gate.test.ts': 60,
  'test/history.test.ts': 40,
  'test/migrate.test.ts': 30,
  'test/mixed-seal.test.ts': 45,
  'test/partial-restore.test.ts': 40,
  'tools/build/build.test.ts': 40,
};

export function longestFirst(files: readonly string[], times: Pick<Times, 'of'>): string[] {
  const expected = (file: string): number => times.of(file) ?? knownMs(file);
  return files.toSorted((a, b) => expected(b) - expected(a));
}

function knownMs(file: string): number {
  const name = path.relative(ROOT, path.resolve(ROOT, file)).replaceAll(path.sep, '/');
  const seconds = knownSeconds[name] ?? (name.startsWith('test/') ? 20 : 2);
  return seconds * 1000;
}
