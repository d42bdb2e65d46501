// Reads where a configuration file begins: what matters stands there, and nothing larger is one.
import { open } from 'node:fs/promises';

const longestBytes = 128 * 1024;

/** '' for what cannot be read. */
export async function readStart(file: string): Promise<string> {
  try {
    await using handle = await open(file, 'r');
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(size, longestBytes)), 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  }
}
