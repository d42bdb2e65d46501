// Rows for DuckDB's thread, in memory of their own that is given away: small frames travel together, and of a long one some samples at a
// time, so that it is in memory once.
import type { FieldSamples, LensField } from '../contract.ts';
import { widthOf } from '../journal/index.ts';
import type { FeedFrames } from './messages.ts';

const BATCH_BYTES = 512 * 1024;
const BATCH_FRAMES = 4096;

export interface FedFrame {
  readonly tick: number;
  readonly timeSeconds: number;
  readonly count: number;
  /** Null where only times were asked for. */
  readonly values: FieldSamples['values'] | null;
  readonly positions: Float64Array | null;
}

export interface Batch {
  readonly isEmpty: boolean;
  readonly isFull: boolean;
  /** Samples of the frame from `from` on, as many as there is room for. Returns where it ended. Not where it is full. */
  add(frame: FedFrame, from: number): number;
  /** It is empty then. */
  take(): FeedFrames;
}

export function createBatch(field: LensField, hasValues: boolean): Batch {
  const width = hasValues ? widthOf(field) : 0;
  const Numbers = field.precision.type === 'float64' ? Float64Array : Float32Array;
  const axes = field.topology.kind === 'points' ? 3 : 0;
  const rowBytes = width * Numbers.BYTES_PER_ELEMENT + axes * 8;
  const mostRows = rowBytes === 0 ? Infinity : Math.max(1, Math.floor(BATCH_BYTES / rowBytes));
  let parts: { tick: number; timeSeconds: number; first: number; rows: number }[] = [];
  let rows = 0;
  let values: FeedFrames['values'] = null;
  let positions: FeedFrames['positions'] = null;
  return {
    get isEmpty() {
      return parts.length === 0;
    },
    get isFull() {
      return rows >= mostRows || parts.length >= BATCH_FRAMES;
    },
    add({ tick, timeSeconds, count, ...frame }, from) {
      const to = Math.min(count, from + mostRows - rows);
      if (width > 0) {
        values ??= new Numbers(mostRows * width);
        values.set(frame.values!.subarray(from * width, to * width), rows * width);
      }
      if (axes > 0) {
        positions ??= new Float64Array(mostRows * axes);
        // Every frame of points has some: they are laid one behind the other.
        if (frame.positions !== null)
          positions.set(frame.positions.subarray(from * axes, to * axes), rows * axes);
      }
      parts.push({ tick, timeSeconds, first: from, rows: to - from });
      rows += to - from;
      return to;
    },
    take() {
      const taken = {
        ticks: Float64Array.from(parts, ({ tick }) => tick),
        timesSeconds: Float64Array.from(parts, ({ timeSeconds }) => timeSeconds),
        firstSamples: Int32Array.from(parts, ({ first }) => first),
        counts: Int32Array.from(parts, (part) => part.rows),
        values,
        positions,
      };
      parts = [];
      rows = 0;
      values = null;
      positions = null;
      return taken;
    },
  };
}
