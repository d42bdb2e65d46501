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
  type StatCache,
} from '../../file-tree/index.ts';
import type { ObjectSink, StreamHints, StreamRef } from '../contract.ts';
import { databasePageBytes } from './database-pages.ts';
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
  /** What the newest capture stored of files that databases keep their pages in. */
  readonly images: ReadonlyMap<ByteName, StreamRef>;
  readonly limitBytes: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface HeldFiles {
  /** Whether a file was read: something had changed since the capture before. */
  hasRead(): boolean;
  /** Before the freeze. undefined: it vanished, or is nothing that is captured. */
  hold(name: ByteName, stat: EntryStat): Promise<Held | undefined>;
  /** Inside the freeze: what was held before if it is provably the same, else into memory. */
  holdNow(name: ByteName, stat: EntryStat, before: Held | undefined): Held | undefined;
  /** After the freeze: where the content is; undefined when it is empty. */
  store(name: ByteName, held: HeldFile): Promise<StreamRef | undefined>;
}

export function createHeldFiles(options: HeldFilesOptions): HeldFiles {
  const { source, cache, sink, limitBytes, now, signal } = options;
  const at = pathsBelow(options.directory);
  const stored = new Map(options.known);
  /** One file is read at a time, and given to the sink before the next. */
  const room = Buffer.allocUnsafeSlow(smallFileBytes + 1);
  let bytesInMemory = 0;
  let hasRead = false;

  async function holdFile(name: ByteName, stat: EntryStat): Promise<Held> {
    const readAtMs = now();
    const remembered = cache.lookup(name, stat);
    // Trusted since it was read; it stays as trustworthy as it was then.
    if (remembered !== undefined && (stat.sizeBytes === 0 || stored.has(remembered.id)))
      return { kind: 'file', stat, readAtMs, digest: remembered.id };
    hasRead = true;
    if (stat.sizeBytes > smallFileBytes) return await holdLarge(name, stat, readAtMs);
    const bytes = readWhole(at(name), room);
    const digest = digestOf(bytes);
    await keep(name, digest, bytes);
    return { kind: 'file', stat, readAtMs, digest };
  }

  function hintsOf(name: ByteName, start: Buffer, sizeBytes: number): StreamHints {
    const pageBytes = databasePageBytes(start, sizeBytes);
    if (pageBytes === undefined) return {};
    const previous = options.images.get(name);
    return previous === undefined ? { pageBytes } : { pageBytes, previous };
  }

  async function keep(name: ByteName, digest: string, bytes: Buffer): Promise<void> {
    if (bytes.length === 0 || stored.has(digest)) return;
    stored.set(digest, await sink.writeStream([bytes], hintsOf(name, bytes, bytes.length)));
  }

  /** Hashed and stored in one reading: of a file that changes meanwhile the digest is still that of what was stored. */
  async function holdLarge(name: ByteName, stat: EntryStat, readAtMs: number): Promise<Held> {
    const hash = createHasher();
    const pieces = readPieces(at(name), signal, room);
    try {
      const first = await pieces.next();
      const start = first.done === true ? Buffer.alloc(0) : first.value;
      async function* hashing(): AsyncGenerator<Buffer> {
        if (first.done === true) return;
        hash.update(start);
        yield start;
        for await (const piece of pieces) {
          hash.update(piece);
          yield piece;
        }
      }
      const ref = await sink.writeStream(hashing(), hintsOf(name, start, stat.sizeBytes));
      const digest = hash.digest();
      if (ref.bytes > 0) stored.set(digest, ref);
      return { kind: 'file', stat, readAtMs, digest };
    } finally {
      await pieces.return(undefined);
    }
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
    hasRead: () => hasRead,
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
    async store(name, { digest, bytes, stat }) {
      if (bytes !== undefined) await keep(name, digest, bytes);
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
