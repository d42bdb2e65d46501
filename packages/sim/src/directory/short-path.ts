// Another path to a directory, short enough for the name of a Unix socket in it: the kernel takes about a hundred bytes.
import { mkdtemp, open, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Bytes that a name in the directory may add. */
const ROOM_BYTES = 30;
const LONGEST_BYTES = 100;

/** The short path is good until `work` has ended. */
export async function withShortPath<T>(
  directory: string,
  work: (short: string) => Promise<T>,
): Promise<T> {
  const absolute = path.resolve(directory);
  if (Buffer.byteLength(absolute) + ROOM_BYTES <= LONGEST_BYTES) return await work(absolute);
  if (process.platform === 'linux') {
    const handle = await open(absolute, 'r');
    try {
      return await work(`/proc/self/fd/${handle.fd}`);
    } finally {
      await handle.close();
    }
  }
  const aside = await mkdtemp(path.join(tmpdir(), 'sp-'));
  try {
    const link = path.join(aside, 'd');
    await symlink(absolute, link);
    return await work(link);
  } finally {
    await rm(aside, { recursive: true });
  }
}
