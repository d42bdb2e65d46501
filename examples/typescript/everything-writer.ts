// Writes the same counter to Postgres, to a file and to a git commit. All three happen under one shared lock, so a
// snapshot has all of them or none. The lock lasts as long as its transaction: whatever must match, do it in between.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Client } from 'pg';

const lockKey = process.env['STILLPOINT_LOCK_KEY'] ?? '357896375372';
const client = new Client({ connectionString: process.env['DATABASE_URL'] });
await client.connect();
await client.query('CREATE TABLE IF NOT EXISTS counter (value bigint)');

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

for (let value = 1; !stop.signal.aborted; value += 1) {
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock_shared($1)', [lockKey]);
  await client.query('INSERT INTO counter VALUES ($1)', [value]);
  writeFileSync('counter.txt', `${value}\n`); // in the current directory, a git repository
  execFileSync('git', ['add', 'counter.txt']);
  execFileSync('git', ['commit', '--quiet', '--message', `counter ${value}`]);
  await client.query('COMMIT');
}
await client.end();
