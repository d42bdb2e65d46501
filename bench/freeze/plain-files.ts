// Writes the tar of a base backup into plain files, durably, the way pg_basebackup does: everything is written first, then
// every file and every directory is synced. Only so that the two can be compared doing the same work.
import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { readTar, type TarEntry } from '../../packages/engine/src/sources/postgres/tar.ts';

const WRITE_BYTES = 1024 * 1024;
/** pg_basebackup asks the kernel to begin with all files before it waits for the first. */
const SYNCS_AT_ONCE = 4;

export async function writePlainFiles(
  tar: AsyncIterable<Buffer>,
  directory: string,
): Promise<number> {
  const names = [directory];
  let bytes = 0;
  await mkdir(directory, { mode: 0o700 });
  for await (const entry of readTar(tar)) {
    const name = path.join(directory, entry.path);
    names.push(name);
    if (entry.type === 'directory') await mkdir(name, { recursive: true, mode: entry.mode });
    else bytes += await writeEntry(name, entry);
  }
  await syncAll(names);
  return bytes;
}

async function writeEntry(name: string, entry: TarEntry): Promise<number> {
  const handle = await open(name, 'wx', entry.mode);
  try {
    let parts: Buffer[] = [];
    let waitingBytes = 0;
    for await (const part of entry.content) {
      parts.push(part);
      waitingBytes += part.length;
      if (waitingBytes < WRITE_BYTES) continue;
      await writeParts(handle, parts, waitingBytes);
      parts = [];
      waitingBytes = 0;
    }
    if (waitingBytes > 0) await writeParts(handle, parts, waitingBytes);
    return entry.size;
  } finally {
    await handle.close();
  }
}

async function writeParts(
  handle: FileHandle,
  parts: readonly Buffer[],
  bytes: number,
): Promise<void> {
  const { bytesWritten } = await handle.writev(parts);
  if (bytesWritten !== bytes) throw new Error('the disk took only a part of a write');
}

async function syncAll(names: readonly string[]): Promise<void> {
  const waiting = [...names];
  const worker = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const handle = await open(name, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  };
  await Promise.all(Array.from({ length: SYNCS_AT_ONCE }, worker));
}
