// The thread that records: takes frames out of their slots, gives them their precision, and appends them. What it dies in the middle of
// is the last record of a journal.
import { workerData } from 'node:worker_threads';
import { plainError, watermarkOver } from '../../thread/index.ts';
import { openRecorder, type Dropped, type Recorder } from '../record/index.ts';
import { createFrameReader } from './frame-reader.ts';
import type { RecorderAnswer, RecorderOrder, RecorderThreadData } from './recorder-messages.ts';

const { port, options, ...counts } = workerData as RecorderThreadData;
const taken = watermarkOver(counts.taken);
const flushed = watermarkOver(counts.flushed);
const reader = createFrameReader(options.fields, options.chunkTicks);
const answer = (one: RecorderAnswer): void => port.postMessage(one);
/** Frames that were taken and could not be written. The next time that the manifest can be written they are told. */
let lost: Dropped[] = [];

let last = openRecorder(options).then(
  (recorder) => {
    answer({ type: 'opened', frames: recorder.frames, lastTick: recorder.lastTick });
    return recorder;
  },
  (error: unknown) => {
    answer({ type: 'refused', error: plainError(error) });
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

async function carryOut(recorder: Recorder, order: RecorderOrder): Promise<void> {
  lost.push(...order.dropped);
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
    const frame = reader.read(packed);
    await tellLost(recorder);
    await recorder.append(frame);
    reader.written();
  } catch (error) {
    lost.push({ ticks: { start: tick, end: tick + 1 }, frames: 1, reason: 'failed' });
    answer({ type: 'failed', tick, error: plainError(error) });
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
    answer({ type: 'flushed', number, error: plainError(error) });
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
    answer({ type: 'closed', error: plainError(error) });
  }
  end();
}

function end(): void {
  flushed.end();
  port.close();
}

async function tellLost(recorder: Recorder): Promise<void> {
  if (lost.length === 0) return;
  const told = lost;
  lost = [];
  try {
    await recorder.drop(...merged(told));
  } catch (error) {
    lost = [...told, ...lost];
    throw error;
  }
}

/** Those that follow each other for one reason are one: a disk that is full for an hour is one line of the manifest. */
function merged(dropped: readonly Dropped[]): readonly Dropped[] {
  const ranges: Dropped[] = [];
  for (const { ticks, frames, reason } of dropped) {
    const before = ranges.at(-1);
    if (before?.reason === reason)
      ranges[ranges.length - 1] = {
        ticks: { start: before.ticks.start, end: ticks.end },
        frames: before.frames + frames,
        reason,
      };
    else ranges.push({ ticks, frames, reason });
  }
  return ranges;
}
