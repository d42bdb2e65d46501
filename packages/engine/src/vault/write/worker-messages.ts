// What goes between the session and its worker threads: orders with what they are given, answers with what came of it. The
// memory of large things changes hands instead of being copied; only what is a small part of a buffer is copied out of it,
// since a buffer goes over as a whole, and others may look at the rest.
import { isFailure, StillpointError, type ErrorCode } from '@stillpoint/core';
import type {
  CompressedChunk,
  FinishedPack,
  JobName,
  Jobs,
  PackDraft,
  PlainChunk,
  Span,
  SpanTask,
} from './jobs.ts';

export type Given<K extends JobName> = Parameters<Jobs[K]>[0];
export type Result<K extends JobName> = ReturnType<Jobs[K]>;

export interface Order {
  readonly number: number;
  readonly job: JobName;
  readonly given: unknown;
}

/** After it a thread gets nothing, and ends. */
export const LAST_ORDER = 'no more';

export interface Answer {
  readonly number: number;
  readonly result?: unknown;
  readonly error?: {
    readonly message: string;
    /** Of the catalogue. */
    readonly code?: ErrorCode;
    readonly data?: Readonly<Record<string, string | number>>;
    /** Of the system, where a file was written. */
    readonly errno?: string;
  };
}

/** Something to send, and the buffers that go over with it. */
export type Moved<T> = readonly [what: T, buffers: ArrayBuffer[]];

/** Smaller buffers may be shared by many. */
const MOVED_FROM_BYTES = 64 * 1024;

export function orderOf(order: Order): Moved<Order> {
  const { job, given } = order;
  if (job === 'compress') {
    return [order, buffersOf((given as readonly PlainChunk[]).map(({ plain }) => plain))];
  }
  if (job === 'open') {
    const { chunks } = given as Given<'open'>;
    return [order, buffersOf(chunks.map(({ stored }) => stored))];
  }
  if (job === 'pack') {
    const { draft } = given as { draft: PackDraft };
    return [order, buffersOf([draft.content, draft.table])];
  }
  const task = apart(given as SpanTask);
  const { content, previous } = task;
  const views = ['bytes' in content ? content.bytes : undefined, previous];
  return [{ ...order, given: task }, buffersOf(views.filter((view) => view !== undefined))];
}

export function answerOf(number: number, job: JobName, result: unknown): Moved<Answer> {
  if (job === 'pack') {
    const { content, table, salt } = result as FinishedPack;
    return [{ number, result }, buffersOf([content, table, salt])];
  }
  if (job === 'compress') {
    const chunks = result as Result<'compress'>;
    return [{ number, result }, buffersOf(chunks.map(({ body }) => body))];
  }
  if (job === 'open') {
    const opened = (result as Result<'open'>).map((one) =>
      typeof one === 'string' || one.byteLength === 0 || one.buffer.byteLength > MOVED_FROM_BYTES
        ? one
        : Uint8Array.from(one),
    );
    // What was written has no bytes, and nothing to be moved.
    const moved = opened.filter((one) => typeof one !== 'string' && one.byteLength > 0);
    return [{ number, result: opened }, buffersOf(moved as readonly Uint8Array[])];
  }
  const { hashes, changed, groupOf, slotOf, groups } = result as Span;
  const span: Span = {
    hashes: ownBuffer(hashes),
    changed,
    groupOf,
    slotOf,
    groups: inOneBuffer(groups),
  };
  const bodies = span.groups.map(({ body }) => body);
  const columns = [changed, groupOf, slotOf].map(({ buffer }) => buffer as ArrayBuffer);
  return [{ number, result: span }, [...buffersOf([span.hashes, ...bodies]), ...columns]];
}

export function refusalOf(number: number, error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error);
  const { code: errno } = error as NodeJS.ErrnoException;
  if (!isFailure(error)) {
    return { number, error: { message, ...(typeof errno === 'string' ? { errno } : {}) } };
  }
  return { number, error: { message, code: error.code, data: error.data } };
}

export function errorOf({ message, code, data, errno }: NonNullable<Answer['error']>): Error {
  if (code !== undefined) return new StillpointError(code, data ?? {});
  return Object.assign(new Error(message), errno === undefined ? {} : { code: errno });
}

/** How much work it is, roughly. */
export function bytesOf<K extends JobName>(job: K, given: Given<K>): number;
export function bytesOf(job: JobName, given: unknown): number {
  if (job === 'pack') return (given as { draft: PackDraft }).draft.content.length;
  if (job === 'open') {
    return (given as Given<'open'>).chunks.reduce((sum, { plainBytes }) => sum + plainBytes, 0);
  }
  if (job === 'compress') {
    return (given as readonly PlainChunk[]).reduce((sum, { plain }) => sum + plain.length, 0);
  }
  const { content } = given as SpanTask;
  return 'bytes' in content ? content.bytes.length : content.length;
}

/** The caller goes on using the hashes of the image before, of which this is a part. */
function apart(task: SpanTask): SpanTask {
  const { content, previous } = task;
  return {
    ...task,
    ...('bytes' in content ? { content: { bytes: ownBuffer(content.bytes) } } : {}),
    ...(previous === undefined ? {} : { previous: Uint8Array.from(previous) }),
  };
}

function ownBuffer(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes);
}

/** Compressors give small pieces of large buffers; what waits for its pack shall take the memory that it has bytes. */
function inOneBuffer(chunks: readonly CompressedChunk[]): CompressedChunk[] {
  const bytes = chunks.reduce((sum, { body }) => sum + body.length, 0);
  const together = new Uint8Array(bytes);
  let filled = 0;
  return chunks.map((chunk) => {
    const body = together.subarray(filled, filled + chunk.body.length);
    body.set(chunk.body);
    filled += body.length;
    return { ...chunk, body };
  });
}

function buffersOf(views: readonly Uint8Array[]): ArrayBuffer[] {
  return [...new Set(views.map(({ buffer }) => buffer as ArrayBuffer))];
}
