// Where a member's extension is: named in its package.json, or stillpoint.extension.{ts,mts,js,mjs} at its root.
import { failure } from '@stillpoint/core';
import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { MemberDirectory } from './contract.ts';

export interface FoundExtension {
  readonly file: string;
  readonly directory: string;
  readonly version: string | undefined;
  readonly commit: string | undefined;
}

const names = ['ts', 'mts', 'js', 'mjs'].map((ending) => `stillpoint.extension.${ending}`);

interface PackageFile {
  readonly version?: unknown;
  readonly stillpoint?: { readonly extension?: unknown };
}

/** Undefined: the member has none. */
export async function findExtension(member: MemberDirectory): Promise<FoundExtension | undefined> {
  const { directory, commit } = member;
  const packageFile = await readPackage(directory);
  const file = await findFile(directory, packageFile);
  if (file === undefined) return undefined;
  const version = typeof packageFile.version === 'string' ? packageFile.version : undefined;
  // The real path, so that a member that is reached by two names is one.
  return { file: await realpath(file), directory: await realpath(directory), version, commit };
}

async function findFile(
  directory: string,
  { stillpoint }: PackageFile,
): Promise<string | undefined> {
  const named = stillpoint?.extension;
  if (typeof named === 'string') return await namedFile(directory, named);
  const listed = await readdir(directory).catch((error: unknown) => {
    throw unreadable(directory, error);
  });
  const there = names.filter((name) => listed.includes(name));
  if (there.length > 1)
    throw failure('MODEL_EXTENSION_INVALID', {
      file: directory,
      reason: `it has ${there.join(' and ')}, and one is enough`,
    });
  return there[0] === undefined ? undefined : path.resolve(directory, there[0]);
}

async function namedFile(directory: string, named: string): Promise<string> {
  const file = path.resolve(directory, named);
  const inside = await realpath(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  const relative = path.relative(await realpath(directory), inside);
  if (relative.startsWith('..') || path.isAbsolute(relative))
    throw failure('MODEL_EXTENSION_INVALID', {
      file: path.join(directory, 'package.json'),
      reason: `its extension ${named} is outside of the directory`,
    });
  return file;
}

async function readPackage(directory: string): Promise<PackageFile> {
  const file = path.join(directory, 'package.json');
  try {
    return Object(JSON.parse(await readFile(file, 'utf8'))) as PackageFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw unreadable(file, error);
  }
}

export function unreadable(file: string, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.replaceAll(/\s+/g, ' ').trim();
  return failure('MODEL_EXTENSION_UNREADABLE', { file, reason }, error);
}
