// The thread that writes checkpoints: does the orders that come, one after the other. What it dies in the middle of is a temporary file.
import { workerData } from 'node:worker_threads';
import { yieldThreadToOthers } from '@stillpoint/core';
import { createCheckpointJob } from './checkpoint-job.ts';
import {
  refusalOf,
  type WriteAnswer,
  type WriteOrder,
  type WriterThreadData,
} from './writer-messages.ts';

const { port, runDirectory, keep, fullEvery } = workerData as WriterThreadData;
// Where processors are scarce the simulation comes first; checkpoints that have no slot then are dropped.
yieldThreadToOthers();
const job = createCheckpointJob({ runDirectory, keep, fullEvery });
let last: Promise<void> = Promise.resolve();

port.on('message', (order: WriteOrder) => {
  last = last.then(async () => {
    port.postMessage(await carryOut(order));
  });
});

async function carryOut({ number, facts, sections }: WriteOrder): Promise<WriteAnswer> {
  try {
    return { number, written: await job.write(facts, sections) };
  } catch (error) {
    return refusalOf(number, error);
  }
}
