// The content of files on its way into a snapshot. Before the freeze everything goes to the sink; inside the freeze the few
// files that changed since are read into memory, within a bound; after it they are stored.
import { createHasher, digestOf, failure } from '@stillpoint/core';
import {
  isRacy,
  pathsBelow,
  readPieces,
  readTarget,
  readWhole,
  sameStat,
  showName,
  smallFileBytes,
  type ByteName,
  type FsPath,
  type StatCache,
} from '../../file-tree/index.ts';
import type { ObjectSink, StreamRef } from '../contract.ts';
import { entryStat, type EntryStat } from './walk.ts';

export interface HeldFile {
  readonly kind: 'file';
  readonly stat: EntryStat;
  readonly readAtMs: number;
  readonly digest: string;
  /** Only of files read inside the freeze. */
  readonly bytes?: Buffer;
}

export type Held =
  | HeldFile
  | { readonly kind: 'link'; readonly stat: EntryStat; readonly target: ByteName }
  | { readonly kind: 'directory'; readonly stat: EntryStat };

export const changesLimitBytes = 256 * 1024 * 1024;
const attempts = 3;
/** Within one snapshot the clock that stamps files is the one we read: its tick is 10 ms at most. */
const tickMarginMs = 100;

export interface HeldFilesOptions {
  readonly source: string;
  readonly directory: string;
  readonly cache: StatCache;
  readonly sink: ObjectSink;
  /** Where earlier captures stored a content. */
  readonly known: ReadonlyMap<string, StreamRef>;
  readonly limitBytes: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface HeldFiles {
  /** Before the freeze. undefined: it vanished, or is nothing that is captured. */
  hold(name: ByteName, stat: EntryStat): Promise<Held | undefined>;
  /** Inside the freeze: what was held before if it is provably the same, else into memory. */
  holdNow(name: ByteName, stat: EntryStat, before: Held | undefined): Held | undefined;
  /** After the freeze: where the content is; undefined when it is empty. */
  store(held: HeldFile): Promise<StreamRef | undefined>;
}

export function createHeldFiles(options: HeldFilesOptions): HeldFiles {
  const { source, cache, sink, limitBytes, now, signal } = options;
  const at = pathsBelow(options.directory);
  const stored = new Map(options.known);
  let bytesInMemory = 0;

  async function holdFile(name: ByteName, stat: EntryStat): Promise<Held> {
    const readAtMs = now();
    const remembered = cache.lookup(name, stat);
    // Trusted since it was read; it stays as trustworthy as it was then.
    if (remembered !== undefined && (stat.sizeBytes === 0 || stored.has(remembered.id)))
      return { kind: 'file', stat, readAtMs, digest: remembered.id };
    if (stat.sizeBytes > smallFileBytes) return await holdLarge(at(name), stat, readAtMs);
    const bytes = readWhole(at(name));
    const digest = digestOf(bytes);
    await keep(digest, bytes);
    return { kind: 'file', stat, readAtMs, digest };
  }

  async function keep(digest: string, bytes: Buffer): Promise<void> {
    if (bytes.length > 0 && !stored.has(digest)) stored.set(digest, await sink.writeBytes(bytes));
  }

  async function holdLarge(file: FsPath, stat: EntryStat, readAtMs: number): Promise<Held> {
    const hash = createHasher();
    async function* hashing(): AsyncGenerator<Buffer> {
      for await (const piece of readPieces(file, signal)) {
        hash.update(piece);
        yield piece;
      }
    }
    const ref = await sink.writeStream(hashing());
    const digest = hash.digest();
    if (ref.bytes > 0) stored.set(digest, ref);
    return { kind: 'file', stat, readAtMs, digest };
  }

  /** undefined: gone, or replaced by something else, since its stat. */
  function refused(name: ByteName, error: unknown): undefined {
    const { code } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'EINVAL', 'ENXIO'].includes(code ?? ''))
      return undefined;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw failure('FILES_UNREADABLE', { source, file: showName(name) }, error);
  }

  function holdOther(name: ByteName, stat: EntryStat): Held | undefined {
    if (stat.kind === 'link') return { kind: 'link', stat, target: readTarget(at(name)) };
    return stat.kind === 'directory' ? { kind: 'directory', stat } : undefined;
  }

  function readNow(name: ByteName, stat: EntryStat): Held | undefined {
    try {
      if (stat.kind !== 'file') return holdOther(name, stat);
      bytesInMemory += stat.sizeBytes;
      if (bytesInMemory > limitBytes) {
        const limitMb = Math.round(limitBytes / 1024 / 1024);
        throw failure('FILES_CHANGES_TOO_LARGE', { source, limitMb, file: showName(name) });
      }
      const readAtMs = now();
      const bytes = readWhole(at(name));
      return { kind: 'file', stat, readAtMs, digest: digestOf(bytes), bytes };
    } catch (error) {
      return refused(name, error);
    }
  }

  return {
    async hold(name, stat) {
      try {
        return stat.kind === 'file' ? await holdFile(name, stat) : holdOther(name, stat);
      } catch (error) {
        return refused(name, error);
      }
    },
    holdNow(name, found, before) {
      let stat: EntryStat | undefined = found;
      for (let attempt = 1; attempt <= attempts; attempt++) {
        if (stat === undefined || stat.kind === 'special') return undefined;
        if (before?.kind === 'file' && isUnchanged(before, stat)) return { ...before, stat };
        const held = readNow(name, stat);
        if (stat.kind === 'directory') return held;
        const after = entryStat(at(name));
        if (held !== undefined && after !== undefined && sameStat(stat, after)) return held;
        stat = after;
      }
      throw failure('FILES_BUSY', { source, file: showName(name) });
    },
    async store({ digest, bytes, stat }) {
      if (bytes !== undefined) await keep(digest, bytes);
      const ref = stored.get(digest);
      if (ref === undefined && (bytes?.length ?? stat.sizeBytes) > 0)
        throw new TypeError(`content of ${digest} was never stored`);
      return ref;
    },
  };
}

function isUnchanged(held: HeldFile, stat: EntryStat): boolean {
  return sameStat(held.stat, stat) && !isRacy(held.stat, held.readAtMs, tickMarginMs);
}
