// What the rest of the engine sees of a configuration: parsed once, complete, with absolute paths. Nobody past config/
// looks at the user's file, the environment or a default.

export interface ResolvedConfig {
  /** Absolute; holds the config file and `.stillpoint/`. */
  readonly projectDirectory: string;
  /** Absolute; undefined when the configuration was given as an object. */
  readonly configFile?: string;
  readonly members: readonly ResolvedMember[];
  readonly sources: readonly ResolvedSource[];
  readonly participants: readonly ResolvedParticipant[];
  readonly freeze: {
    /** From the first suspend to the last resume. */
    readonly budgetMs: number;
    /** The key of the advisory lock that writers take shared. */
    readonly lockKey: bigint;
  };
  readonly vault: ResolvedVault;
  /** Other vaults that `vault copy` brings up to date; left out: none. */
  readonly copies?: readonly ResolvedVault[];
  /** What stays when snapshots are forgotten by rules; undefined: nothing is forgotten by itself. */
  readonly retention?: ResolvedRetention;
}

/** Plain JSON: a project that was restored elsewhere remembers the one that it shares. */
export interface ResolvedVault {
  readonly place: ResolvedPlace;
  /** undefined: nothing is said. A vault that is there decides by itself; a new one in a directory is not encrypted. */
  readonly encryption?: ResolvedEncryption;
  /** Undefined: as fast as it goes. */
  readonly bytesPerSecond?: number;
}

export type ResolvedPlace =
  | {
      readonly kind: 'directory';
      /** Absolute. */
      readonly directory: string;
    }
  | {
      readonly kind: 's3';
      /** In the one way of writing that equal places have. */
      readonly url: string;
    };

export type ResolvedEncryption = 'none' | { readonly passphrase: ResolvedPassphrase };

/** Where the passphrase comes from: only the composition reads it, and it is in no file of ours. */
export type ResolvedPassphrase =
  | {
      /** Absolute. */
      readonly file: string;
    }
  | {
      /** A program and its arguments, no shell. */
      readonly command: readonly string[];
      /** Where it is run; absolute. */
      readonly directory: string;
    }
  | {
      /** A variable of the process. */
      readonly env: string;
    };

/** How many of each to keep; each left out keeps nothing by itself. */
export interface ResolvedRetention {
  readonly last?: number | undefined;
  readonly hourly?: number | undefined;
  readonly daily?: number | undefined;
  readonly weekly?: number | undefined;
  readonly monthly?: number | undefined;
  readonly yearly?: number | undefined;
  /** All that are no older than the newest one by more than this. */
  readonly withinMs?: number | undefined;
}

export interface ResolvedMember {
  /** Relative to the project, '/' between parts, '.' for the project itself. Inside the project, always. */
  readonly path: string;
  /** Paths and globs of ignored files that are captured all the same, e.g. `.env`. */
  readonly include: readonly string[];
  /** A shell command line, run in the member after a restore that changed its dependency lockfiles. */
  readonly rebuild?: string;
}

export type ResolvedSource =
  | ManagedPostgresSource
  | PostgresByUrlSource
  | SqliteSource
  | FilesSource
  | RunSource;

/** `driver` is the kind of its driver, as manifests name it. */
export interface ManagedPostgresSource {
  readonly name: string;
  readonly driver: 'postgres';
  /** Loopback port of the managed cluster; undefined: chosen once and remembered. */
  readonly port?: number;
  /** Name of the application's database. */
  readonly database: string;
  /** Lines for postgresql.conf, e.g. { shared_buffers: '256MB' }. Those that Stillpoint needs cannot be set. */
  readonly settings: Readonly<Record<string, string>>;
  /** How much WAL the server keeps for the next snapshot; undefined: 4 GiB. */
  readonly walLimitBytes?: number;
}

/** Somebody else's server. */
export interface PostgresByUrlSource {
  readonly name: string;
  readonly driver: 'postgres-url';
  readonly url: ResolvedAddress;
  /** Past a pooler; undefined: `url` is direct. */
  readonly directUrl?: ResolvedAddress;
  /** Directory of pg_dump and pg_restore, absolute; undefined: looked for. */
  readonly programs?: string;
}

/** Only compose.ts reads what an `env` holds: a secret that is not in the configuration is in no file of ours either. */
export type ResolvedAddress =
  | { readonly url: string }
  | {
      readonly env: string;
      /** Relative to the project: where it is looked for when the environment does not have it. */
      readonly file: string;
    };

export interface SqliteSource {
  readonly name: string;
  readonly driver: 'sqlite';
  /** Relative to the project, '/' between parts, as written: symbolic links are not followed. */
  readonly file: string;
}

export interface FilesSource {
  readonly name: string;
  readonly driver: 'files';
  /** Relative to the project, '/' between parts, as written: symbolic links are not followed. */
  readonly path: string;
  /** Globs relative to `path`; what they match is neither captured nor touched by a restore. */
  readonly exclude: readonly string[];
}

export interface RunSource {
  readonly name: string;
  readonly driver: 'run';
  /** That holds the runs. Relative to the project, '/' between parts, as written. */
  readonly directory: string;
  /** An id, or 'latest': the one that was started or resumed last. */
  readonly run: string;
}

export type ResolvedParticipant =
  | {
      readonly kind: 'lock';
      readonly name: string;
      readonly source: string;
      readonly guards: readonly string[] | '*';
    }
  | {
      /** The job queue of @stillpoint/persistence. */
      readonly kind: 'queue';
      readonly name: string;
      /** A Postgres. */
      readonly source: string;
      readonly guards: readonly string[] | '*';
    }
  | {
      /** A run of a simulation, held between two ticks. */
      readonly kind: 'run';
      readonly name: string;
      /** A directory of runs. */
      readonly source: string;
      readonly guards: readonly string[] | '*';
    }
  | {
      readonly kind: 'command';
      readonly name: string;
      /** A shell command line. Run in the project directory. Exit status 0: everything holds still. */
      readonly suspend: string;
      /** Must be idempotent: it may run twice. */
      readonly resume: string;
      readonly guards: readonly string[] | '*';
    }
  | {
      readonly kind: 'http';
      readonly name: string;
      /** Receives POST {"snapshot","ttlMs"}; answers 2xx when everything holds still. */
      readonly suspend: string;
      /** Receives POST {"snapshot"}; answers 2xx, with {"held": false} if the suspension had ended before. */
      readonly resume: string;
      readonly guards: readonly string[] | '*';
    };

/** The advisory lock's key unless the configuration names another. */
export { DEFAULT_FREEZE_LOCK_KEY as DEFAULT_LOCK_KEY } from '@stillpoint/postgres';
