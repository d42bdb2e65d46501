// A restore killed at any point ends, carried on by another process, in all of the one database or all of the other.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silent, type SnapshotId } from '@stillpoint/core';
import { sourceFlags } from '../cluster/testing.ts';
import { createPostgresByUrlDriver } from './driver.ts';
import { driverOptions, withUrl, openServerOfTests } from './testing.ts';
import type { Journaled, RestorerArguments } from './testing/restorer.ts';

const { server, skip } = await openServerOfTests();

const restorer = fileURLToPath(new URL('testing/restorer.ts', import.meta.url));
let databases = 0;

interface Died {
  readonly name: string;
  readonly url: string;
  /** undefined: it had prepared nothing yet that a journal would know. */
  readonly journaled: Journaled | undefined;
}

async function dieAt(point: string): Promise<Died> {
  const name = `mortal${(databases += 1)}`;
  await server.createDatabase(name);
  const url = server.url(name);
  await withUrl(url, (client) =>
    client.query(
      `CREATE TABLE t AS SELECT 1 AS n; CREATE SEQUENCE s; COMMENT ON DATABASE ${name} IS 'mine'`,
    ),
  );
  const given: RestorerArguments = { url, directory: server.directory, point };
  const { signal, stdout } = await new Promise<{ signal: string | null; stdout: string }>(
    (resolve) => {
      const child = execFile(
        process.execPath,
        [...sourceFlags, restorer, JSON.stringify(given)],
        (_error, out, err) => resolve({ signal: child.signalCode, stdout: out + err }),
      );
    },
  );
  assert.equal(signal, 'SIGKILL', `it did not come to "${point}": ${stdout}`);
  return { name, url, journaled: stdout === '' ? undefined : (JSON.parse(stdout) as Journaled) };
}

interface State {
  readonly rows: number;
  readonly comment: string | null;
  /** Databases of the name, live one included. */
  readonly databases: number;
}

async function lookAt({ name, url }: Died): Promise<State> {
  return withUrl(url, async (client) => {
    const { rows } = await client.query<State>(
      `SELECT (SELECT count(*)::int FROM t) AS rows, shobj_description(oid, 'pg_database') AS comment,
         (SELECT count(*)::int FROM pg_database WHERE datname LIKE $1 || '\\_%' OR datname = $1) AS databases
        FROM pg_database WHERE datname = $1`,
      [name],
    );
    return rows[0]!;
  });
}

const then = { rows: 1, comment: 'mine' };
const now = { rows: 2, comment: 'mine' };
const patience = { progress: silent };

for (const point of ['created', 'marked', 'filled']) {
  test(`killed while preparing (${point}): what was made is dropped`, { skip }, async () => {
    const died = await dieAt(point);
    assert.equal(died.journaled, undefined);
    assert.deepEqual(await lookAt(died), { ...now, databases: 2 });
    const driver = createPostgresByUrlDriver(driverOptions(server, died.url));
    await driver.abandon();
    await driver.abandon();
    assert.deepEqual(await lookAt(died), { ...now, databases: 1 });
  });
}

test(
  'killed when closed, before any switch: opened again, and nothing is left beside it',
  { skip },
  async () => {
    const died = await dieAt('closed');
    await assert.rejects(lookAt(died), /not currently accepting connections/);
    const driver = createPostgresByUrlDriver(driverOptions(server, died.url));
    assert.equal(await driver.exists(), true);
    await driver.open();
    await driver.abandon();
    assert.deepEqual(await lookAt(died), { ...now, databases: 1 });
  },
);

for (const point of ['between renames', 'before commit', 'switched']) {
  for (const direction of ['forward', 'back'] as const) {
    test(`killed while switching (${point}), carried ${direction}`, { skip }, async () => {
      const died = await dieAt(point);
      const { after: there, before, undo } = died.journaled!;
      const context = { undo: undo as SnapshotId, ...patience };
      const driver = createPostgresByUrlDriver(driverOptions(server, died.url));
      if (direction === 'forward') {
        await driver.switch(there, context);
        await driver.open();
        await driver.finish(there, before);
        assert.deepEqual(await lookAt(died), { ...then, databases: 2 });
      } else {
        await driver.close({ verifyHeld: async () => {}, undo: context.undo });
        await driver.switch(before, context);
        await driver.open();
        await driver.abandon();
        assert.deepEqual(await lookAt(died), { ...now, databases: 1 });
      }
    });
  }
}
