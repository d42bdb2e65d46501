// What a checkpoint's file says of itself: header, trailer and table, checked before anything is allocated by them.
import { open, type FileHandle } from 'node:fs/promises';
import { failure, isFailure } from '@stillpoint/core';
import {
  decodeHeader,
  decodeTrailer,
  HEADER_BYTES,
  MAJOR,
  TRAILER_BYTES,
  wholeDigest,
  type Trailer,
} from './layout.ts';
import { readAt } from './read-at.ts';
import { decodeTable, SectionError, type Table } from './table.ts';

/** Of a file's end, read at once: the tables of all but very many sections are shorter, and to wait for a read is what opening costs. */
const END_BYTES = 128 * 1024;

export interface Outline {
  readonly file: string;
  readonly handle: FileHandle;
  readonly table: Table;
  readonly trailer: Trailer;
}

/** Throws CKPT_MISSING, CKPT_UNREADABLE, CKPT_FOREIGN, CKPT_VERSION, CKPT_DAMAGED. The handle is the caller's. */
export async function openOutline(file: string): Promise<Outline> {
  const handle = await openFile(file);
  try {
    const { size } = await handle.stat();
    return { file, handle, ...(await readOutline(handle, file, size)) };
  } catch (error) {
    await handle.close();
    throw asUnreadable(file, error);
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asUnreadable(file, error);
    throw failure('CKPT_MISSING', { file }, error);
  }
}

async function readOutline(
  handle: FileHandle,
  file: string,
  size: number,
): Promise<{ trailer: Trailer; table: Table }> {
  const damaged = (part: string, why: string): Error =>
    failure('CKPT_DAMAGED', { file, part, why });
  const first = await readAt(handle, 0, Math.min(size, HEADER_BYTES));
  const header = decodeHeader(first);
  if ('is' in header) {
    if (header.is === 'foreign') throw failure('CKPT_FOREIGN', { file });
    if (header.is === 'damaged') throw damaged('header', header.why);
    throw failure('CKPT_VERSION', { file, format: header.format, supported: MAJOR });
  }
  if (size < HEADER_BYTES + TRAILER_BYTES) throw damaged('trailer', 'the file ends too early');
  const end = await readAt(handle, Math.max(0, size - END_BYTES), Math.min(size, END_BYTES));
  const trailer = decodeTrailer(end.subarray(-TRAILER_BYTES), size);
  if (typeof trailer === 'string') throw damaged('trailer', trailer);
  const { tableOffset, tableBytes } = trailer;
  const inEnd = tableOffset - (size - end.length);
  const bytes =
    inEnd >= 0
      ? end.subarray(inEnd, inEnd + tableBytes)
      : await readAt(handle, tableOffset, tableBytes);
  if (wholeDigest(first, bytes) !== trailer.digest) throw damaged('table', 'its digest is another');
  try {
    const table = decodeTable(bytes, tableOffset);
    if (table.facts.tick !== header.tick) throw new Error('its tick is not that of the header');
    return { trailer, table };
  } catch (error) {
    const part = error instanceof SectionError ? `section ${error.section}` : 'table';
    throw damaged(part, error instanceof Error ? error.message : String(error));
  }
}

/** What the system refused, as an error that names the file; all else as it is. */
export function asUnreadable(file: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (isFailure(error) || typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  return failure('CKPT_UNREADABLE', { file, why: (error as Error).message }, error);
}
