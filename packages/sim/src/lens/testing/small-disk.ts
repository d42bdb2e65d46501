// A disk of so many bytes, for tests of what happens when it is full: a file system in memory. Only root may mount one.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

export interface SmallDisk {
  readonly directory: string;
  /** Leaves so many bytes. */
  fill(leaveBytes: number): void;
  empty(): void;
}

/** Undefined where none can be mounted: then the test is skipped, and says why. */
export function smallDisk(t: TestContext, sizeBytes: number): SmallDisk | undefined {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-small-'));
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', directory];
    execFileSync('mount', options, { stdio: 'pipe' });
  } catch (error) {
    rmSync(directory, { recursive: true });
    t.skip(`no file system can be mounted here: ${(error as Error).message}`);
    return undefined;
  }
  t.after(() => {
    execFileSync('umount', ['-l', directory]);
    rmSync(directory, { recursive: true });
  });
  const ballast = path.join(directory, 'ballast');
  return {
    directory,
    fill(leaveBytes) {
      const { bavail, bsize } = statfsSync(directory);
      try {
        writeFileSync(ballast, Buffer.alloc(bavail * bsize - leaveBytes));
      } catch (error) {
        // Somebody else has written meanwhile.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    },
    empty: () => unlinkSync(ballast),
  };
}
