// Where a world's file is: named itself, in the package.json of its directory, or world.{ts,mts,js,mjs} there.
import { failure } from '@stillpoint/core';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

const names = ['ts', 'mts', 'js', 'mjs'].map((ending) => `world.${ending}`);

/** The real path of the world's file. Throws WORLD_NOT_FOUND and WORLD_BROKEN. */
export async function findWorld(place: string): Promise<string> {
  const stats = await stat(place).catch((cause: unknown) => {
    throw failure('WORLD_NOT_FOUND', { place }, cause);
  });
  return await realpath(stats.isDirectory() ? await fileIn(path.resolve(place)) : place);
}

async function fileIn(directory: string): Promise<string> {
  const named = await namedInPackage(directory);
  if (named !== undefined) return await insideOf(directory, named);
  const listed = await readdir(directory).catch((cause: unknown) => {
    throw failure('WORLD_NOT_FOUND', { place: directory }, cause);
  });
  const there = names.filter((name) => listed.includes(name));
  const [first, ...others] = there;
  if (first === undefined) throw failure('WORLD_NOT_FOUND', { place: directory });
  if (others.length > 0)
    throw failure('WORLD_BROKEN', {
      file: directory,
      reason: `it has ${there.join(' and ')}, and one is enough`,
    });
  return path.join(directory, first);
}

async function namedInPackage(directory: string): Promise<string | undefined> {
  const file = path.join(directory, 'package.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure('WORLD_BROKEN', { file, reason: messageOf(cause) }, cause);
  }
  try {
    const { stillpoint } = JSON.parse(text) as { stillpoint?: { world?: unknown } };
    return typeof stillpoint?.world === 'string' ? stillpoint.world : undefined;
  } catch (cause) {
    throw failure('WORLD_BROKEN', { file, reason: messageOf(cause) }, cause);
  }
}

async function insideOf(directory: string, named: string): Promise<string> {
  const file = await realpath(path.resolve(directory, named)).catch((cause: unknown) => {
    throw failure('WORLD_NOT_FOUND', { place: path.join(directory, named) }, cause);
  });
  if (isInside(await realpath(directory), file)) return file;
  throw failure('WORLD_BROKEN', {
    file: path.join(directory, 'package.json'),
    reason: `its world ${named} is outside of the directory`,
  });
}

/** Both are real paths. */
export function isInside(directory: string, file: string): boolean {
  const relative = path.relative(directory, file);
  return !/^\.\.(?:[/\\]|$)/.test(relative) && !path.isAbsolute(relative);
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
