// Whether what is live is what a listing says. Content is known by the stat cache; what it does not know is read, but only
// where size, mode, time and owner would fit.
import { pathsBelow, readTarget, type ByteName, type StatCache } from '../../file-tree/index.ts';
import { hashFile } from './content.ts';
import { hasMetadata, hasOwner } from './metadata.ts';
import { filesOf, type ListedEntry, type ListedFile } from './record.ts';
import { linkedNames, type EntryStat, type LiveTree } from './walk.ts';

export interface LikenessOptions {
  readonly directory: string;
  readonly cache: StatCache;
  readonly live: LiveTree;
  readonly listing: readonly ListedEntry[];
}

/** Tells for each entry of the listing whether the live tree, as it was walked, has it. */
export function createLikeness(options: LikenessOptions): (entry: ListedEntry) => Promise<boolean> {
  const { directory, cache, live } = options;
  const at = pathsBelow(directory);
  const wantedNames = new Map(
    filesOf(options.listing).flatMap(({ names }) => names.map((name) => [name, names] as const)),
  );
  const liveNames = linkedNames(live);

  /** A file with several names is right when all of them are, and no other is. */
  function hasNames(name: ByteName, { identity }: EntryStat): boolean {
    const wanted = wantedNames.get(name) ?? [name];
    const found = liveNames.get(identity) ?? [name];
    return (
      found.length === wanted.length &&
      wanted.every((other) => live.get(other)?.identity === identity)
    );
  }

  async function hasContent(
    { path: name, digest, sizeBytes }: ListedFile,
    stat: EntryStat,
  ): Promise<boolean> {
    const remembered = cache.lookup(name, stat);
    if (remembered !== undefined) return remembered.id === digest;
    try {
      return (await hashFile(at(name), sizeBytes)) === digest;
    } catch (error) {
      // A file that nobody may read can still be replaced.
      if ((error as NodeJS.ErrnoException).code === 'EACCES') return false;
      throw error;
    }
  }

  return async (entry) => {
    const stat = live.get(entry.path);
    if (stat === undefined) return false;
    if (entry.type === 'directory') return stat.kind === 'directory' && hasMetadata(stat, entry);
    if (entry.type === 'link')
      return (
        stat.kind === 'link' && readTarget(at(entry.path)) === entry.target && hasOwner(stat, entry)
      );
    return (
      stat.kind === 'file' &&
      stat.sizeBytes === entry.sizeBytes &&
      hasMetadata(stat, entry) &&
      hasNames(entry.path, stat) &&
      (await hasContent(entry, stat))
    );
  };
}
