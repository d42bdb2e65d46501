// The freezer of the lock's death tests: runs in a process of its own and freezes by the advisory lock alone.
import { Client } from 'pg';
import { runFreezer } from '../../../freeze/testing/freezer.ts';
import { createAdvisoryLockParticipant } from '../advisory-lock.ts';

export interface LockFreezerArguments {
  readonly url: string;
  readonly databases: readonly string[];
  readonly key: string;
  readonly budgetMs: number;
  readonly resumesDirectory: string;
}

const given = JSON.parse(process.argv[2] ?? '') as LockFreezerArguments;
const participant = createAdvisoryLockParticipant({
  name: 'database',
  guards: '*',
  key: BigInt(given.key),
  databases: async () => given.databases,
  async connect(database, application_name) {
    const url = new URL(given.url);
    url.pathname = `/${database}`;
    const client = new Client({ connectionString: url.href, application_name });
    await client.connect();
    return client;
  },
});
await runFreezer([participant], given);
