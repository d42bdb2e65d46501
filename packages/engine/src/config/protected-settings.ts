// Settings of Postgres that the configuration may not change, because capture, recovery, privacy or the promise of
// durability rest on them. Everything else is the user's.

const names = new Set([
  // Where things are and who gets in: the cluster's own business.
  'allow_alter_system', 'cluster_name', 'config_file', 'data_directory', 'external_pid_file', 'hba_file', 'ident_file',
  'include', 'include_dir', 'include_if_exists', 'listen_addresses', 'port', 'unix_socket_directories',
  'unix_socket_group', 'unix_socket_permissions', 'log_directory', 'log_filename', 'logging_collector', 'log_destination',
  // The WAL is what a snapshot is made of.
  'archive_cleanup_command', 'archive_command', 'archive_library', 'archive_mode', 'fsync', 'full_page_writes',
  'hot_standby', 'max_replication_slots', 'max_slot_wal_keep_size', 'max_wal_senders', 'primary_conninfo',
  'primary_slot_name', 'recovery_end_command', 'restore_command', 'standby_mode', 'synchronous_standby_names', 'wal_keep_size',
  'wal_level', 'wal_sender_timeout',
  // Half-answers that would hide damage.
  'data_sync_retry', 'ignore_checksum_failure', 'ignore_invalid_pages', 'ignore_system_indexes', 'zero_damaged_pages',
]); // prettier-ignore

export function isProtectedSetting(name: string): boolean {
  const lower = name.toLowerCase();
  return names.has(lower) || lower.startsWith('recovery_');
}
