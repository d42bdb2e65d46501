// The content of work files on its way into a snapshot. Before the freeze everything that the packs will not hold goes to the
// sink; inside the freeze the few files that changed since are read into memory, within a bound; after it they are stored.
import { failure } from '@stillpoint/core';
import { digestOf } from '@stillpoint/core';
import type { ObjectSink, StreamRef } from '../sources/contract.ts';
import { blobId, createBlobHash, hashLarge } from './content.ts';
import {
  type ByteName,
  type FileStat,
  type FsPath,
  readPieces,
  readTarget,
  readWhole,
  showName,
  smallFileBytes,
  type StatCache,
} from '../file-tree/index.ts';
import type { ObjectFormat } from './repository.ts';
import { isAbsent } from './state-files.ts';

export type Held =
  | {
      readonly kind: 'link';
      readonly stat: FileStat;
      readonly readAtMs: number;
      readonly target: ByteName;
    }
  | {
      readonly kind: 'file';
      readonly stat: FileStat;
      readonly readAtMs: number;
      readonly id: string;
      readonly digest?: string;
      /** Only of files read inside the freeze. */
      readonly bytes?: Buffer;
    };

export const changesLimitBytes = 256 * 1024 * 1024;

export interface HeldContentOptions {
  readonly member: string;
  readonly format: ObjectFormat;
  readonly at: (name: ByteName) => FsPath;
  readonly cache: StatCache;
  readonly sink: ObjectSink;
  /** Ids that the packs of this capture hold. */
  readonly packed: ReadonlySet<string>;
  /** Where the capture before stored an id. */
  readonly known: ReadonlyMap<string, StreamRef>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export interface HeldContent {
  /** Before the freeze. undefined: it vanished. */
  hold(name: ByteName, stat: FileStat): Promise<Held | undefined>;
  /** Inside the freeze: into memory. */
  holdNow(name: ByteName, stat: FileStat): Held | undefined;
  /** After the freeze: where the content is; undefined when the packs hold it (or it is empty). */
  store(held: Held & { kind: 'file' }, packed: ReadonlySet<string>): Promise<StreamRef | undefined>;
  /** Forgets what an attempt of the mark took into memory. */
  forgetBytes(): void;
}

const lockNames = new Set([
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'uv.lock',
  'poetry.lock',
  'Pipfile.lock',
  'requirements.txt',
  'Cargo.lock',
  'go.sum',
  'Gemfile.lock',
  'composer.lock',
]);

/** Lockfiles of package managers, not deeper than three directories. */
export function isDependencyLock(name: ByteName): boolean {
  const parts = name.split('/');
  return parts.length <= 4 && lockNames.has(parts.at(-1) ?? '');
}

export function createHeldContent(options: HeldContentOptions): HeldContent {
  const { member, format, at, cache, sink, signal } = options;
  const stored = new Map(options.known);
  let bytesInMemory = 0;

  function needsStoring(id: string, sizeBytes: number): boolean {
    return sizeBytes > 0 && !options.packed.has(id) && !stored.has(id);
  }

  async function holdFile(name: ByteName, stat: FileStat): Promise<Held> {
    const readAtMs = options.now();
    const remembered = cache.lookup(name, stat);
    const useful =
      remembered !== undefined && (remembered.digest !== undefined || !isDependencyLock(name));
    if (useful && !needsStoring(remembered.id, stat.sizeBytes)) {
      // Trusted since it was read; it stays as trustworthy as it was then.
      return { kind: 'file', ...remembered, stat, readAtMs };
    }
    if (stat.sizeBytes > smallFileBytes) return await holdLarge(name, stat, readAtMs);
    const content = readWhole(at(name));
    const id = blobId(format, content);
    if (needsStoring(id, content.byteLength)) stored.set(id, await sink.writeBytes(content));
    const digest = isDependencyLock(name) ? { digest: digestOf(content) } : {};
    return { kind: 'file', stat, readAtMs, id, ...digest };
  }

  async function holdLarge(name: ByteName, stat: FileStat, readAtMs: number): Promise<Held> {
    const { id, digest } = await hashLarge(format, at(name), stat.sizeBytes, signal);
    if (!needsStoring(id, stat.sizeBytes)) return { kind: 'file', stat, readAtMs, id, digest };
    const hash = createBlobHash(format, stat.sizeBytes);
    async function* hashing(): AsyncGenerator<Buffer> {
      for await (const piece of readPieces(at(name), signal)) {
        hash.update(piece);
        yield piece;
      }
    }
    // If it changed between the two readings its stat did too, and the mark reads it again.
    const ref = await sink.writeStream(hashing());
    const storedId = hash.digest('hex');
    stored.set(storedId, ref);
    return storedId === id
      ? { kind: 'file', stat, readAtMs, id, digest }
      : { kind: 'file', stat, readAtMs, id: storedId };
  }

  function guarded(name: ByteName, error: unknown): undefined {
    const { code } = error as NodeJS.ErrnoException;
    // Gone, or replaced by something else, since its stat: whoever asked will see that.
    if (isAbsent(error) || code === 'ELOOP' || code === 'EISDIR' || code === 'EINVAL')
      return undefined;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    throw failure('MEMBER_UNREADABLE', { member, file: showName(name) }, error);
  }

  function holdLink(name: ByteName, stat: FileStat): Held {
    return { kind: 'link', stat, readAtMs: options.now(), target: readTarget(at(name)) };
  }

  return {
    async hold(name, stat) {
      try {
        return stat.kind === 'link' ? holdLink(name, stat) : await holdFile(name, stat);
      } catch (error) {
        return guarded(name, error);
      }
    },
    holdNow(name, stat) {
      try {
        if (stat.kind === 'link') return holdLink(name, stat);
        bytesInMemory += stat.sizeBytes;
        if (bytesInMemory > changesLimitBytes) {
          const limitMb = changesLimitBytes / 1024 / 1024;
          throw failure('MEMBER_CHANGES_TOO_LARGE', { member, limitMb });
        }
        const readAtMs = options.now();
        const bytes = readWhole(at(name));
        return { kind: 'file', stat, readAtMs, id: blobId(format, bytes), bytes };
      } catch (error) {
        return guarded(name, error);
      }
    },
    async store({ id, stat, bytes }, packed) {
      const sizeBytes = bytes?.byteLength ?? stat.sizeBytes;
      if (sizeBytes === 0 || packed.has(id)) return undefined;
      const ref = stored.get(id);
      if (ref !== undefined) return ref;
      if (bytes === undefined) throw new TypeError(`content of ${id} was never stored`);
      const fresh = await sink.writeBytes(bytes);
      stored.set(id, fresh);
      return fresh;
    },
    forgetBytes() {
      bytesInMemory = 0;
    },
  };
}
