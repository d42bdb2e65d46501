// Whether a record can be put back where the member was, asked before anything is touched. Repositories are merged, split and
// linked: then one member's files would be written over another's, or left out without a word, and undo would not bring them back.
import { lstat, readlink } from 'node:fs/promises';
import path from 'node:path';
import { failure, type Json } from '@stillpoint/core';
import type { ObjectSource } from '../sources/contract.ts';
import { createOutside } from './listing.ts';
import type { MemberContext } from './member.ts';
import { directoriesAbove, pathsBelow, showName } from '../file-tree/index.ts';
import { parseRecord, readListing, type ListedEntry } from './record.ts';
import { exists, openRepository } from './repository.ts';

/** Throws MEMBER_IN_THE_WAY. */
export async function refuseWhatIsInTheWay(
  context: MemberContext,
  json: Json,
  source: ObjectSource,
): Promise<void> {
  const { member } = context;
  const what =
    (await linkOrFile(context)) ??
    (await filesOfAnOuterRepository(context)) ??
    (await repositoryAmongFiles(
      context,
      await readListing(member, parseRecord(member, json), source),
    ));
  if (what !== undefined) throw failure('MEMBER_IN_THE_WAY', { member, what });
}

/** The directories from the project, which is none of them, down to the member. */
function partsBelowProject({ member, directory }: MemberContext): {
  project: string;
  parts: string[];
} {
  const parts = member === '.' ? [] : member.split('/');
  return { project: path.resolve(directory, ...parts.map(() => '..')), parts };
}

async function linkOrFile(context: MemberContext): Promise<string | undefined> {
  const { project, parts } = partsBelowProject(context);
  for (const [index] of parts.entries()) {
    const name = parts.slice(0, index + 1).join('/');
    const found = await lstat(path.join(project, name)).catch(() => undefined);
    if (found === undefined) return undefined;
    if (found.isSymbolicLink())
      return `${name} is a link to ${await readlink(path.join(project, name))} now`;
    // A file further up may belong to another member, whose own switch makes a directory of it.
    if (!found.isDirectory()) return name === context.member ? `${name} is a file now` : undefined;
  }
  return undefined;
}

async function filesOfAnOuterRepository(context: MemberContext): Promise<string | undefined> {
  if (await exists(path.join(context.directory, '.git'))) return undefined;
  const { project, parts } = partsBelowProject(context);
  for (let depth = parts.length - 1; depth >= 0; depth--) {
    const outer = parts.slice(0, depth).join('/') || '.';
    const directory = path.join(project, outer);
    if (!(await exists(path.join(directory, '.git')))) continue;
    const { git } = await openRepository({ ...context, member: outer, directory });
    const below = parts.slice(depth).join('/');
    const tracked = await git.output(['ls-files', '--stage', '-z', '--', `:(literal)${below}`]);
    const isFile = (line: string) => line !== '' && !line.startsWith('160000 ');
    return tracked.toString('latin1').split('\0').some(isFile)
      ? `its files are tracked by ${outer} now`
      : undefined;
  }
  return undefined;
}

async function repositoryAmongFiles(
  context: MemberContext,
  listing: readonly ListedEntry[],
): Promise<string | undefined> {
  const names = listing.filter(({ type }) => type !== 'directory').map((entry) => entry.path);
  const outside = createOutside({ members: context.members, own: [] });
  const other = names.find(outside);
  if (other !== undefined) return `${showName(other)} belongs to another member now`;
  const at = pathsBelow(context.directory);
  for (const name of directoriesAbove(names)) {
    const inner = at(`${name}/.git` as typeof name);
    if (
      await lstat(inner).then(
        () => true,
        () => false,
      )
    ) {
      return `${showName(name)} is a repository of its own now`;
    }
  }
  return undefined;
}
