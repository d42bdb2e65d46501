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
  /** Absolute directory of the vault (later also s3:// URLs). */
  readonly vault: string;
}

export interface ResolvedMember {
  /** Relative to the project, '/' between parts, '.' for the project itself. Inside the project, always. */
  readonly path: string;
  /** Paths and globs of ignored files that are captured all the same, e.g. `.env`. */
  readonly include: readonly string[];
}

export interface ResolvedSource {
  readonly name: string;
  readonly driver: 'postgres';
  /** Loopback port of the managed cluster; undefined: chosen once and remembered. */
  readonly port?: number;
  /** Name of the application's database. */
  readonly database: string;
  /** Lines for postgresql.conf, e.g. { shared_buffers: '256MB' }. Those that Stillpoint needs cannot be set. */
  readonly settings: Readonly<Record<string, string>>;
}

export type ResolvedParticipant =
  | {
      readonly kind: 'lock';
      readonly name: string;
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

/** The advisory lock's key unless the configuration names another: "STILL" in ASCII, read as a number. */
export const DEFAULT_LOCK_KEY = 0x5354494c4cn; // 357896375372
