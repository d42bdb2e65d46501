// A second name for a file. Not every file system has them, and not every file may get one (it is somebody else's, it has too
// many already, it lies behind another mount).
import { linkSync } from 'node:fs';
import type { FsPath } from '../../file-tree/index.ts';

const refusals = ['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** False where it has to be copied instead. */
export function hasLinked(from: FsPath, to: FsPath): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (!refusals.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  }
}
