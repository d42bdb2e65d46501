// The managed cluster as the driver sees it: directories, processes, connections. It knows nothing of bases, WAL or snapshots.
//
// On disk, everything below `root`, private to the system user that runs Postgres:
//   cluster.json                     port, system user, major version: written once
//   secrets.json                     passwords of our roles, mode 0600, owned by the user who runs stillpoint
//   current.json                     { "incarnation": "<uuid>" }: which life of the data is the live one; replaced atomically
//   incarnations/<uuid>/data/        PGDATA
//   incarnations/<uuid>/*.json       the driver's own notes on that incarnation
//   log/                             server and supervisor logs
//   trash/                           dropped incarnations on their way out
//   creating.json                    the first incarnation while it is made; what is named there and not current is half-made
//   orders.json, supervisor.json, closing, *.lock   between commands and the supervisor (supervision-files.ts)
// and postgres-user.json in the project's state directory: which user made all this (claim.ts).
// Switching is replacing current.json while nothing runs: no directory is ever renamed under a postmaster.
import type { Client } from 'pg';

export interface ClusterStatus {
  readonly state: 'absent' | 'stopped' | 'starting' | 'running';
  /** True while a supervisor watches the postmaster and starts it again when it dies. */
  readonly supervised: boolean;
  readonly pid?: number;
  readonly port?: number;
  readonly socketDirectory?: string;
  readonly incarnation?: string;
  /** '18.4' */
  readonly version: string;
  readonly dataDirectory?: string;
}

export interface ConnectOptions {
  /** 'postgres' unless told. */
  readonly database?: string;
  /** A walsender connection (replication=true): only the simple protocol, only replication commands. */
  readonly replication?: boolean;
  /** Seen in pg_stat_activity; always starts with 'stillpoint'. */
  readonly applicationName: string;
  readonly signal?: AbortSignal;
}

/** A server that only we can reach: no TCP, a socket in a private directory. For recovery and proof. */
export interface PrivateServer extends AsyncDisposable {
  connect(options: ConnectOptions): Promise<Client>;
  /** Ends it cleanly (fast shutdown); resolves when the process is gone. Disposing does the same. */
  stop(): Promise<void>;
}

export interface PrivateStartOptions {
  /** Extra -c settings, e.g. recovery targets. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** How long recovery may take before it is given up; undefined: as long as the process lives. */
  readonly timeoutMs?: number;
}

export interface Cluster extends AsyncDisposable {
  readonly root: string;
  readonly binaries: {
    readonly version: string;
    readonly major: number;
    readonly directory: string;
  };
  /** Who must own what is written below incarnations/; undefined: ourselves. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  status(): Promise<ClusterStatus>;
  /** Makes the cluster (initdb, roles, the application's database) if there is none; `first` is its incarnation's id. Idempotent. */
  ensureCreated(signal: AbortSignal): Promise<void>;
  /** Starts the current incarnation for everybody, supervised; resolves when it accepts. Idempotent. PORT_TAKEN, POSTGRES_START_FAILED with the log's last lines. */
  start(signal: AbortSignal): Promise<void>;
  /** Ends supervisor and postmaster (fast shutdown, then immediate after a limit). Idempotent. */
  stop(): Promise<void>;
  /**
   * Smart shutdown request only: no new connection is accepted from now on, the existing ones go on; the supervisor is told not to
   * start again. stop() finishes it.
   */
  refuseNewConnections(): Promise<void>;
  /**
   * Connects as our administrator to the running cluster, over its socket. search_path is pg_catalog alone: what an application
   * defines must not run with our rights, so its objects are named with their schema. POSTGRES_UNREACHABLE.
   */
  connect(options: ConnectOptions): Promise<Client>;
  /** For applications: postgresql://app:…@127.0.0.1:PORT/DATABASE. Holds the password. */
  url(): Promise<string>;
  currentIncarnation(): Promise<string>;
  setCurrentIncarnation(id: string): Promise<void>;
  listIncarnations(): Promise<readonly string[]>;
  /** Directory of an incarnation (not PGDATA itself), made if absent, with the right owner. */
  incarnationDirectory(id: string): Promise<string>;
  /** Removes an incarnation that is not current. Idempotent. */
  dropIncarnation(id: string): Promise<void>;
  /** Writes our postgresql.conf, pg_hba.conf and pg_ident.conf into an incarnation's data, owned right. */
  writeServerConfig(id: string): Promise<void>;
  /** Gives everything below `directory` to the owner that Postgres needs. No-op when we run it ourselves. */
  takeOwnership(directory: string): Promise<void>;
  /**
   * Starts an incarnation for us alone, with the configuration that writeServerConfig left in it. Our administrator needs no
   * password there: what is restored may hold older ones. hot_standby is off, so it opens when recovery has ended, promotion
   * included; a server that ends before is POSTGRES_RECOVERY_FAILED with the last lines of its log.
   */
  startPrivate(id: string, options: PrivateStartOptions): Promise<PrivateServer>;
  /** Stops everything and removes the whole cluster, data and passwords. For throwaway projects: demos, drills, tests. Idempotent. */
  remove(): Promise<void>;
  /** Sets the passwords of our own roles to those of secrets.json and makes the roles right (they may be older ones after a restore). */
  resetRoles(client: Client): Promise<void>;
}
