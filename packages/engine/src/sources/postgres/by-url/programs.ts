// pg_dump and pg_restore: where they are, and which of several fits the server. The least that is not older than the server is
// the best: a newer pg_restore may say things that an older server does not know.
import { failure } from '@stillpoint/core';
import { execFile } from 'node:child_process';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

export interface Programs {
  readonly directory: string;
  readonly major: number;
  /** '15.18' */
  readonly version: string;
}

export interface ProgramPlace {
  /** Only here, when given. */
  readonly programs?: string;
  readonly searchPath: string;
}

const run = promisify(execFile);

/** Where packages put one directory a version: Debian, Red Hat, Homebrew on both kinds of Mac, EDB's installer. */
const VERSIONED = [
  ['/usr/lib/postgresql', 'bin'],
  ['/usr', 'bin', /^pgsql-\d+$/],
  ['/opt/homebrew/opt', 'bin', /^(postgresql|libpq)(@\d+)?$/],
  ['/usr/local/opt', 'bin', /^(postgresql|libpq)(@\d+)?$/],
  ['/Library/PostgreSQL', 'bin'],
] as const satisfies readonly (readonly [string, string, RegExp?])[];

/** At least of the server's major version. PG_DUMP_MISSING, PG_DUMP_TOO_OLD. */
export async function findPrograms(place: ProgramPlace, serverMajor: number): Promise<Programs> {
  const found: Programs[] = [];
  for (const directory of await directoriesOf(place)) {
    const programs = await programsIn(directory);
    if (programs !== undefined) found.push(programs);
  }
  const fitting = found.filter(({ major }) => major >= serverMajor);
  // Of equal ones the first: the user's own path comes before ours.
  const [best] = fitting.toSorted((a, b) => a.major - b.major);
  if (best !== undefined) return best;
  const newest = found.toSorted((a, b) => b.major - a.major)[0];
  const needed = serverMajor;
  if (newest === undefined) {
    const where = place.programs ?? 'the search path';
    throw failure('PG_DUMP_MISSING', { where, needed });
  }
  const { version: found_, directory } = newest;
  throw failure('PG_DUMP_TOO_OLD', { found: found_, directory, needed });
}

async function directoriesOf({ programs, searchPath }: ProgramPlace): Promise<readonly string[]> {
  if (programs !== undefined) return [programs];
  const directories = searchPath.split(path.delimiter).filter((one) => path.isAbsolute(one));
  for (const [parent, child, pattern] of VERSIONED) {
    const names: string[] = await readdir(parent).catch(() => []);
    for (const name of names.toSorted()) {
      if (pattern === undefined || pattern.test(name)) {
        directories.push(path.join(parent, name, child));
      }
    }
  }
  return [...new Set(directories)];
}

async function programsIn(directory: string): Promise<Programs | undefined> {
  try {
    await access(path.join(directory, 'pg_restore'));
    await access(path.join(directory, 'pg_dump'));
    const dump = await run(path.join(directory, 'pg_dump'), ['--version'], {
      env: { PATH: directory, LC_ALL: 'C' },
      timeout: 10_000,
    });
    const version = /\(PostgreSQL\) ((\d+)[.\w]*)/.exec(dump.stdout);
    if (version === null) return undefined;
    return { directory, major: Number(version[2]), version: version[1]! };
  } catch {
    return undefined;
  }
}
