// SQLite databases: files that begin like one, and files that an address names.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { readDatabaseAddress } from './addresses.ts';
import type { FoundSqlite } from './contract.ts';
import type { Names } from './naming.ts';
import type { Reference } from './references.ts';
import type { Repositories } from './repositories.ts';
import { readSqliteHeader } from './sqlite-header.ts';
import type { AddressVariable } from './variables.ts';

export interface SqliteInputs {
  readonly directory: string;
  readonly files: readonly string[];
  readonly variables: readonly AddressVariable[];
  readonly references: readonly Reference[];
  readonly names: Names;
}

/** Somebody names a file: where it could be, most likely first. */
interface Naming {
  readonly by: string;
  readonly written: string;
  readonly bases: readonly string[];
}

export interface SqliteFound {
  /** Whether git has them is asked afterwards, in one go. */
  readonly files: readonly SqliteFile[];
  readonly notes: readonly string[];
}

export type SqliteFile = Omit<FoundSqlite, 'name' | 'kind' | 'likely'>;

export async function findSqlite(inputs: Omit<SqliteInputs, 'names'>): Promise<SqliteFound> {
  const found = new Map<string, SqliteFile>();
  const notes: string[] = [];
  const add = async (file: string, by?: string): Promise<boolean> => {
    const header = await readSqliteHeader(path.join(inputs.directory, file));
    if (header === undefined) return false;
    const foundIn = [...(found.get(file)?.foundIn ?? []), ...(by === undefined ? [] : [by])];
    found.set(file, { file, ...header, foundIn: [...new Set(foundIn)] });
    return true;
  };
  for (const file of inputs.files) await add(file);
  for (const naming of listNamings(inputs)) {
    const note = await follow(naming, inputs.directory, (file) => add(file, naming.by));
    if (note !== undefined) notes.push(note);
  }
  return { files: [...found.values()], notes };
}

/** Tells what keeps the named file from being a source. */
async function follow(
  { by, written, bases }: Naming,
  directory: string,
  add: (file: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const base of bases) {
    const real = await realpath(path.resolve(directory, base, written)).catch(() => undefined);
    if (real === undefined) continue;
    const relative = path.relative(directory, real);
    if (relative.startsWith('..') || path.isAbsolute(relative)) {
      return `The SQLite database that ${by} names lies outside the project, in ${real}: to capture it, put the configuration into a directory above both.`;
    }
    const parts = relative.split(path.sep);
    if (parts.includes('.git') || parts.includes('.stillpoint')) continue;
    if (await add(parts.join('/'))) return undefined;
  }
  return `The SQLite database that ${by} names, ${written}, is not there yet: add it to \`sources\` when it is.`;
}

function listNamings({ variables, references }: Omit<SqliteInputs, 'names'>): readonly Naming[] {
  const namings: Naming[] = [];
  for (const { env, file, scope, value, address } of variables) {
    const readers = references.filter(({ url }) => 'env' in url && url.env === env);
    const written = address.kind === 'sqlite' ? address.path : plainPath(value, readers);
    if (written === undefined) continue;
    const bases = [...new Set([...readers.map(({ base }) => base), scope, '.'])];
    namings.push({ by: `${env} in ${file ?? 'the environment'}`, written, bases });
  }
  for (const reference of references) {
    if (!('literal' in reference.url)) continue;
    const address = readDatabaseAddress(reference.url.literal);
    const written =
      address.kind === 'sqlite' ? address.path : plainPath(reference.url.literal, [reference]);
    if (written !== undefined)
      namings.push({ by: reference.file, written, bases: [reference.base, '.'] });
  }
  return namings;
}

/** A tool that knows it is SQLite takes a bare path, too. */
function plainPath(value: string, readers: readonly Reference[]): string | undefined {
  const isSqlite = readers.some(({ provider }) => /^(sqlite|turso|better-sqlite)/i.test(provider));
  return isSqlite && !/^[a-z][a-z+]*:/i.test(value) && !value.includes('\0') ? value : undefined;
}

export function describeSqlite(
  files: readonly SqliteFile[],
  stateOf: Repositories['stateOf'],
  names: Names,
): readonly FoundSqlite[] {
  return files.map((one) => {
    const base = path.posix.basename(one.file).replace(/\.[^.]*$/, '');
    const above = path.posix.basename(path.posix.dirname(one.file));
    const named = one.foundIn.length > 0;
    const forTests = /(^|[^a-z])(test|tests|fixture|fixtures|spec)([^a-z]|$)/i.test(one.file);
    const likely = named || (stateOf(one.file) !== 'tracked' && !forTests);
    return { kind: 'sqlite', name: names.take(base, `${above}-${base}`, 'sqlite'), ...one, likely };
  });
}
