// A directory that the test files of one run share, for what each would otherwise make for itself: the unpacked programs of Postgres,
// sixty megabytes in a thousand files, and an empty cluster of Debian's.
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** Made, and removed, by tools/test.ts. undefined: the file is run by itself, or not by who made it. */
export function runDirectory(): string | undefined {
  const shared = process.env['STILLPOINT_TEST_DIRECTORY'];
  return shared !== undefined && statSync(shared).uid === process.getuid?.() ? shared : undefined;
}

/** Where createCluster looks for the programs below these directories, it finds those of the run, if there is one of ours. */
export function shareUnpacked(...parents: readonly string[]): void {
  const shared = runDirectory();
  if (shared === undefined) return;
  for (const parent of parents) {
    mkdirSync(parent, { recursive: true, mode: 0o711 });
    symlinkSync(shared, path.join(parent, 'binaries'));
  }
}
