// Where everything of one managed cluster lives. Pure path arithmetic: nothing is made or read here except the
// real path of the state directory, because a postmaster is recognised by the path of its data directory and
// two names for one directory would hide it.
//
// Run as root, Postgres needs another user, and that user must reach its files whatever the modes of the
// project's directories are: hence /var/lib/stillpoint and /run/stillpoint. Run by an ordinary user, all of it
// stays inside the project, only the sockets live in a short directory (their paths hold 107 bytes at most).
import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface ClusterOptions {
  readonly projectId: string;
  /** The project's `.stillpoint`, absolute. */
  readonly stateDirectory: string;
  /** The application's database, made with the cluster and owned by the role `app`. */
  readonly database: string;
  /** Loopback port; undefined: chosen once and remembered. */
  readonly port?: number;
  /** Lines for postgresql.conf. Those in `protectedSettings` are refused. */
  readonly settings: Readonly<Record<string, string>>;
  /** How much WAL a slot that nobody reads may hold; DEFAULT_WAL_LIMIT_BYTES unless told. */
  readonly walLimitBytes?: number;
  /** Ordinary users: where unpacked binaries are kept, shared by projects (`~/.cache/stillpoint`); inside the state directory unless told. */
  readonly binariesDirectory?: string;
  /** Ordinary users: parent of the socket directory (`$XDG_RUNTIME_DIR/stillpoint`); below the temporary directory unless told. */
  readonly runtimeDirectory?: string;
  /** Root only: '/var/lib/stillpoint' unless told. */
  readonly systemDirectory?: string;
  /** The unpacked npm package with the binaries; found beside this package unless told. */
  readonly packageDirectory?: string;
}

export interface Place {
  /** The name of the system user that runs Postgres; undefined: we run it ourselves. */
  readonly systemUser: string | undefined;
  readonly root: string;
  /** The directory above `root` that root makes; undefined for ordinary users. */
  readonly systemDirectory: string | undefined;
  readonly binariesDirectory: string;
  readonly runtimeParent: string;
  /** The socket directory of the running cluster. */
  readonly runtimeDirectory: string;
  readonly incarnations: string;
  readonly log: string;
  readonly trash: string;
}

export const SYSTEM_USER = 'stillpoint';

export function placeOf(options: ClusterOptions): Place {
  assert(path.isAbsolute(options.stateDirectory), 'stateDirectory must be absolute');
  assert.match(options.projectId, /^[\w-]{8,64}$/, 'projectId must be usable as a file name');
  return process.getuid?.() === 0 ? placeOfRoot(options) : placeOfUser(options);
}

function placeOfRoot(options: ClusterOptions): Place {
  const systemDirectory = realPath(options.systemDirectory ?? '/var/lib/stillpoint');
  return {
    ...below(path.join(systemDirectory, options.projectId)),
    systemUser: SYSTEM_USER,
    systemDirectory,
    binariesDirectory: path.join(systemDirectory, 'binaries'),
    ...runtime(process.platform === 'linux' ? '/run/stillpoint' : '/var/run/stillpoint', options),
  };
}

function placeOfUser(options: ClusterOptions): Place {
  const state = realPath(options.stateDirectory);
  return {
    ...below(path.join(state, 'postgres')),
    systemUser: undefined,
    systemDirectory: undefined,
    binariesDirectory: path.join(options.binariesDirectory ?? state, 'binaries'),
    ...runtime(
      options.runtimeDirectory ?? path.join(os.tmpdir(), `stillpoint-${process.getuid?.() ?? 0}`),
      options,
    ),
  };
}

function below(root: string): Pick<Place, 'root' | 'incarnations' | 'log' | 'trash'> {
  return {
    root,
    incarnations: path.join(root, 'incarnations'),
    log: path.join(root, 'log'),
    trash: path.join(root, 'trash'),
  };
}

function runtime(
  runtimeParent: string,
  options: ClusterOptions,
): Pick<Place, 'runtimeParent' | 'runtimeDirectory'> {
  return {
    runtimeParent,
    runtimeDirectory: path.join(runtimeParent, options.projectId.slice(0, 8)),
  };
}

/** The real path of a directory that may not exist yet: of its nearest ancestor that does. */
function realPath(directory: string): string {
  try {
    return realpathSync(directory);
  } catch (error) {
    const parent = path.dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) throw error;
    return path.join(realPath(parent), path.basename(directory));
  }
}
