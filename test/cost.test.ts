// Cost follows change: what a snapshot stores after 1,000 transactions is a small part of what the first one stored. In bytes;
// the time is measured against peers by `npm run bench -- freeze`. Scattered as they are, most of them write a whole page to the
// WAL: the database is large enough for that to be little.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProject } from './fixture/project.ts';

interface Taken {
  readonly sources: readonly { readonly name: string; readonly bytesStored: number }[];
}

const storedBy = ({ sources }: Taken): number =>
  sources.reduce((sum, { bytesStored }) => sum + bytesStored, 0);

test('a snapshot after 1,000 transactions stores at most a fifth of the first, and one after none next to nothing', async () => {
  await using project = await createProject({ extensions: [] });
  await project.stillpoint(['db', 'start']);
  const client = await project.connect();
  await client.query(
    `CREATE TABLE account (n int PRIMARY KEY, balance int NOT NULL, filler text NOT NULL) WITH (fillfactor = 90);
     INSERT INTO account SELECT n, 0, md5(n::text) || md5((-n)::text) FROM generate_series(1, 600000) n`,
  );
  const first = storedBy(await project.json<Taken>(['snapshot']));
  for (let n = 0; n < 1000; n += 1) {
    await client.query('UPDATE account SET balance = balance + 1 WHERE n = $1', [
      1 + ((n * 7919) % 600_000),
    ]);
  }
  const second = storedBy(await project.json<Taken>(['snapshot']));
  assert.ok(second <= first * 0.2, `${second} of ${first} bytes`);
  const third = storedBy(await project.json<Taken>(['snapshot']));
  assert.ok(third <= first * 0.02, `nothing was written: ${third} of ${first} bytes`);
  await client.end();
});
