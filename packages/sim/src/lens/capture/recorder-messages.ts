// What goes between the simulation's thread and the recorder's. Orders are done in their order; each has a number.
import { isFailure, StillpointError, type ErrorCode } from '@stillpoint/core';
import type { MessagePort } from 'node:worker_threads';
import type { Dropped, RecorderOptions } from '../record/index.ts';
import type { PackedFrame } from './slots.ts';

export interface RecorderThreadData {
  readonly port: MessagePort;
  readonly options: RecorderOptions;
  /** Counts frames whose slot is free again, and flushes that are durable. */
  readonly taken: SharedArrayBuffer;
  readonly flushed: SharedArrayBuffer;
}

/** Told before whatever the order asks for: frames that were dropped before it. */
interface After {
  readonly dropped: readonly Dropped[];
}

export type RecorderOrder = After &
  (
    | { readonly type: 'frame'; readonly number: number; readonly frame: PackedFrame }
    | { readonly type: 'flush'; readonly number: number }
    | { readonly type: 'close' }
  );

export type RecorderAnswer =
  | { readonly type: 'opened'; readonly frames: number; readonly lastTick: number }
  /** A frame that could not be written. */
  | { readonly type: 'failed'; readonly tick: number; readonly error: PlainError }
  | { readonly type: 'flushed'; readonly number: number; readonly error?: PlainError }
  | { readonly type: 'closed'; readonly error?: PlainError }
  /** Instead of `opened`. */
  | { readonly type: 'refused'; readonly error: PlainError };

/** An error as it goes between threads. */
export interface PlainError {
  readonly message: string;
  readonly code?: ErrorCode;
  readonly data?: Readonly<Record<string, string | number>>;
  readonly cause?: string;
}

export function plainError(error: unknown): PlainError {
  const message = error instanceof Error ? error.message : String(error);
  if (!isFailure(error)) return { message };
  const { code, data, cause } = error;
  return { message, code, data, ...(cause instanceof Error ? { cause: cause.message } : {}) };
}

export function errorFrom({ message, code, data, cause }: PlainError): Error {
  const because = cause === undefined ? undefined : new Error(cause);
  if (code !== undefined) return new StillpointError(code, data ?? {}, because);
  return new Error(message, because === undefined ? undefined : { cause: because });
}
