// What `init` finds in a directory. Plain JSON without secrets: an address is shown without its password, and the only thing
// that is kept of it is the name of the variable that holds it.

export interface Discovery {
  /** Absolute, symbolic links followed. */
  readonly directory: string;
  /** Parents before children; '.' is the directory itself. */
  readonly repositories: readonly FoundRepository[];
  readonly databases: readonly FoundDatabase[];
  /** Directories that git ignores and that look like what users uploaded. */
  readonly uploads: readonly FoundUploads[];
  /** Directories of runs of simulations. */
  readonly runs: readonly FoundRuns[];
  readonly schemas: readonly FoundSchema[];
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[];
}

export interface FoundRepository {
  /** Relative to the directory, '/' between parts. */
  readonly path: string;
  readonly kind: 'repository' | 'submodule' | 'worktree';
  /** .env files that git ignores, relative to the repository: no snapshot holds them unless they are named. */
  readonly secrets: readonly string[];
}

export type FoundDatabase = FoundPostgres | FoundSqlite | FoundElsewhere;

/** A server whose address a variable holds. */
export interface FoundPostgres {
  readonly kind: 'postgres';
  /** For the configuration. */
  readonly name: string;
  readonly url: FoundVariable;
  /** The server itself, where `url` leads to a pooler. */
  readonly directUrl?: FoundVariable;
  /** 'localhost:5432/app' */
  readonly where: string;
  /** What names it: 'environment', '.env', 'prisma/schema.prisma'. */
  readonly foundIn: readonly string[];
  /** False for what looks like a database of tests: it is proposed, but not by default. */
  readonly likely: boolean;
}

export interface FoundVariable {
  readonly env: string;
  /** Relative to the directory; undefined: only in the environment. */
  readonly file?: string;
}

export interface FoundSqlite {
  readonly kind: 'sqlite';
  readonly name: string;
  /** Relative to the directory. */
  readonly file: string;
  readonly bytes: number;
  readonly journal: 'wal' | 'rollback';
  readonly foundIn: readonly string[];
  /** False for one that git tracks and nothing names: most likely a fixture, and captured with its repository anyway. */
  readonly likely: boolean;
}

/** Known to be there, but its address is not in a variable: a literal, parts of one, a compose file. */
export interface FoundElsewhere {
  readonly kind: 'postgres-unnamed';
  readonly name: string;
  /** 'localhost:5432/app'; '' when nothing says it. */
  readonly where: string;
  readonly foundIn: readonly string[];
  /** That is to hold its address. */
  readonly variable: string;
  /** What to put where, one sentence. */
  readonly advice: string;
}

export interface FoundUploads {
  readonly name: string;
  readonly path: string;
  /** Counted up to a limit: a hint, not a promise. */
  readonly files: number;
}

export interface FoundRuns {
  readonly name: string;
  readonly path: string;
  /** That have checkpoints. */
  readonly runs: number;
  /** False where git does not ignore them: they are captured with their repository, each checkpoint there is. */
  readonly likely: boolean;
}

/** A Prisma schema or a Drizzle configuration. */
export interface FoundSchema {
  readonly tool: 'prisma' | 'drizzle';
  readonly file: string;
  readonly provider: string;
  /** Where its migrations are, relative to the directory. */
  readonly migrations?: string;
}

/** What of a discovery goes into the configuration. */
export interface Choice {
  readonly repositories: readonly FoundRepository[];
  readonly databases: readonly FoundDatabase[];
  readonly uploads: readonly FoundUploads[];
  readonly runs: readonly FoundRuns[];
  /** Capture the .env files that git ignores. */
  readonly secrets: boolean;
}
