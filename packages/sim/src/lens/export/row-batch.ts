// Rows of many frames, column by column, until there are enough of them to be written.
import type { Cells, Table, TableFrame } from './tables.ts';

/** Rows of one frame that are in the batch. */
export interface Segment {
  readonly tick: number;
  readonly timeSeconds: number;
  /** Which sample is the first of them. */
  readonly firstSample: number;
  readonly rows: number;
}

export interface BatchColumn {
  /** One after the other, those that are null left out. */
  readonly numbers: Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  /** How many of them are filled. */
  readonly filled: number;
  /** Rows that have a number, then rows that are null, and so on by turns. */
  readonly runs: readonly number[];
}

/** Good until the batch is cleared. */
export interface RowBatch {
  readonly run: string;
  readonly rows: number;
  readonly segments: readonly Segment[];
  readonly columns: readonly BatchColumn[];
}

const MOST_ROWS = 64 * 1024;
const MOST_BYTES = 32 * 1024 * 1024;

export interface Batcher {
  /** `write` is called with each batch that is full, before what does not fit is added. */
  add(frame: TableFrame): Promise<void>;
  /** The rest. */
  end(): Promise<void>;
}

/**
 * A batch has rows of one run. A frame is cut only where it alone is more than a batch: so the same samples stand at the same places
 * of every batch, and coordinates that do not move are the same bytes each time.
 */
export function createBatcher(table: Table, write: (batch: RowBatch) => Promise<void>): Batcher {
  const bytesPerRow = table.columns.reduce(
    (sum, { type }) => sum + (type === 'float64' ? 8 : 4),
    0,
  );
  const capacity = Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BYTES / bytesPerRow)));
  const columns = table.columns.map(({ type }) => new GrowingColumn(type, capacity));
  let run = '';
  let rows = 0;
  let segments: Segment[] = [];

  const flush = async (): Promise<void> => {
    if (rows > 0) await write({ run, rows, segments, columns });
    for (const column of columns) column.clear();
    rows = 0;
    segments = [];
  };
  return {
    async add(frame) {
      if (rows > 0 && (frame.run !== run || rows + frame.rows > capacity)) await flush();
      run = frame.run;
      for (let from = 0; from < frame.rows; from += capacity) {
        const count = Math.min(capacity, frame.rows - from);
        if (rows + count > capacity) await flush();
        const { tick, timeSeconds } = frame;
        segments.push({ tick, timeSeconds, firstSample: from, rows: count });
        for (const [at, column] of columns.entries()) column.add(frame.cells[at]!, from, count);
        rows += count;
      }
    },
    end: flush,
  };
}

class GrowingColumn implements BatchColumn {
  readonly numbers: Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  filled = 0;
  runs: number[] = [];

  constructor(type: 'float64' | 'float32', capacity: number) {
    this.numbers = type === 'float64' ? new Float64Array(capacity) : new Float32Array(capacity);
  }

  add({ numbers, at, step, count }: Cells, from: number, rows: number): void {
    const present = Math.min(Math.max(count - from, 0), rows);
    const { numbers: out, filled } = this;
    if (step === 1) out.set(numbers.subarray(from, from + present), filled);
    else
      for (let row = 0; row < present; row += 1)
        out[filled + row] = numbers[(from + row) * step + at] as number;
    this.filled += present;
    this.#extend(0, present);
    this.#extend(1, rows - present);
  }

  /** `kind` 0: rows that have a number. */
  #extend(kind: 0 | 1, rows: number): void {
    if (rows === 0) return;
    if (kind === 1 && this.runs.length === 0) this.runs.push(0);
    if (this.runs.length % 2 === kind) this.runs.push(rows);
    else this.runs[this.runs.length - 1]! += rows;
  }

  clear(): void {
    this.filled = 0;
    this.runs = [];
  }
}
