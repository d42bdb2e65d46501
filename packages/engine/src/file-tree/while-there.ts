// Reading a live path that nobody holds still: that it goes meanwhile, or becomes something else, is an answer and no error.

const GONE = new Set(['ENOENT', 'ENOTDIR', 'EINVAL', 'ELOOP', 'EISDIR', 'ENXIO']);

/** undefined: what was to be read is not there any more. */
export async function whileThere<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
