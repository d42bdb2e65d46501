// Is a file a SQLite database, and how does it keep its journal? Its first hundred bytes say it, without opening it.
import { open } from 'node:fs/promises';

export interface SqliteHeader {
  readonly journal: 'wal' | 'rollback';
  readonly bytes: number;
}

const magic = Buffer.from('SQLite format 3\0', 'latin1');
/** The version that is needed to write to the file: 2 for WAL. */
const writeVersionAt = 18;

/** undefined: no SQLite database, or it cannot be read. */
export async function readSqliteHeader(file: string): Promise<SqliteHeader | undefined> {
  try {
    await using handle = await open(file, 'r');
    const found = await handle.stat();
    if (!found.isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(100), 0, 100, 0);
    if (bytesRead < 100 || !buffer.subarray(0, magic.length).equals(magic)) return undefined;
    return { journal: buffer[writeVersionAt] === 2 ? 'wal' : 'rollback', bytes: found.size };
  } catch {
    return undefined;
  }
}
