// A worker process for tests that kill it: node worker.ts JSON. Says "ready" when it claims. For each job it writes one row, in the
// transaction that completes the job.
import { setTimeout as delay } from 'node:timers/promises';
import { openDatabase } from '../../database/index.ts';
import { createQueue } from '../queue.ts';
import { crowdJob, type WorkerArguments } from './crowd-job.ts';

const { at, role, batch, concurrency, handlerMs } = JSON.parse(process.argv[2]!) as WorkerArguments;

const database = await openDatabase({ at, role, connections: concurrency + 2 });
// What is told here is told again by the next claim.
const queue = await createQueue(database);
queue.work(
  crowdJob,
  async (jobs, { transaction }) => {
    await transaction.query('INSERT INTO effects (job) SELECT unnest($1::uuid[])', [
      jobs.map(({ id }) => id),
    ]);
    if (handlerMs > 0) await delay(handlerMs);
  },
  { batch, concurrency },
);
process.stdout.write('ready\n');
// Ends when whoever started it is gone.
process.stdin.resume().on('end', () => process.kill(process.pid, 'SIGKILL'));
