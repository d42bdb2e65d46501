// The thread that writes checkpoints: does the orders that come, one after the other. What it dies in the middle of is a temporary file.
import { workerData } from 'node:worker_threads';
import { yieldThreadToOthers } from '@stillpoint/core';
import { plainError, waitForWatermark } from '../thread/index.ts';
import { createCheckpointJob } from './checkpoint-job.ts';
import type { WriteAnswer, WriteOrder, WriterThreadData } from './writer-messages.ts';

const { port, runDirectory, keep, fullEvery } = workerData as WriterThreadData;
// Where processors are scarce the simulation comes first; checkpoints that have no slot then are dropped.
yieldThreadToOthers();
const job = createCheckpointJob({ runDirectory, keep, fullEvery });
/** A disk that takes longer for the frames takes none: the checkpoint is worth more. */
const LENS_LIMIT_MS = 10_000;
let last: Promise<void> = Promise.resolve();

port.on('message', (order: WriteOrder) => {
  last = last.then(async () => {
    port.postMessage(await carryOut(order));
  });
});

async function carryOut({ number, facts, sections, lensGoal }: WriteOrder): Promise<WriteAnswer> {
  try {
    // Blocks this thread, which has nothing else to do: it is the recorder's that is waited for.
    if (lensGoal === undefined || waitForWatermark(lensGoal, LENS_LIMIT_MS))
      return { number, written: await job.write(facts, sections) };
    const written = await job.write({ ...facts, lens: null }, sections);
    return { number, written: { ...written, lensMissed: true } };
  } catch (error) {
    return { number, error: plainError(error) };
  }
}
