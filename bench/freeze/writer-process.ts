// The application as the freeze sees it: one client that commits without a pause, in a process of its own so that nothing the
// benchmark does delays it, and a second connection that has the lock for long when told. It answers orders by their number.
import { Client } from 'pg';
import { holdText, transactionText } from './tables.ts';
import type { Order, WriterTask, WindowReport } from './writer.ts';

const task = JSON.parse(process.argv[2] ?? '') as WriterTask;
const lockKey = BigInt(task.lockKey);
process.on('disconnect', () => process.exit(0));

async function connect(): Promise<Client> {
  const client = new Client(task.connection);
  await client.connect();
  return client;
}

const work = await connect();
const holder = await connect();

let going = false;
let wake: () => void = () => {};
/** Resolved after each commit. */
let committed = Promise.withResolvers<void>();
let lastCommitMs = performance.now();
let window: { longestMs: number; commits: number } | undefined;

async function nextCommit(): Promise<void> {
  if (going) await committed.promise;
}

async function obey(order: Order): Promise<WindowReport | undefined> {
  if (order.what === 'go') {
    going = true;
    wake();
    await nextCommit();
  } else if (order.what === 'pause') {
    going = false;
    await committed.promise;
  } else if (order.what === 'hold') {
    await holder.query(holdText(order.holdMs, lockKey));
  } else if (order.what === 'open') {
    await nextCommit();
    window = { longestMs: 0, commits: 0 };
  } else {
    // The gap that is open now ends with the next commit.
    await nextCommit();
    const report = window;
    window = undefined;
    return report;
  }
  return undefined;
}

process.on('message', (message) => {
  const { number, order } = message as { number: number; order: Order };
  void obey(order).then(
    (report) => process.send?.({ number, report }),
    (error: unknown) => process.send?.({ number, error: String(error) }),
  );
});
process.send?.({ number: 0 });

for (;;) {
  if (going) {
    await work.query(transactionText(task.rows, lockKey));
    const nowMs = performance.now();
    if (window !== undefined) {
      window.longestMs = Math.max(window.longestMs, nowMs - lastCommitMs);
      window.commits += 1;
    }
    lastCommitMs = nowMs;
  }
  committed.resolve();
  committed = Promise.withResolvers();
  if (!going) await new Promise<void>((resolve) => void (wake = resolve));
}
