// Embeddings in the memory of this process: rows of numbers in blocks, so that growing copies nothing, and the exact search over them.
import type { Near } from './contract.ts';
import type { MemoryStatus } from './statuses.ts';
import { statuses } from './statuses.ts';

const BLOCK_ROWS = 1024;
/** The id as text and its entry in the map, about. */
const ROW_OVERHEAD_BYTES = 160;

export class Rows {
  readonly #dimensions: number;
  readonly #blocks: Float32Array[] = [];
  readonly #ids: string[] = [];
  /** Which of `statuses`. */
  readonly #statuses: number[] = [];
  readonly #places = new Map<string, number>();

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
  }

  static bytes(rows: number, dimensions: number): number {
    return rows * (dimensions * 4 + ROW_OVERHEAD_BYTES);
  }

  get count(): number {
    return this.#ids.length;
  }

  get bytes(): number {
    const numbers = this.#blocks.length * BLOCK_ROWS * this.#dimensions * 4;
    return numbers + this.#ids.length * ROW_OVERHEAD_BYTES;
  }

  /** `elements`: as COPY BINARY has them. */
  put(id: string, status: MemoryStatus, elements: Buffer): void {
    let place = this.#places.get(id);
    if (place === undefined) {
      place = this.#ids.length;
      this.#places.set(id, place);
      this.#ids.push(id);
      this.#statuses.push(0);
      if (place % BLOCK_ROWS === 0)
        this.#blocks.push(new Float32Array(BLOCK_ROWS * this.#dimensions));
    }
    this.#statuses[place] = statuses.indexOf(status);
    const row = this.#row(place);
    for (let at = 0; at < row.length; at += 1) row[at] = elements.readFloatBE(at * 8 + 4);
  }

  /** The last row takes its place. */
  remove(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    const last = this.#ids.length - 1;
    const lastId = this.#ids[last] ?? '';
    this.#row(place).set(this.#row(last));
    this.#ids[place] = lastId;
    this.#statuses[place] = this.#statuses[last] ?? 0;
    this.#places.set(lastId, place);
    this.#places.delete(id);
    this.#ids.pop();
    this.#statuses.pop();
    if (last % BLOCK_ROWS === 0) this.#blocks.pop();
  }

  /** Compares rows `from` up to `to` and puts the better ones into `best`, which is in order. */
  search(
    query: Float32Array,
    wanted: readonly boolean[],
    best: Best,
    from: number,
    to: number,
  ): void {
    const dimensions = this.#dimensions;
    for (let place = from; place < Math.min(to, this.#ids.length); place += 1) {
      if (wanted[this.#statuses[place] ?? 0] !== true) continue;
      const block = this.#blocks[Math.floor(place / BLOCK_ROWS)] ?? query;
      best.offer(dot(query, block, (place % BLOCK_ROWS) * dimensions), this.#ids[place] ?? '');
    }
  }

  #row(place: number): Float32Array {
    const start = (place % BLOCK_ROWS) * this.#dimensions;
    const block = this.#blocks[Math.floor(place / BLOCK_ROWS)];
    if (block === undefined) throw new RangeError(`there is no row ${place}`);
    return block.subarray(start, start + this.#dimensions);
  }
}

/** The best so far, in order; the smaller id first where two are equal. */
export class Best {
  readonly #limit: number;
  readonly near: Near[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(score: number, id: string): void {
    const { near } = this;
    // Of an embedding that somebody else wrote, with what is no number: it would stay on top for ever.
    if (Number.isNaN(score)) return;
    const last = near.length < this.#limit ? undefined : near.at(-1);
    if (last !== undefined && !before(score, id, last)) return;
    let at = near.length;
    while (at > 0 && before(score, id, near[at - 1]!)) at -= 1;
    near.splice(at, 0, { id, score });
    if (near.length > this.#limit) near.pop();
  }
}

function before(score: number, id: string, other: Near): boolean {
  return score > other.score || (score === other.score && id < other.id);
}

/** Four sums at a time: the processor does not wait for one addition before the next. */
function dot(query: Float32Array, block: Float32Array, start: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = query.length - (query.length % 4);
  let at = 0;
  for (; at < whole; at += 4) {
    a += query[at]! * block[start + at]!;
    b += query[at + 1]! * block[start + at + 1]!;
    c += query[at + 2]! * block[start + at + 2]!;
    d += query[at + 3]! * block[start + at + 3]!;
  }
  for (; at < query.length; at += 1) a += query[at]! * block[start + at]!;
  return a + b + (c + d);
}
