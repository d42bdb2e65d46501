// A worker thread of the vault: does the jobs that come, one after the other, until it is told that no more come (workers.ts).
import { parentPort } from 'node:worker_threads';
import { jobsHere } from './jobs-here.ts';
import {
  answerOf,
  LAST_ORDER,
  refusalOf,
  type Answer,
  type Moved,
  type Order,
} from './worker-messages.ts';

parentPort?.on('message', (order: Order | typeof LAST_ORDER) => {
  if (order === LAST_ORDER) {
    // Nothing else keeps the thread.
    parentPort?.close();
    return;
  }
  const [answer, buffers] = carryOut(order);
  parentPort?.postMessage(answer, buffers);
});

function carryOut({ number, job, given }: Order): Moved<Answer> {
  try {
    const work = jobsHere[job] as (given: unknown) => unknown;
    return answerOf(number, job, work(given));
  } catch (error) {
    return [refusalOf(number, error), []];
  }
}
