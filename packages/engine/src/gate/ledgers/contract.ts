// A ledger: the table in which a migration tool writes down what it has applied, and the directory that its migrations lie
// in. One file a tool. What is compared are keys, because tools name a migration by its name, its file or its content.
import type { FileTree } from '../../federation/index.ts';
import type { DatabaseView, TableName } from '../../sources/contract.ts';

export interface Ledger {
  /** Goes into stamps: API. */
  readonly kind: string;
  /** For people. */
  readonly title: string;
  /** The directory is known by its form; otherwise only by holding a migration that was applied. */
  readonly knownByForm: boolean;
  /** Where its tables are, of those that the database has; `all` lacks Stillpoint's own. */
  tables(all: readonly TableName[], engine: DatabaseView['engine']): readonly TableName[];
  /** undefined: the table is not one of this tool's. */
  read(view: DatabaseView, table: TableName): Promise<readonly LedgerEntry[] | undefined>;
  /** The directories of a member. `entries` for tools whose directory has no form of its own. */
  directories(
    tree: FileTree,
    entries: readonly LedgerEntry[],
  ): Promise<readonly MigrationDirectory[]>;
}

export interface LedgerEntry {
  /** As the ledger names it. */
  readonly name: string;
  /** Any of these in common with a migration: it is that one. */
  readonly keys: readonly string[];
  readonly state: 'applied' | 'failed' | 'rolled back';
}

export interface MigrationDirectory {
  /** Relative to the member. */
  readonly path: string;
  readonly migrations: readonly Migration[];
}

export interface Migration {
  readonly name: string;
  readonly keys: readonly string[];
}

/** `a/b/c` has the parent `a/b`; `c` has `.`. */
export function splitPath(file: string): readonly [parent: string, name: string] {
  const at = file.lastIndexOf('/');
  return at === -1 ? ['.', file] : [file.slice(0, at), file.slice(at + 1)];
}

/** A file's name without its ending: what was applied as TypeScript may lie there as JavaScript. */
export function withoutEnding(name: string): string {
  return name.replace(/\.[a-z0-9]+$/i, '');
}

/** Migrations by the directory that they lie in, in ascending order of both. */
export function byDirectory(
  found: Iterable<readonly [directory: string, migration: Migration]>,
): readonly MigrationDirectory[] {
  const directories = Map.groupBy(found, ([directory]) => directory);
  return [...directories]
    .map(([path, pairs]) => ({
      path,
      migrations: pairs.map(([, migration]) => migration).toSorted(by(({ name }) => name)),
    }))
    .toSorted(by(({ path }) => path));
}

function by<T>(key: (item: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}
