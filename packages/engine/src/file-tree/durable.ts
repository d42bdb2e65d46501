// Makes many new files durable at once. Thirty thousand calls of fsync take minutes where one sync of the file system takes
// a second (Node has no call for it, the system's command does); for a few files fsync waits for less of other people's work.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { fsyncDirectory } from '@stillpoint/core';

const fewFiles = 200;

/** Resolves when everything below `directory`, and its own name, survives power loss. */
export async function makeTreeDurable(directory: string): Promise<void> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  if (files.length > fewFiles) {
    await syncFileSystem(directory);
    return;
  }
  for (const entry of files) await fsyncFile(path.join(entry.parentPath, entry.name));
  for (const entry of entries) {
    if (entry.isDirectory()) await fsyncDirectory(path.join(entry.parentPath, entry.name));
  }
  await fsyncDirectory(directory);
  await fsyncDirectory(path.dirname(directory));
}

async function fsyncFile(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Resolves when everything written so far to the file system that holds `directory` survives power loss. */
export async function syncFileSystem(directory: string): Promise<void> {
  if ((await run(['-f', directory])) === 0) return;
  // Where the command knows no -f it syncs everything.
  const status = await run([]);
  if (status !== 0) throw new Error(`sync ended with status ${status}`);
}

async function run(args: readonly string[]): Promise<number> {
  const child = spawn('/bin/sync', args, { stdio: 'ignore' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}
