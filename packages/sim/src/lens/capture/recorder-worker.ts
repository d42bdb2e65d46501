// The thread that records: takes frames out of their slots, gives them their precision, and appends them. What it dies in the middle of
// is the last record of a journal.
import { workerData } from 'node:worker_threads';
import { plainError, watermarkOver, type PlainError } from '../../thread/index.ts';
import { mergedGaps, openRecorder, type Dropped, type Recorder } from '../record/index.ts';
import { createFrameReader } from './frame-reader.ts';
import type { RecorderAnswer, RecorderOrder, RecorderThreadData } from './recorder-messages.ts';
import { unlessUnwritable } from './disk-error.ts';

const { port, options, ...counts } = workerData as RecorderThreadData;
const taken = watermarkOver(counts.taken);
const flushed = watermarkOver(counts.flushed);
const readFrame = createFrameReader(options.fields);
const answer = (one: RecorderAnswer): void => port.postMessage(one);
/** Frames that were taken and could not be written. The next time that the manifest can be written they are told. */
let lost: readonly Dropped[] = [];

/** The simulation's thread has it: a thread that is stopped lets go of its own before its last write is through. */
const lock = { [Symbol.asyncDispose]: async (): Promise<void> => {} };
const trouble = (error: unknown): void => answer({ type: 'trouble', error: plain(error) });

let last = openRecorder(options, trouble, lock).then(
  (recorder) => {
    const { frames, lastTick, accountedTick } = recorder;
    answer({ type: 'opened', frames, lastTick, accountedTick });
    return recorder;
  },
  (error: unknown) => {
    answer({ type: 'refused', error: plain(error) });
    end();
    return undefined;
  },
);

port.on('message', (order: RecorderOrder) => {
  last = last.then(async (recorder) => {
    if (recorder !== undefined) await carryOut(recorder, order);
    return recorder;
  });
});

function plain(error: unknown): PlainError {
  return plainError(unlessUnwritable(error, options.directory));
}

async function carryOut(recorder: Recorder, order: RecorderOrder): Promise<void> {
  lost = [...lost, ...order.dropped];
  if (order.type === 'frame') await record(recorder, order);
  else if (order.type === 'flush') await flush(recorder, order.number);
  else await close(recorder);
}

async function record(
  recorder: Recorder,
  { number, frame: packed }: Extract<RecorderOrder, { readonly type: 'frame' }>,
): Promise<void> {
  const { tick } = packed;
  try {
    const frame = readFrame(packed);
    await tellLost(recorder);
    await recorder.append(frame);
  } catch (error) {
    lost = mergedGaps([
      ...lost,
      { ticks: { start: tick, end: tick + 1 }, frames: 1, reason: 'failed' },
    ]);
    answer({ type: 'failed', tick, error: plain(error) });
  }
  taken.raise(number);
}

async function flush(recorder: Recorder, number: number): Promise<void> {
  try {
    await tellLost(recorder);
    await recorder.flush();
    flushed.raise(number);
    answer({ type: 'flushed', number });
  } catch (error) {
    flushed.giveUp(number);
    answer({ type: 'flushed', number, error: plain(error) });
  }
}

async function close(recorder: Recorder): Promise<void> {
  try {
    try {
      await tellLost(recorder);
    } finally {
      await recorder.close();
    }
    answer({ type: 'closed' });
  } catch (error) {
    answer({ type: 'closed', error: plain(error) });
  }
  end();
}

function end(): void {
  flushed.end();
  port.close();
}

async function tellLost(recorder: Recorder): Promise<void> {
  if (lost.length === 0) return;
  // Before it is tried: there may be many of them before the disk takes them.
  lost = mergedGaps(lost);
  await recorder.drop(...lost);
  lost = [];
}
