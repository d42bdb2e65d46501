// The driver by URL under the shared suite, on a real server.
import { after, test } from 'node:test';
import { driverSuite, type DriverHarness } from '../../testkit/driver-suite.ts';
import { createPostgresByUrlDriver } from './driver.ts';
import { driverOptions, findServerPrograms, startTestServer, withUrl } from './testing.ts';

const programs = await findServerPrograms();
const server = programs === undefined ? undefined : await startTestServer(programs);
after(async () => server?.[Symbol.asyncDispose]());

let databases = 0;

const contentOf = (url: string): Promise<string> =>
  withUrl(url, async (client) => {
    const { rows } = await client.query<{ content: string }>(
      `SELECT coalesce(string_agg(id || '=' || word, ',' ORDER BY id), '') AS content FROM notes`,
    );
    return rows[0]!.content;
  });

async function makeHarness(): Promise<DriverHarness> {
  const name = `shop${(databases += 1)}`;
  await server!.createDatabase(name);
  const url = server!.url(name);
  await withUrl(url, async (client) => {
    await client.query(
      'CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text)',
    );
    await client.query(`INSERT INTO notes (word) VALUES ('one')`);
  });
  return {
    driver: async () => createPostgresByUrlDriver(driverOptions(server!, url)),
    async driverOnNothing() {
      const empty = server!.url(`${name}_elsewhere`);
      const options = driverOptions(server!, empty, { project: 'another' });
      return {
        driver: createPostgresByUrlDriver(options),
        async content() {
          return contentOf(empty);
        },
      };
    },
    change: () =>
      withUrl(url, async (client) => {
        await client.query(`INSERT INTO notes (word) VALUES ('more')`);
      }),
    content: () => contentOf(url),
    async [Symbol.asyncDispose]() {},
  };
}

if (server === undefined) test('a server by URL', { skip: 'no PostgreSQL server is installed' });
else driverSuite({ test, factory: makeHarness });
