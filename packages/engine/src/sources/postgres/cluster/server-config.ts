// postgresql.conf, pg_hba.conf and pg_ident.conf of an incarnation, written whole each time: what a restore
// brought along or a hand changed does not stay. Addresses, port and sockets are not in them but on the
// server's command line, because they belong to how it is run (for everybody, or privately), not to the data.
import assert from 'node:assert/strict';
import path from 'node:path';
import { writeFileAtomic } from '@stillpoint/core';
import type { Owner } from './system-user.ts';

/** A slot that nobody reads may hold this much WAL; past it the slot is lost and a new base is due. */
export const DEFAULT_WAL_LIMIT_BYTES = 4 * 1024 ** 3;

const defaults: Readonly<Record<string, string>> = {
  shared_buffers: '128MB',
  max_connections: '100',
  // Not the host's: dates must not change their text when a snapshot is restored on another machine.
  timezone: 'UTC',
  log_timezone: 'UTC',
  datestyle: 'iso, ymd',
  default_text_search_config: 'pg_catalog.english',
  max_wal_size: '1GB',
  wal_keep_size: '64MB',
  max_wal_senders: '8',
  max_replication_slots: '8',
  log_line_prefix: '%m [%p] %q%u@%d ',
};

/** What Stillpoint needs to be so. */
const fixed: Readonly<Record<string, string>> = {
  wal_level: 'replica',
  // After a restore its process looks in vain for the log of lives before, and holds up each stop for ten seconds.
  summarize_wal: 'off',
  fsync: 'on',
  full_page_writes: 'on',
  // Recovery opens only when it has ended, and does not refuse WAL written under larger settings.
  hot_standby: 'off',
  archive_mode: 'off',
  password_encryption: 'scram-sha-256',
  // Our configuration is the only one: what ALTER SYSTEM wrote would travel with the data.
  allow_alter_system: 'off',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_statement: 'none',
  // Our own reading of the log and of the process table depends on these.
  lc_messages: 'C',
  update_process_title: 'on',
};

const elsewhere = [
  'listen_addresses',
  'port',
  'unix_socket_directories',
  'unix_socket_permissions',
  'unix_socket_group',
  'cluster_name',
  'data_directory',
  'hba_file',
  'ident_file',
  'external_pid_file',
  'include',
  'include_dir',
  'include_if_exists',
  'restore_command',
  'archive_command',
  'archive_library',
  'recovery_end_command',
  'archive_cleanup_command',
  'recovery_target',
  'recovery_target_action',
  'recovery_target_inclusive',
  'recovery_target_lsn',
  'recovery_target_name',
  'recovery_target_time',
  'recovery_target_timeline',
  'recovery_target_xid',
  'primary_conninfo',
  'primary_slot_name',
];

/** Settings that a configuration cannot change (lower case). */
export const protectedSettings: ReadonlySet<string> = new Set([
  ...Object.keys(fixed),
  'max_slot_wal_keep_size',
  ...elsewhere,
]);

/** Least values that a configuration may give. */
const least: Readonly<Record<string, number>> = { max_wal_senders: 4, max_replication_slots: 4 };

export function serverConfig(
  settings: Readonly<Record<string, string>>,
  walLimitBytes = DEFAULT_WAL_LIMIT_BYTES,
): string {
  const chosen = new Map(Object.entries(defaults));
  for (const [key, value] of Object.entries(settings)) {
    const name = key.toLowerCase();
    assert.match(name, /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/, `not a setting's name: ${key}`);
    assert(!protectedSettings.has(name), `${key} cannot be set: Stillpoint needs it as it is`);
    // oxlint-disable-next-line no-control-regex -- exactly those would break the line
    assert(!/[\x00-\x1f]/.test(value), `the value of ${key} holds a control character`);
    assert(!(Number(value) < (least[name] ?? 0)), `${key} must be at least ${least[name]}`);
    chosen.set(name, value);
  }
  for (const [name, value] of Object.entries(fixed)) chosen.set(name, value);
  chosen.set('max_slot_wal_keep_size', `${Math.ceil(walLimitBytes / 1024 ** 2)}MB`);
  const lines = [...chosen].map(([name, value]) => `${name} = ${quote(value)}`);
  return [
    '# Written by Stillpoint at every start; put settings into its configuration.',
    ...lines,
    '',
  ].join('\n');
}

/** "all" databases do not include replication. */
export const hbaRules = `# Written by Stillpoint at every start.
local  replication  stillpoint                scram-sha-256
host   replication  stillpoint  127.0.0.1/32  scram-sha-256
local  all          all                       scram-sha-256
host   all          all         127.0.0.1/32  scram-sha-256
`;

/**
 * For a private server: whoever can open its socket, in a directory of mode 0700, is root or the user who runs it,
 * and the passwords in data that is being restored may be older ones.
 */
export const privateHbaRules = `# Written by Stillpoint for the private server.
local  all,replication  stillpoint  trust
`;

export interface ConfigOptions {
  readonly dataDirectory: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly walLimitBytes: number | undefined;
  readonly owner: Owner | undefined;
}

export async function writeConfigFiles(options: ConfigOptions): Promise<void> {
  const files = {
    'postgresql.conf': serverConfig(options.settings, options.walLimitBytes),
    'pg_hba.conf': hbaRules,
    'pg_ident.conf': '',
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFileAtomic(path.join(options.dataDirectory, name), text, { owner: options.owner });
  }
}

function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
