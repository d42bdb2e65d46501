// The managed driver under the shared suite, on real clusters.
import { test } from 'node:test';
import { systemClock } from '@stillpoint/core';
import { driverSuite, type DriverHarness } from '../testkit/driver-suite.ts';
import type { Cluster } from './cluster/contract.ts';
import { createManagedPostgresDriver } from './driver.ts';
import { never, openThrowawayCluster, holdThrowawayCluster, withDatabase } from './testing.ts';

const contentOf = (cluster: Cluster): Promise<string> =>
  withDatabase(cluster, async (client) => {
    const { rows } = await client.query<{ content: string }>(
      `SELECT coalesce(string_agg(id || '=' || word, ',' ORDER BY id), '') AS content FROM notes`,
    );
    return rows[0]!.content;
  });

/** One cluster for all tests: the suite compares states with each other, so each test may begin where the last one ended. */
const cluster = await holdThrowawayCluster();
await withDatabase(cluster, async (client) => {
  await client.query('CREATE TABLE notes (id int PRIMARY KEY, word text NOT NULL)');
  await client.query(`INSERT INTO notes VALUES (1, 'one')`);
});

async function makeHarness(): Promise<DriverHarness> {
  await cluster.start(never);
  const resources = new AsyncDisposableStack();
  return {
    driver: async () => createManagedPostgresDriver({ name: 'db', cluster, clock: systemClock }),
    async driverOnNothing() {
      const { cluster: empty } = resources.use(openThrowawayCluster());
      return {
        driver: createManagedPostgresDriver({ name: 'db', cluster: empty, clock: systemClock }),
        content: () => contentOf(empty),
      };
    },
    change: () =>
      withDatabase(cluster, async (client) => {
        await client.query(`INSERT INTO notes SELECT max(id) + 1, 'more' FROM notes`);
      }),
    content: () => contentOf(cluster),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

driverSuite({ test, factory: makeHarness });
