// Where sockets lie that processes of one user find each other by.

/**
 * The same for every process of a user, whatever its environment: a server that was started at a desk must be found by a nightly job.
 * Hence neither TMPDIR nor XDG_RUNTIME_DIR, which ends with the login besides.
 */
export function runtimeDirectory(): string {
  return `/tmp/stillpoint-${process.getuid?.() ?? 0}`;
}
