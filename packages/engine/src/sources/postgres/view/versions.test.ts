// Two views must choose the same sample whatever server they look at: here our own and Debian's, of another version and with
// another encoding.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Client } from 'pg';
import type { DatabaseView } from '../../contract.ts';
import { findServerPrograms, startTestServer } from '../by-url/testing.ts';
import { connectApplication, removePlace, startThrowawayCluster } from '../testing.ts';
import { createPostgresView } from './index.ts';

after(removePlace);

const programs = await findServerPrograms();
const skip = programs === undefined ? 'no Postgres of Debian is installed' : false;

const KEYED = `
  CREATE TABLE keyed (word text, at timestamptz, n float8, d numeric, b bytea, u uuid, v text, PRIMARY KEY (word, at, n, d, b, u));
  INSERT INTO keyed SELECT 'Wört "' || g || '\\''', 'epoch'::timestamptz + g * interval '1.5 hours', g / 7.0, g / 100.0,
    decode(lpad(to_hex(g), 8, '0'), 'hex'), md5(g::text)::uuid, 'v' FROM generate_series(1, 500) g;
  CREATE INDEX keyed_n ON keyed (n) WHERE n > 1;
  CREATE TABLE loose (a text, b int); INSERT INTO loose SELECT nullif('é' || g % 50, 'é7'), g FROM generate_series(1, 500) g`;

async function look(client: Client): Promise<unknown> {
  // What an application may have set for its role must make no difference.
  await client.query(
    "SET timezone = 'Asia/Tokyo'; SET bytea_output = 'escape'; SET datestyle = 'German'",
  );
  const view: DatabaseView = createPostgresView({ client, database: 'same' });
  const found: Record<string, readonly string[]> = {};
  for (const { schema, name } of await view.tables()) {
    const keys: string[] = [];
    for await (const { key } of view.rows({ schema, name }, { oneIn: 5 })) keys.push(key);
    assert.ok(keys.length > 50 && keys.length < 200, `${keys.length} of ${name}`);
    found[name] = keys.toSorted();
  }
  // Sizes depend on the server.
  const tables = (await view.tables()).map(({ bytes, ...table }) => [table, bytes! > 0]);
  return { tables, found };
}

test(
  'views on servers of another version and encoding describe and sample alike',
  { skip },
  async () => {
    await using ours = await startThrowawayCluster();
    await using theirs = await startTestServer(programs!);
    const here = await connectApplication(ours.cluster);
    await here.query(KEYED);
    const admin = await theirs.admin();
    await admin.query("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    const there = await theirs.admin('latin');
    await there.query(KEYED);
    assert.deepEqual(await look(there), await look(here));
    await here.end();
  },
);
