// The one read transaction of a view. It begins with the first work; each work runs alone and in a savepoint, so that one
// that fails (a table that may not be read) leaves the transaction usable and other works as they were.
import type { Client } from 'pg';
import { settleSession } from '../schema-digest.ts';

export interface ReadTransaction {
  run<T>(work: (client: Client) => Promise<T>): Promise<T>;
}

// Policies would hide rows without a word; with row_security off they are an error instead.
const BEGIN = `SET row_security = off; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1`;

export function createReadTransaction(client: Client): ReadTransaction {
  let begun: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const begin = async (): Promise<void> => {
    await settleSession(client);
    await client.query(BEGIN);
  };
  const guarded = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    await (begun ??= begin());
    await client.query('SAVEPOINT work');
    try {
      const result = await work(client);
      await client.query('RELEASE SAVEPOINT work');
      return result;
    } catch (error) {
      // When the connection is lost, this is too: the first error tells.
      await client.query('ROLLBACK TO SAVEPOINT work').catch(() => {});
      throw error;
    }
  };
  return {
    run(work) {
      const result = last.then(() => guarded(work));
      last = result.catch(() => {});
      return result;
    },
  };
}
