// What goes between the simulation's thread and the recorder's. Orders are done in their order; each has a number.
import type { MessagePort } from 'node:worker_threads';
import type { PlainError } from '../../thread/index.ts';
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
  | {
      readonly type: 'opened';
      readonly frames: number;
      readonly lastTick: number;
      readonly accountedTick: number;
    }
  /** What lost no frame. */
  | { readonly type: 'trouble'; readonly error: PlainError }
  /** A frame that could not be written. */
  | { readonly type: 'failed'; readonly tick: number; readonly error: PlainError }
  | { readonly type: 'flushed'; readonly number: number; readonly error?: PlainError }
  | { readonly type: 'closed'; readonly error?: PlainError }
  /** Instead of `opened`. */
  | { readonly type: 'refused'; readonly error: PlainError };
