// Which repositories the `members` of a configuration mean: literal paths must be there, globs mean the git
// repositories they match now. Symlinks are followed before anything is decided, so that no member can lie outside
// the project and none can be in twice.
import { failure } from '@stillpoint/core';
import { glob, lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { invalidKey, unusablePath } from './parse.ts';
import type { ResolvedMember } from './resolved.ts';
import type { ParsedConfig } from './user-config.ts';
import { refuseAbove } from './written-path.ts';

type UserMember = NonNullable<ParsedConfig['members']>[number];

export interface MemberContext {
  /** Real path of the project. */
  readonly projectDirectory: string;
  readonly file: string;
  /**
   * What to do with a literal path that is not there: 'refuse', or 'keep' it, which restore needs to bring back a
   * repository that was deleted.
   */
  readonly missingMembers: 'refuse' | 'keep';
}

interface Found {
  readonly member: ResolvedMember;
  /** Came from a glob: may repeat a literal one, whose `include` then counts. */
  readonly globbed: boolean;
  readonly written: string;
}

export async function resolveMembers(
  members: readonly UserMember[],
  context: MemberContext,
): Promise<readonly ResolvedMember[]> {
  const chosen = new Map<string, Found>();
  for (const [index, member] of members.entries()) {
    const key = `members[${index}]`;
    for (const found of await expand(member, key, context)) {
      const earlier = chosen.get(found.member.path);
      if (earlier === undefined || (earlier.globbed && !found.globbed)) {
        chosen.set(found.member.path, found);
      } else if (!earlier.globbed && !found.globbed) {
        throw failure('MEMBER_TWICE', {
          file: context.file,
          first: earlier.written,
          second: found.written,
        });
      }
    }
  }
  return [...chosen.values()].map((found) => found.member).toSorted(byPath);
}

async function expand(
  member: UserMember,
  key: string,
  context: MemberContext,
): Promise<readonly Found[]> {
  const {
    path: written,
    include = [],
    rebuild,
  } = typeof member === 'string' ? { path: member } : member;
  const own = { include, ...(rebuild === undefined ? {} : { rebuild }) };
  for (const pattern of include) {
    refuseAbove(pattern, `${key}.include`, 'the member', context.file);
  }
  if (isGlob(written)) return expandGlob(written, own, context);

  const absolute = path.resolve(context.projectDirectory, written);
  const real = await realPathOf(absolute, written, context);
  const relative = inside(real ?? absolute, written, context);
  if (real === undefined && context.missingMembers === 'refuse') {
    throw failure('MEMBER_MISSING', { file: context.file, member: written });
  }
  if (
    real !== undefined &&
    context.missingMembers === 'refuse' &&
    !(await isRepository(real, written, context))
  ) {
    throw failure('MEMBER_NOT_REPOSITORY', { file: context.file, member: written });
  }
  return [{ member: { path: relative, ...own }, globbed: false, written }];
}

async function expandGlob(
  pattern: string,
  own: Omit<ResolvedMember, 'path'>,
  context: MemberContext,
): Promise<readonly Found[]> {
  if (path.isAbsolute(pattern) || pattern.split('/').includes('..')) {
    throw failure('MEMBER_OUTSIDE_PROJECT', {
      file: context.file,
      member: pattern,
      place: pattern,
    });
  }
  const found: Found[] = [];
  const exclude = (entry: string): boolean => skipped.has(path.basename(entry));
  for await (const match of glob(pattern, { cwd: context.projectDirectory, exclude })) {
    const real = await realPathOf(path.resolve(context.projectDirectory, match), match, context);
    if (real === undefined || !(await isRepository(real, match, context))) continue;
    const relative = inside(real, match, context);
    found.push({ member: { path: relative, ...own }, globbed: true, written: pattern });
  }
  return found;
}

/** Never looked into by a glob: what Stillpoint and git keep for themselves, and other people's code. */
const skipped = new Set(['.git', '.stillpoint', 'node_modules']);

function inside(absolute: string, written: string, context: MemberContext): string {
  const relative = path.relative(context.projectDirectory, absolute);
  const parts = relative === '' ? [] : relative.split(path.sep);
  if (parts[0] === '..' || path.isAbsolute(relative)) {
    throw failure('MEMBER_OUTSIDE_PROJECT', {
      file: context.file,
      member: written,
      place: absolute,
    });
  }
  if (parts.includes('.git') || parts.includes('.stillpoint')) {
    throw invalidKey(
      context.file,
      'members',
      'repositories outside .git and .stillpoint',
      JSON.stringify(written),
    );
  }
  return parts.length === 0 ? '.' : parts.join('/');
}

function isGlob(text: string): boolean {
  return /[*?[\]{}]/.test(text);
}

async function realPathOf(
  file: string,
  written: string,
  context: MemberContext,
): Promise<string | undefined> {
  try {
    return await realpath(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unusablePath(error, 'members', written, context.file);
  }
}

/** A work tree: `.git` is a directory, or a file in submodules and linked work trees. */
async function isRepository(
  directory: string,
  written: string,
  context: MemberContext,
): Promise<boolean> {
  try {
    if (!(await stat(directory)).isDirectory()) return false;
    await lstat(path.join(directory, '.git'));
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw unusablePath(error, 'members', written, context.file);
  }
}

function byPath(left: ResolvedMember, right: ResolvedMember): number {
  return left.path < right.path ? -1 : 1;
}
