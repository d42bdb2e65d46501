// A base: every file of the data directory as a stream in the vault, and a listing that names them. The same file content is
// stored once, so a second base of a cluster that hardly changed costs little more than reading it.
import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { canonicalBytes, failure, isFailure, type ProgressListener } from '@stillpoint/core';
import * as z from 'zod';
import {
  streamRefSchema,
  type ObjectSink,
  type ObjectSource,
  type StreamHints,
  type StreamRef,
} from '../contract.ts';
import { formatLsn } from './lsn.ts';
import { createPool } from './pool.ts';
import { parseStored, type BaseRef } from './record.ts';
import { takeBaseBackup } from './replication/base-backup.ts';
import type { Connectable } from './session.ts';
import { readTar, type TarEntry } from './tar.ts';

const relativePath = z
  .string()
  .refine(
    (text) =>
      text !== '' && !text.split('/').some((part) => part === '' || part === '.' || part === '..'),
    'a path inside the data directory',
  );
const listing = z.object({
  version: z.literal(1),
  directories: z.array(z.object({ path: relativePath, mode: z.int() })),
  files: z.array(z.object({ path: relativePath, mode: z.int(), content: streamRefSchema })),
});
type Listing = z.infer<typeof listing>;
type ListedFile = Listing['files'][number];

/** Files that are made of pages: of tables and indexes, their free space and visibility maps. */
const RELATION_FILE = /^(?:base\/\d+|global)\/\d+(?:_fsm|_vm)?(?:\.\d+)?$/;

/** Up to this size a file is read whole and stored beside others; larger ones are streamed alone. */
const SMALL_FILE_BYTES = 1024 * 1024;
const SMALL_FILES_AT_ONCE = 16;
const FILES_WRITTEN_AT_ONCE = 4;

export interface StoreBaseOptions {
  readonly label: string;
  readonly incarnation: string;
  readonly sink: ObjectSink;
  readonly source: ObjectSource;
  /** The base before it: only pages that differ from it are stored. May be gone from the vault. */
  readonly previous: BaseRef | undefined;
  readonly pageBytes: number;
  readonly bytesTotal: number;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/** Of a server that runs, or of one that waits in its recovery. */
export async function storeBase(server: Connectable, options: StoreBaseOptions): Promise<BaseRef> {
  const { sink, signal, label } = options;
  const hintsOf = await findHints(options);
  let stored: { readonly listing: Listing; readonly bytes: number } | undefined;
  let manifest: StreamRef | undefined;
  try {
    const result = await takeBaseBackup(server, {
      label,
      signal,
      onArchive: async (tar) => void (stored = await storeFiles(tar, options, hintsOf)),
      onManifest: async (content) => void (manifest = await sink.writeStream(content)),
    });
    if (stored === undefined || manifest === undefined)
      throw new Error('it came without files or manifest');
    return {
      listing: await sink.writeBytes(canonicalBytes(stored.listing)),
      manifest,
      startLsn: formatLsn(result.startLsn),
      stopLsn: formatLsn(result.stopLsn),
      timeline: result.timeline,
      incarnation: options.incarnation,
      bytes: stored.bytes,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (isFailure(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('POSTGRES_BASE_FAILED', { reason }, error);
  }
}

async function storeFiles(
  tar: AsyncIterable<Buffer>,
  { sink, progress, bytesTotal, signal }: StoreBaseOptions,
  hintsOf: (path: string) => StreamHints,
): Promise<{ readonly listing: Listing; readonly bytes: number }> {
  const directories: Listing['directories'] = [];
  const files: ListedFile[] = [];
  const pool = createPool(SMALL_FILES_AT_ONCE);
  let doneBytes = 0;
  const advance = (bytes: number): void => {
    doneBytes += bytes;
    progress({
      type: 'bytes:advanced',
      phase: 'base',
      doneBytes,
      totalBytes: Math.max(bytesTotal, doneBytes),
    });
  };
  const keep = ({ path, mode }: TarEntry, content: StreamRef): void => {
    files.push({ path, mode, content });
    advance(content.bytes);
  };
  try {
    for await (const entry of readTar(tar)) {
      signal.throwIfAborted();
      if (entry.type === 'symlink') throw new Error(`${entry.path} is a symbolic link`);
      if (entry.type === 'directory') {
        directories.push({ path: entry.path, mode: entry.mode });
      } else if (entry.size > SMALL_FILE_BYTES) {
        keep(entry, await sink.writeStream(entry.content, hintsOf(entry.path)));
      } else {
        const content = await readWhole(entry);
        const hints = hintsOf(entry.path);
        await pool.run(async () => {
          const paged = hints.pageBytes !== undefined;
          keep(
            entry,
            await (paged ? sink.writeStream([content], hints) : sink.writeBytes(content)),
          );
        });
      }
    }
  } finally {
    await pool.drain();
  }
  // Small and large files end in any order; the listing of the same files must be the same bytes.
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { listing: { version: 1, directories, files }, bytes: doneBytes };
}

/** What the base before had at the same place. Its listing only saves work: where it is gone, all pages are stored. */
async function findHints({
  previous,
  pageBytes,
  source,
}: StoreBaseOptions): Promise<(path: string) => StreamHints> {
  const before = new Map<string, StreamRef>();
  try {
    const files = previous === undefined ? [] : (await readListing(source, previous.listing)).files;
    for (const { path, content } of files) before.set(path, content);
  } catch (error) {
    if (!isFailure(error)) throw error;
  }
  return (path) => {
    if (!RELATION_FILE.test(path)) return {};
    const ref = before.get(path);
    return ref === undefined ? { pageBytes } : { pageBytes, previous: ref };
  };
}

async function readWhole(entry: TarEntry): Promise<Uint8Array> {
  const whole = new Uint8Array(entry.size);
  let offset = 0;
  for await (const part of entry.content) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export async function readListing(source: ObjectSource, ref: StreamRef): Promise<Listing> {
  const text = Buffer.from(await source.readBytes(ref)).toString('utf8');
  return parseStored(listing, JSON.parse(text));
}

export interface WriteBaseOptions {
  readonly base: BaseRef;
  /** The data directory; made here, must not exist. */
  readonly directory: string;
  readonly source: ObjectSource;
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

/**
 * Writes the files of a base. They are not durable yet: the server that recovers them makes the whole directory
 * durable first (recovery_init_sync_method) and checkpoints at the end.
 */
export async function writeBase(options: WriteBaseOptions): Promise<void> {
  const { base, directory, source, signal, progress } = options;
  const { directories, files } = await readListing(source, base.listing);
  await mkdir(directory, { mode: 0o700 });
  for (const entry of directories.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    await mkdir(path.join(directory, entry.path), { recursive: true, mode: entry.mode });
  }
  const pool = createPool(FILES_WRITTEN_AT_ONCE);
  let doneBytes = 0;
  try {
    for (const file of files) {
      signal.throwIfAborted();
      await pool.run(async () => {
        await writeFileOf(file, path.join(directory, file.path), source);
        doneBytes += file.content.bytes;
        progress({ type: 'bytes:advanced', phase: 'base', doneBytes, totalBytes: base.bytes });
      });
    }
  } finally {
    await pool.drain();
  }
}

/** One writer a file: two would wait for each other at the inode's lock. */
async function writeFileOf(file: ListedFile, to: string, source: ObjectSource): Promise<void> {
  const handle = await open(to, 'wx', file.mode);
  try {
    if (file.content.bytes <= SMALL_FILE_BYTES) {
      await handle.writeFile(await source.readBytes(file.content));
    } else {
      for await (const part of source.readStream(file.content)) await writeAll(handle, part);
    }
  } finally {
    await handle.close();
  }
}

async function writeAll(
  handle: Awaited<ReturnType<typeof open>>,
  bytes: Uint8Array,
): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten;
  }
}
