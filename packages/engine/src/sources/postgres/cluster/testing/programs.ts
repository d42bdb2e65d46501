// The unpacked programs of Postgres, shared by the test files of one run: sixty megabytes in a thousand files, which each would
// otherwise copy and sync for itself.
import { mkdirSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** Where createCluster looks for the programs below these directories, it finds those of the run, if there is one of ours. */
export function shareUnpacked(...parents: readonly string[]): void {
  // Made, and removed, by tools/test.ts. Without: each file unpacks its own.
  const shared = process.env['STILLPOINT_TEST_PROGRAMS'];
  if (shared === undefined || statSync(shared).uid !== process.getuid?.()) return;
  for (const parent of parents) {
    mkdirSync(parent, { recursive: true, mode: 0o711 });
    symlinkSync(shared, path.join(parent, 'binaries'));
  }
}
