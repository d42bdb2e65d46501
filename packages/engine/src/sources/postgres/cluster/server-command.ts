// How a postmaster is started: its command line, and the environment and user of the process. Addresses and
// sockets stand on the command line, where nothing that travels with the data can overrule them.
import path from 'node:path';
import type { Owner } from './system-user.ts';

export interface ServerDoor {
  readonly dataDirectory: string;
  readonly incarnation: string;
  readonly socketDirectory: string;
  readonly port: number;
  /** Listen on the loopback address too. */
  readonly listens: boolean;
}

/** In the titles of the server's processes: tells them from those of other clusters. */
export function clusterNameOf(incarnation: string): string {
  return `stillpoint-${incarnation.slice(0, 8)}`;
}

export function serverArguments(
  door: ServerDoor,
  settings: Readonly<Record<string, string>> = {},
): readonly string[] {
  const all = {
    listen_addresses: door.listens ? '127.0.0.1' : '',
    port: String(door.port),
    unix_socket_directories: quoteListItem(door.socketDirectory),
    unix_socket_permissions: '0700',
    cluster_name: clusterNameOf(door.incarnation),
    ...settings,
  };
  const pairs = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return ['-D', door.dataDirectory, ...pairs];
}

/** The setting is a list: a comma or a space in the path must not split it. */
function quoteListItem(item: string): string {
  return `"${item.replaceAll('"', '""')}"`;
}

export function programIn(binariesDirectory: string, name: 'postgres' | 'initdb'): string {
  return path.join(binariesDirectory, 'bin', name);
}

/** Options for child_process.spawn. The environment is made, not inherited: locale, paths and PG* variables of a shell change what a server does. */
export function serverProcess(owner: Owner | undefined): {
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly uid?: number;
  readonly gid?: number;
} {
  return {
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...owner,
  };
}
