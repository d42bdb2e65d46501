// The directory of migrations' files. A file appears whole and durable before its migration is applied: killed in between, it is there
// and pending.
import { createFileAtomic, failure, fsyncDirectory, removeFileDurable } from '@stillpoint/core';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ENDING, isMigrationName, parseMigration, type MigrationText } from './migration-file.ts';

/** In the order of their names; a directory that is not there has none. MIGRATION_FILE_INVALID. */
export async function readMigrations(directory: string): Promise<readonly MigrationText[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found: MigrationText[] = [];
  for (const file of names.filter((one) => one.endsWith(ENDING)).toSorted(byText)) {
    const name = file.slice(0, -ENDING.length);
    if (!isMigrationName(name))
      throw failure('MIGRATION_FILE_INVALID', {
        name: file,
        reason: 'its name is not like 20261122T101500_add_notes.sql',
      });
    found.push(parseMigration(name, await readFile(path.join(directory, file), 'utf8')));
  }
  return found;
}

/** MIGRATION_FILE_TAKEN. */
export async function writeMigration(directory: string, name: string, text: string): Promise<void> {
  await makeDurable(directory);
  await removeLeftovers(directory);
  try {
    await createFileAtomic(fileOf(directory, name), text, { mode: 0o644 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw failure('MIGRATION_FILE_TAKEN', { file: fileOf(directory, name) }, error);
  }
}

export async function removeMigration(directory: string, name: string): Promise<void> {
  await removeFileDurable(fileOf(directory, name));
}

export function fileOf(directory: string, name: string): string {
  return path.join(directory, `${name}${ENDING}`);
}

/** For a repository: others may read it. Every name on the way to it is durable. */
async function makeDurable(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let at = directory; at !== path.dirname(first); at = path.dirname(at))
    await fsyncDirectory(path.dirname(at));
}

/** What a process that was killed while it wrote left behind. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const file of await readdir(directory))
    if (/^\d{8}T\d{6}_[a-z0-9_]+\.sql\.[0-9a-f]{8}\.tmp/.test(file))
      await removeFileDurable(path.join(directory, file));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}
