// The application as a snapshot meets it: one program that commits to the SQLite file, and notes how long it waited longest. It
// answers one word at a time over its channel: 'open' begins a window, 'close' ends it and is answered with what was felt.
import { DatabaseSync } from 'node:sqlite';
import type { Felt, WriterTask } from './writer.ts';

const task = JSON.parse(process.argv[2] ?? '') as WriterTask;
const database = new DatabaseSync(task.file, { timeout: 60_000 });
// Without waiting for the disk: its own checkpoints would make longer gaps than anything that is measured here.
database.exec('PRAGMA synchronous = OFF');
const update = database.prepare('UPDATE item SET text = ? WHERE id = ?');
const insert = database.prepare('INSERT INTO entry (text) VALUES (?)');

let window: { longestMs: number; commits: number } | undefined;
/** When the next commit was wanted. */
let dueMs = performance.now();
let numbers = 1;

function commit(): void {
  database.exec('BEGIN IMMEDIATE');
  for (let count = 0; count < 5; count += 1) {
    numbers = (numbers * 48_271) % 2_147_483_647;
    update.run(`changed ${numbers}`, (numbers % task.rows) + 1);
  }
  insert.run(`entry ${numbers}`);
  database.exec('COMMIT');
  const nowMs = performance.now();
  if (window !== undefined) {
    window.longestMs = Math.max(window.longestMs, nowMs - dueMs);
    window.commits += 1;
  }
  dueMs = nowMs + task.everyMs;
}

function write(): void {
  commit();
  // Orders come in between.
  if (task.everyMs === 0) setImmediate(write);
  else setTimeout(write, task.everyMs);
}

process.on('disconnect', () => process.exit(0));
process.on('message', (word) => {
  if (word === 'open') {
    window = { longestMs: 0, commits: 0 };
    process.send?.(window);
    return;
  }
  // The wait that has begun ends with the next commit.
  commit();
  const felt: Felt | undefined = window;
  window = undefined;
  process.send?.(felt ?? { longestMs: 0, commits: 0 });
});
write();
