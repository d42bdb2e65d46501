// What the parts of this room know of the member they work for: its configuration, its surroundings in the project, and what
// a coming restore would overwrite.
import path from 'node:path';
import { digestHex, digestOf, type Clock } from '@stillpoint/core';
import type { ResolvedMember } from '../config/resolved.ts';
import type { StreamRef } from '../sources/contract.ts';
import type { Boundaries } from './listing.ts';
import { memberBelow } from './names.ts';
import type { Repository } from './repository.ts';
import {
  type ByteName,
  directoriesAbove,
  nameOfText,
  openStatCache,
  parentOf,
  type StatCache,
} from '../file-tree/index.ts';
import type { WorkTree } from './work-tree.ts';

export interface GitDriverOptions {
  readonly projectDirectory: string;
  readonly member: ResolvedMember;
  /** Paths of all members; those inside this one are left to their own drivers. */
  readonly otherMembers: readonly string[];
  /** Private, below .stillpoint/cache; may vanish. */
  readonly cacheDirectory: string;
  readonly clock: Clock;
  /** Environment of git: PATH, HOME and the like. A plain default unless given. */
  readonly environment?: Readonly<Record<string, string>>;
  /** More absolute paths that are never captured, e.g. the vault. */
  readonly neverCaptured?: readonly string[];
}

/** Paths that a restore of some state would write. */
export interface Considered {
  readonly names: ReadonlySet<ByteName>;
  readonly listings: readonly StreamRef[];
}

export interface MemberContext extends Boundaries {
  readonly member: string;
  readonly directory: string;
  readonly include: readonly string[];
  readonly cacheDirectory: string;
  readonly clock: Clock;
  readonly environment?: Readonly<Record<string, string>>;
  readonly considered: Considered;
  /** The next capture also holds these, ignored or not. */
  consider(names: readonly ByteName[], listings: readonly StreamRef[]): void;
  openCache(repository: Repository): Promise<StatCache>;
  /** Names that exist now and that a restore would overwrite or remove, ignored or not. */
  consideredNames(workTree: WorkTree): Promise<readonly ByteName[]>;
}

const nothing: Considered = { names: new Set(), listings: [] };

export function createMemberContext(options: GitDriverOptions): MemberContext {
  const { member, projectDirectory } = options;
  const directory = path.resolve(projectDirectory, member.path);
  const never = [
    path.join(projectDirectory, '.stillpoint'),
    path.join(projectDirectory, 'stillpoint.lock'),
    ...(options.neverCaptured ?? []),
  ];
  let considered = nothing;
  return {
    member: member.path,
    directory,
    include: member.include,
    cacheDirectory: options.cacheDirectory,
    clock: options.clock,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    members: options.otherMembers
      .map((other) => memberBelow(member.path, other))
      .filter((name) => name !== undefined),
    own: never
      .filter((file) => isBelow(directory, file))
      .map((file) => nameOfText(path.relative(directory, file))),
    get considered() {
      return considered;
    },
    consider(names, listings) {
      considered = { names: new Set(names), listings };
    },
    openCache: (repository) =>
      openStatCache(
        path.join(options.cacheDirectory, cacheName(member.path)),
        `${repository.workTree} ${repository.format}`,
      ),
    async consideredNames(workTree) {
      return existingNames(considered.names, workTree);
    },
  };
}

/** Of the names those that exist, with what stands in their way: a file where they need a directory, files below one that must go. */
function existingNames(names: ReadonlySet<ByteName>, workTree: WorkTree): ByteName[] {
  const found = new Set<ByteName>();
  for (const name of names) {
    if (workTree.outside(name)) continue;
    const above = parentOf(name);
    if (above !== undefined && workTree.directoryMode(above) === undefined) {
      const blocking = directoriesAbove([name]).find((at) => workTree.stat(at) !== undefined);
      if (blocking !== undefined) found.add(blocking);
    } else if (workTree.stat(name) !== undefined) {
      found.add(name);
    } else if (workTree.directoryMode(name) !== undefined) {
      for (const below of workTree.walk(name)) found.add(below);
    }
  }
  return [...found];
}

function isBelow(directory: string, file: string): boolean {
  const relative = path.relative(directory, file);
  return relative !== '' && !relative.startsWith('..') && !path.isAbsolute(relative);
}

function cacheName(member: string): string {
  return `git-${digestHex(digestOf(Buffer.from(member))).slice(0, 16)}.cache`;
}
