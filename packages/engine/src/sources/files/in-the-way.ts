// Whether a record can be put back, asked before anything is touched. What no snapshot holds (sockets, excluded files) is never
// removed; so where it stands in the place of something else the restore cannot go on.
import { lstat } from 'node:fs/promises';
import { failure } from '@stillpoint/core';
import { parentOf, showName, type ByteName } from '../../file-tree/index.ts';
import type { FilesContext } from './context.ts';
import type { FilesRecord, ListedEntry } from './record.ts';

/** Throws FILES_IN_THE_WAY and FILES_BEHIND_LINK. */
export async function refuseWhatIsInTheWay(
  context: FilesContext,
  record: FilesRecord,
  listing: readonly ListedEntry[],
): Promise<void> {
  const { source, directory } = context;
  await context.refuseWay();
  const there = await lstat(directory).catch(() => undefined);
  if (there === undefined) return;
  if (!there.isDirectory())
    throw failure('FILES_IN_THE_WAY', { source, what: `${directory} is no directory` });
  const exclusions = context.exclusions(record.exclude);
  const wanted = new Map(
    listing.flatMap((entry) => (exclusions.excludes(entry.path) ? [] : [[entry.path, entry]])),
  );
  const live = await context.walk(exclusions);
  const special = [...live].find(([name, { kind }]) => kind === 'special' && wanted.has(name));
  if (special !== undefined) {
    const what = `${showName(special[0])} is a socket, a pipe or a device now`;
    throw failure('FILES_IN_THE_WAY', { source, what });
  }
  const goes = ([name, { kind }]: readonly [ByteName, { readonly kind: string }]) =>
    kind === 'directory' && (wanted.get(name)?.type ?? 'directory') !== 'directory';
  const blocked = new Set([...live].filter(goes).map(([name]) => name));
  if (blocked.size === 0) return;
  for (const [name, { kind }] of await context.walk({ excludes: () => false })) {
    const above = outermost(name, blocked);
    if (above === undefined || (kind !== 'special' && !exclusions.excludes(name))) continue;
    const what = `${showName(above)} is a directory now and holds ${showName(name)}, which is in no snapshot`;
    throw failure('FILES_IN_THE_WAY', { source, what });
  }
}

function outermost(name: ByteName, among: ReadonlySet<ByteName>): ByteName | undefined {
  for (let at = parentOf(name); at !== undefined; at = parentOf(at)) if (among.has(at)) return at;
  return undefined;
}
