// Writes to Postgres, and holds still while Stillpoint takes a snapshot: each transaction begins with the shared lock.
import { Client } from 'pg';

const lockKey = process.env['STILLPOINT_LOCK_KEY'] ?? '357896375372';
const client = new Client({ connectionString: process.env['DATABASE_URL'] });
await client.connect();
await client.query('CREATE TABLE IF NOT EXISTS typescript_entry (number bigint)');

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

for (let number = 1; !stop.signal.aborted; number += 1) {
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock_shared($1)', [lockKey]); // first, before anything else
  await client.query('INSERT INTO typescript_entry VALUES ($1)', [number]);
  await client.query('COMMIT');
}
await client.end();
