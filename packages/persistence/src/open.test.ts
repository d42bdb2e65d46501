// An application opens its database: what is refused, whose rights it has, and that rooms are made once and end with it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { z } from 'zod';
import { appRoleName, installChambers } from './chambers/index.ts';
import { endLite, liteOfTests, openTestDatabase } from './database/testing/index.ts';
import { openDatabase } from './database/index.ts';
import {
  createTestEmbedder,
  defineJob,
  libraryParts,
  openPersistence,
  type PersistenceOptions,
} from './index.ts';

after(endLite);

async function setUp(at: string | object): Promise<void> {
  await using owner = await openDatabase({ at });
  await owner.transaction((transaction) => installChambers(transaction, libraryParts, owner.facts));
}

async function refusal(options: PersistenceOptions): Promise<ErrorCode | undefined> {
  return await openPersistence(options).then(
    () => undefined,
    (error: unknown) => (isFailure(error) ? error.code : undefined),
  );
}

test('without an address: what sets it is named', async () => {
  await assert.rejects(openPersistence({ url: undefined }), /DATABASE_URL is not set/);
});

test('a database that nobody set up, one of older and one of newer code are refused', async (t) => {
  const { url, database } = await openTestDatabase(t);
  assert.equal(await refusal({ url }), 'DAEMON_NOT_MIGRATED');
  await setUp(url);
  assert.equal(await refusal({ url }), undefined);
  await database.query(`UPDATE stillpoint.parts SET version = version - 1 WHERE name = 'queue'`);
  await assert.rejects(openPersistence({ url }), /not set up for this code: queue has version 0/);
  await database.query(`UPDATE stillpoint.parts SET version = 99 WHERE name = 'queue'`);
  assert.equal(await refusal({ url }), 'CHAMBER_TOO_NEW');
});

test('the owner of the database has the rights of an application in it', async (t) => {
  const { url, database } = await openTestDatabase(t);
  await setUp(url);
  await using persistence = await openPersistence({ url });
  assert.equal(persistence.database.facts.role, appRoleName(database.facts.database));
  const verbatim = await persistence.verbatim();
  await verbatim.state({ key: 'answer', value: 42, source: 'test' });
  await assert.rejects(
    persistence.database.query('UPDATE verbatim.facts SET value = $1', ['43']),
    /permission denied/,
  );
  await using asOwner = await openPersistence({ url, role: database.facts.role });
  await assert.rejects(asOwner.database.query('DELETE FROM verbatim.facts'), /never changed/);
});

const job = defineJob({ name: 'count', data: z.object({ n: z.number() }) });

test('memory says that it needs an embedder, and is there with one; spans are stored at the end', async (t) => {
  const { url, database } = await openTestDatabase(t);
  await setUp(url);
  {
    await using bare = await openPersistence({ url });
    await assert.rejects(bare.memory(), /needs openPersistence\(\{ embedder \}\)/);
  }
  {
    await using persistence = await openPersistence({ url, embedder: createTestEmbedder() });
    await (await persistence.memory()).remember('a text');
    await (await persistence.documents()).saveState('run', {});
    const { processor } = await persistence.traces();
    const provider = new BasicTracerProvider({ spanProcessors: [processor] });
    provider.getTracer('test').startSpan('the last one').end();
  }
  const { rows } = await database.query('SELECT name FROM traces.spans');
  assert.deepEqual(rows, [{ name: 'the last one' }]);
});

test('how memory searches, and how much it takes for that, may be said when opening', async (t) => {
  const { url } = await openTestDatabase(t);
  await setUp(url);
  const memory = { index: 'scan', scanMemoryBytes: 1 } as const;
  await using persistence = await openPersistence({ url, embedder: createTestEmbedder(), memory });
  const opened = await persistence.memory();
  await opened.remember('a text');
  const { index, why } = await opened.facts();
  assert.deepEqual([index, why], ['scan', 'it was asked for']);
  await assert.rejects(opened.recall('a text'), { code: 'MEMORY_SCAN_TOO_LARGE' });
  await using other = await openPersistence({
    url,
    embedder: createTestEmbedder(),
    memory: { index: 'scan' },
  });
  assert.equal((await (await other.memory()).recall('a text')).length, 1);
});

async function worksOnce(at: string | object): Promise<void> {
  await setUp(at);
  const options = typeof at === 'string' ? { url: at } : { pglite: at };
  const persistence = await openPersistence({ ...options, freezeLockKey: '12345' });
  const [queue, same] = await Promise.all([persistence.queue(), persistence.queue()]);
  assert.equal(queue, same);
  const { promise: done, resolve } = Promise.withResolvers<number>();
  queue.work(job, async ({ data }) => resolve(data.n));
  await queue.enqueue(job, { n: 7 });
  assert.equal(await done, 7);
  await persistence[Symbol.asyncDispose]();
  await persistence[Symbol.asyncDispose]();
}

test('rooms are made once, and end with it', async (t) => {
  await worksOnce((await openTestDatabase(t)).url);
});

test('on PGlite, too', async () => {
  await worksOnce(await liteOfTests());
});
