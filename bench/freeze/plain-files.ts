// Writes the tar of a base backup into plain files, durably, the way pg_basebackup does: everything is written first, then
// the kernel is asked to begin with all of it, then every file and every directory is synced. Only so that the two can be
// compared doing the same work; synchronous for the same reason. pg_basebackup asks with sync_file_range, which Node has
// not; without either, each file would be a commit of the file system's journal.
import { closeSync, fsyncSync, mkdirSync, openSync, writevSync } from 'node:fs';
import path from 'node:path';
import { readTar, type TarEntry } from '../../packages/engine/src/sources/postgres/tar.ts';
import { run } from '../place.ts';

const WRITE_BYTES = 1024 * 1024;

export async function writePlainFiles(
  tar: AsyncIterable<Buffer>,
  directory: string,
): Promise<number> {
  const names = [directory];
  let bytes = 0;
  mkdirSync(directory, { mode: 0o700 });
  for await (const entry of readTar(tar)) {
    const name = path.join(directory, entry.path);
    names.push(name);
    if (entry.type === 'directory') mkdirSync(name, { recursive: true, mode: entry.mode });
    else bytes += await writeEntry(name, entry);
  }
  await run('sync', ['-f', directory]);
  for (const name of names) syncFile(name);
  return bytes;
}

async function writeEntry(name: string, entry: TarEntry): Promise<number> {
  const descriptor = openSync(name, 'wx', entry.mode);
  try {
    let parts: Buffer[] = [];
    let waitingBytes = 0;
    for await (const part of entry.content) {
      parts.push(part);
      waitingBytes += part.length;
      if (waitingBytes < WRITE_BYTES) continue;
      writeParts(descriptor, parts, waitingBytes);
      parts = [];
      waitingBytes = 0;
    }
    if (waitingBytes > 0) writeParts(descriptor, parts, waitingBytes);
    return entry.size;
  } finally {
    closeSync(descriptor);
  }
}

function writeParts(descriptor: number, parts: readonly Buffer[], bytes: number): void {
  if (writevSync(descriptor, parts) !== bytes)
    throw new Error('the disk took only part of a write');
}

function syncFile(name: string): void {
  const descriptor = openSync(name, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
