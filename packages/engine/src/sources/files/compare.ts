// What restoring a record would change in the directory, for people. Reads only.
import { countText, type Json } from '@stillpoint/core';
import { createBreather, showName, type ByteName } from '../../file-tree/index.ts';
import type { Change, ObjectSource } from '../contract.ts';
import type { FilesContext } from './context.ts';
import { refuseWhatIsInTheWay } from './in-the-way.ts';
import { createLikeness } from './likeness.ts';
import { parseRecord, readListing } from './record.ts';

const shownNames = 5;

export async function compareWith(
  context: FilesContext,
  json: Json,
  source: ObjectSource,
  signal: AbortSignal,
): Promise<Change> {
  const record = parseRecord(context.source, json);
  const all = await readListing(context.source, record, source);
  await refuseWhatIsInTheWay(context, record, all);
  const exclusions = context.exclusions(record.exclude);
  const listing = all.filter(({ path }) => !exclusions.excludes(path));
  const live = (await context.exists()) ? await context.walk(exclusions, signal) : new Map();
  const cache = await context.openCache();
  const isRight = createLikeness({ directory: context.directory, cache, live, listing });
  const wanted = new Set(listing.map(({ path }) => path));
  const changed: ByteName[] = [];
  const added: ByteName[] = [];
  const breathe = createBreather(signal);
  for (const entry of listing) {
    await breathe();
    // A directory's time changes with what it holds, which is named itself.
    if (!live.has(entry.path)) added.push(entry.path);
    else if (entry.type !== 'directory' && !(await isRight(entry))) changed.push(entry.path);
  }
  const removed = [...live].flatMap(([name, { kind }]) =>
    kind === 'special' || wanted.has(name) ? [] : [name],
  );
  const count = changed.length + added.length + removed.length;
  return {
    summary: count === 0 ? 'nothing changes' : countText(count, 'file changes', 'files change'),
    details: Object.entries({ changed, added, removed }).flatMap(([word, names]) =>
      names.length === 0 ? [] : [`${word}: ${shown(names)}`],
    ),
  };
}

function shown(names: readonly ByteName[]): string {
  const more = names.length > shownNames ? `, and ${names.length - shownNames} more` : '';
  return names.slice(0, shownNames).map(showName).join(', ') + more;
}
