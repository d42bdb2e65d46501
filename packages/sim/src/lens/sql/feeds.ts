// Frames for DuckDB's thread, from lenses that are read in this one: some at a time, the next while those are worked on.
import type { MessagePort } from 'node:worker_threads';
import type { Lens, ReadOptions } from '../read/contract.ts';
import { createBatch, type FedFrame } from './batch.ts';
import type { FeedAnswer, FeedFrames, FeedOrder, FeedRange } from './messages.ts';

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
  const batch = createBatch(lens.field(range.field), range.values);
  for await (const frame of eachFrame(lens, range, options))
    for (let from = 0; from < frame.count;) {
      from = batch.add(frame, from);
      if (batch.isFull) yield batch.take();
    }
  if (!batch.isEmpty) yield batch.take();
}

/** Without values nothing is read of fields whose topology says how many samples they have. */
async function* eachFrame(
  lens: Lens,
  { field: name, fromTick: from, toTick: to, values }: FeedRange,
  options: ReadOptions,
): AsyncGenerator<FedFrame> {
  const { topology } = lens.field(name);
  if (!values && topology.kind !== 'points') {
    const count = (topology.rows ?? 1) * (topology.columns ?? 1);
    for await (const time of lens.frames({ from, to }, options))
      yield { ...time, count, values: null, positions: null };
    return;
  }
  const reading = { ...options, reuse: true };
  for await (const { tick, simTimeSeconds, fields } of lens.each([name], { from, to }, reading))
    yield { tick, timeSeconds: simTimeSeconds, ...fields.get(name)! };
}

function buffersOf({ values, positions }: FeedFrames): ArrayBuffer[] {
  return [values, positions].flatMap((one) => (one === null ? [] : [one.buffer]));
}
