// One capture of a directory. begin: everything is read that changed since the capture before. mark: a stat of every path,
// and what changed since begin is read into memory. capture: the listing.
import { failure } from '@stillpoint/core';
import { createBreather, type ByteName, type StatCache } from '../../file-tree/index.ts';
import type { BeginOptions, Captured, CaptureSession, StreamRef } from '../contract.ts';
import type { FilesContext } from './context.ts';
import type { Exclusions } from './exclusions.ts';
import {
  changesLimitBytes,
  createHeldFiles,
  type Held,
  type HeldFiles,
  type HeldFilesOptions,
} from './held-files.ts';
import {
  formatListing,
  readListing,
  tryRecord,
  type FilesRecord,
  type ListedEntry,
} from './record.ts';
import { entryStat, linkedNames, type EntryStat, type LiveTree } from './walk.ts';

/** The first reading may take minutes; what changed in that time is read by the second, not inside the freeze. */
const warmUpPasses = 2;

interface Moment {
  readonly root: EntryStat;
  readonly tree: LiveTree;
  readonly held: ReadonlyMap<ByteName, Held>;
}

export async function beginSession(
  context: FilesContext,
  options: BeginOptions,
  limitBytes = changesLimitBytes,
): Promise<CaptureSession> {
  await context.check();
  const { signal, sink } = options;
  const { source, directory } = context;
  const exclusions = context.exclusions();
  const cache = await context.openCache();
  const files = createHeldFiles({
    source,
    directory,
    cache,
    sink,
    ...(await knownContent(context, options)),
    limitBytes,
    now: () => context.clock.now().getTime(),
    signal,
  });
  const warm = await warmUp(context, exclusions, files, signal);
  let moment: Moment | undefined;
  return {
    async mark(signal) {
      moment = await takeMark(context, exclusions, files, warm, signal);
    },
    async capture() {
      if (moment === undefined) throw new TypeError('capture() before mark()');
      const captured = await captureMoment(context, moment, files, options);
      // Only saves the next capture some reading: whatever keeps it from being written does not matter.
      await cache.save(cacheable(moment.held)).catch(() => {});
      return captured;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Contents that the newest capture stored, by their digests, and images by the names of their files. */
async function knownContent(
  { source }: FilesContext,
  { history, source: objects, sink }: BeginOptions,
): Promise<Pick<HeldFilesOptions, 'known' | 'images'>> {
  const known = new Map<string, StreamRef>();
  const images = new Map<ByteName, StreamRef>();
  for await (const json of history) {
    const record = tryRecord(json);
    if (record === undefined || (await sink.has?.(record.listing)) === false) continue;
    for (const entry of await readListing(source, record, objects)) {
      if (entry.type !== 'file' || entry.content === undefined) continue;
      // What was lost from the vault is read and stored anew.
      if ((await sink.has?.(entry.content)) === false) continue;
      known.set(entry.digest, entry.content);
      if (entry.content.pageBytes !== undefined) images.set(entry.path, entry.content);
    }
    break;
  }
  return { known, images };
}

async function warmUp(
  context: FilesContext,
  exclusions: Exclusions,
  files: HeldFiles,
  signal: AbortSignal,
): Promise<ReadonlyMap<ByteName, Held>> {
  let held = new Map<ByteName, Held>();
  const breathe = createBreather(signal);
  for (let pass = 1; pass <= warmUpPasses; pass++) {
    const earlier = held;
    held = new Map();
    for (const [name, stat] of await context.walk(exclusions, signal)) {
      const before = earlier.get(name);
      const found = isSame(before, stat) ? before : await files.hold(name, stat);
      if (found !== undefined) held.set(name, found);
      await breathe();
    }
    // Stats alone take no time in which much could change.
    if (!files.hasRead()) break;
  }
  return held;
}

/** Good enough before the freeze: the mark looks again, and closely. */
function isSame(held: Held | undefined, stat: EntryStat): held is Held {
  return (
    held !== undefined &&
    held.stat.identity === stat.identity &&
    held.stat.ctimeMs === stat.ctimeMs &&
    held.stat.sizeBytes === stat.sizeBytes
  );
}

async function takeMark(
  context: FilesContext,
  exclusions: Exclusions,
  files: HeldFiles,
  warm: ReadonlyMap<ByteName, Held>,
  signal: AbortSignal,
): Promise<Moment> {
  signal.throwIfAborted();
  const { source, directory } = context;
  const tree = await context.walk(exclusions, signal);
  const root = entryStat(directory);
  if (root === undefined) throw failure('FILES_MISSING', { source, directory });
  const held = new Map<ByteName, Held>();
  const breathe = createBreather(signal);
  for (const [name, stat] of tree) {
    const found = files.holdNow(name, stat, warm.get(name));
    if (found !== undefined) held.set(name, found);
    await breathe();
  }
  return { root, tree, held };
}

async function captureMoment(
  context: FilesContext,
  { root, tree, held }: Moment,
  files: HeldFiles,
  { sink }: BeginOptions,
): Promise<Captured> {
  const links = linkNumbers(tree);
  const entries: ListedEntry[] = [];
  let bytesTotal = 0;
  for (const [path, one] of held) {
    const { stat } = one;
    const { mode, mtimeNs, uid, gid } = stat;
    const owned = { path, mode, mtimeNs, uid, gid };
    if (one.kind === 'link') entries.push({ type: 'link', ...owned, target: one.target });
    else if (one.kind === 'directory') entries.push({ type: 'directory', ...owned });
    else {
      const content = await files.store(path, one);
      const sizeBytes = one.bytes?.length ?? stat.sizeBytes;
      const link = links.get(stat.identity);
      const more = {
        ...(content === undefined ? {} : { content }),
        ...(link === undefined ? {} : { link }),
      };
      entries.push({ type: 'file', ...owned, sizeBytes, digest: one.digest, ...more });
      bytesTotal += sizeBytes;
    }
  }
  const listing = await sink.writeStream(formatListing(entries));
  context.marked = {
    listing: listing.digest,
    stats: new Map([...held].map(([name, { stat }]) => [name, stat])),
  };
  const record: FilesRecord = {
    version: 1,
    root: { mode: root.mode, mtime: String(root.mtimeNs), uid: root.uid, gid: root.gid },
    listing,
    bytes: bytesTotal,
    exclude: [...context.exclude],
  };
  return { record: structuredClone(record), strategy: 'files', bytesTotal };
}

/** Only files of which more than one name is captured. */
function linkNumbers(tree: LiveTree): ReadonlyMap<string, number> {
  const shared = [...linkedNames(tree)].filter(([, names]) => names.length > 1);
  const inOrder = shared.map(([identity, names]) => ({ identity, first: names.toSorted()[0]! }));
  inOrder.sort((a, b) => (a.first < b.first ? -1 : 1));
  return new Map(inOrder.map(({ identity }, number) => [identity, number]));
}

function* cacheable(
  held: ReadonlyMap<ByteName, Held>,
): Generator<Parameters<StatCache['save']>[0] extends Iterable<infer Entry> ? Entry : never> {
  for (const [name, entry] of held) {
    if (entry.kind !== 'file') continue;
    yield [name, { stat: entry.stat, id: entry.digest, readAtMs: entry.readAtMs }];
  }
}
