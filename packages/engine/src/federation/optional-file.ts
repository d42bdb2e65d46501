// Files that may be absent, which is an answer and no error.
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export async function readOptional(...parts: string[]): Promise<Buffer | null> {
  try {
    return await readFile(path.join(...parts));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null;
    throw error;
  }
}
