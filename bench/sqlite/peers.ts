// What people use otherwise, run on the same file under the same application: the shell's .backup, and VACUUM INTO.
import { rm } from 'node:fs/promises';
import { run } from '../place.ts';
import type { SqliteProject } from './project.ts';
import { measure, type Sample } from './sample.ts';

export const peers = ['.backup', 'VACUUM INTO'] as const;
export type PeerName = (typeof peers)[number];

export async function findShell(): Promise<boolean> {
  return run('sqlite3', ['--version']).then(
    () => true,
    () => false,
  );
}

/** Above it `.backup`, which begins anew whenever the application commits, is counted as never ending. */
export const givenUpAfterMs = 10_000;

/** undefined: it did not end in time. */
export async function measurePeer(
  project: SqliteProject,
  peer: PeerName,
): Promise<Sample | undefined> {
  const copy = `${project.file}.${peer === '.backup' ? 'backup' : 'vacuum'}`;
  const order = peer === '.backup' ? `.backup '${copy}'` : `VACUUM INTO '${copy}'`;
  const signal = AbortSignal.timeout(givenUpAfterMs);
  try {
    return await measure(project, () =>
      run('sqlite3', ['-cmd', '.timeout 60000', project.file, order], { signal }),
    );
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    for (const end of ['', '-journal', '-wal', '-shm']) await rm(copy + end, { force: true });
  }
}
