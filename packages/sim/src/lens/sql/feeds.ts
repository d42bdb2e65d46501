// Frames for DuckDB's thread, from lenses that are read in this one: some at a time, the next while those are worked on.
import type { MessagePort } from 'node:worker_threads';
import type { FieldSamples } from '../contract.ts';
import type { Lens, ReadOptions } from '../read/contract.ts';
import type { FeedAnswer, FeedFrames, FeedOrder, FeedRange } from './messages.ts';

/** Small frames travel together. */
const BATCH_BYTES = 512 * 1024;
const BATCH_FRAMES = 4096;

interface Feed {
  readonly frames: AsyncGenerator<FeedFrames, void>;
  next: Promise<IteratorResult<FeedFrames, void>>;
}

export interface Feeds {
  /** What a statement reads with from now on. */
  begin(options: ReadOptions): void;
  /** Why a feed failed since then: DuckDB tells it in words of its own. */
  readonly failure: unknown;
  end(): void;
}

export function serveFeeds(
  port: MessagePort,
  answered: Int32Array,
  lenses: readonly Lens[],
): Feeds {
  const feeds = new Map<number, Feed>();
  let reading: ReadOptions = {};
  let why: unknown;
  const answer = (one: FeedAnswer, transfer: ArrayBuffer[] = []): void => {
    port.postMessage(one, transfer);
    Atomics.add(answered, 0, 1);
    Atomics.notify(answered, 0);
  };
  const next = async (feed: number): Promise<void> => {
    try {
      const open = feeds.get(feed)!;
      const { value } = await open.next;
      if (value === undefined) return answer({ feed, done: true });
      answer({ feed, frames: value }, buffersOf(value));
      open.next = open.frames.next();
      // Told when it is asked for.
      open.next.catch(() => {});
    } catch (error) {
      why ??= error;
      answer({ feed, failed: error instanceof Error ? error.message : String(error) });
    }
  };
  const close = async (feed: number): Promise<void> => {
    const open = feeds.get(feed);
    feeds.delete(feed);
    await open?.next.catch(() => {});
    await open?.frames.return();
  };
  port.on('message', (order: FeedOrder) => {
    if (order.type === 'close') void close(order.feed);
    else if (order.type === 'next') void next(order.feed);
    else {
      const frames = framesOf(lenses[order.range.run]!, order.range, reading);
      const first = frames.next();
      first.catch(() => {});
      feeds.set(order.feed, { frames, next: first });
    }
  });
  return {
    begin(options) {
      reading = options;
      why = undefined;
    },
    get failure() {
      return why;
    },
    end: () => port.close(),
  };
}

async function* framesOf(
  lens: Lens,
  range: FeedRange,
  options: ReadOptions,
): AsyncGenerator<FeedFrames, void> {
  let batch: Frame[] = [];
  let bytes = 0;
  for await (const frame of eachFrame(lens, range, options)) {
    batch.push(frame);
    bytes += (frame.values?.byteLength ?? 0) + (frame.positions?.byteLength ?? 0);
    if (bytes < BATCH_BYTES && batch.length < BATCH_FRAMES) continue;
    yield together(batch);
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield together(batch);
}

interface Frame {
  readonly tick: number;
  readonly timeSeconds: number;
  readonly count: number;
  readonly values: FieldSamples['values'] | null;
  readonly positions: Float64Array | null;
}

/** Without values nothing is read of fields whose topology says how many samples they have. */
async function* eachFrame(
  lens: Lens,
  { field: name, fromTick: from, toTick: to, values }: FeedRange,
  options: ReadOptions,
): AsyncGenerator<Frame> {
  const { topology } = lens.field(name);
  if (!values && topology.kind !== 'points') {
    const count = (topology.rows ?? 1) * (topology.columns ?? 1);
    for await (const time of lens.frames({ from, to }, options))
      yield { ...time, count, values: null, positions: null };
    return;
  }
  for await (const { tick, simTimeSeconds, fields } of lens.each([name], { from, to }, options)) {
    const { count, values, positions } = fields.get(name)!;
    // Every frame of points has some: they are laid one behind the other.
    const places = topology.kind === 'points' ? (positions ?? new Float64Array(count * 3)) : null;
    yield { tick, timeSeconds: simTimeSeconds, count, values, positions: places };
  }
}

function together(batch: readonly Frame[]): FeedFrames {
  return {
    ticks: Float64Array.from(batch, ({ tick }) => tick),
    timesSeconds: Float64Array.from(batch, ({ timeSeconds }) => timeSeconds),
    counts: Int32Array.from(batch, ({ count }) => count),
    values: joined(batch.map(({ values }) => values)),
    positions: joined(batch.map(({ positions }) => positions)) as Float64Array | null,
  };
}

/** In memory of their own, to be given away. */
function joined(
  parts: readonly (FieldSamples['values'] | null)[],
): Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer> | null {
  const there = parts.filter((part) => part !== null);
  const [first] = there;
  if (first === undefined) return null;
  const length = there.reduce((sum, part) => sum + part.length, 0);
  const whole = first instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
  let at = 0;
  for (const part of there) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function buffersOf({ values, positions }: FeedFrames): ArrayBuffer[] {
  return [values, positions].flatMap((one) => (one === null ? [] : [one.buffer as ArrayBuffer]));
}
