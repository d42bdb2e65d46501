// Sweeps in a real server: begun whole and once, whoever comes at the same time; a result stands, and takes a second one's transaction back.
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { isFailure, type ErrorCode } from '@stillpoint/core';
import { z } from 'zod';
import { openDatabase } from '../database/index.ts';
import { serverOfTests } from '../database/testing/index.ts';
import { createQueue, defineJob } from '../queue/index.ts';
import { createSweeps, prepareSweeps } from './index.ts';

const failsWith = (code: ErrorCode) => (error: unknown) => {
  assert.ok(isFailure(error, code), String(error));
  return true;
};
const job = defineJob({
  name: 'sweep/test',
  data: z.object({ sweep: z.string(), index: z.number() }),
  freeze: 'leave',
});
const plan = { agreed: { world: 'x', untilTick: 5 }, parameters: [{ a: 1 }, { a: 2 }, {}] };

async function open(t: TestContext, url: string) {
  const database = await openDatabase({ at: url });
  const queue = await createQueue(database);
  t.after(async () => {
    await queue[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });
  return { database, queue, sweeps: createSweeps(database, queue) };
}

test('several prepare and begin at once: one begins, all others join; another plan is refused', async (t) => {
  const server = await serverOfTests('embedded-18');
  const url = await server.createDatabase();
  await Promise.all([prepareSweeps(url), prepareSweeps(url), prepareSweeps(url)]);
  const opened = await Promise.all([open(t, url), open(t, url), open(t, url)]);
  const begun = await Promise.all(opened.map(({ sweeps }) => sweeps.begin('s', plan, job)));
  assert.equal(begun.filter(Boolean).length, 1);
  const { sweeps } = opened[0];
  assert.equal(await sweeps.begin('s', structuredClone(plan), job), false);
  const other = { ...plan, parameters: [{ a: 1 }] };
  await assert.rejects(sweeps.begin('s', other, job), failsWith('SWEEP_DIFFERS'));
  const runs = await sweeps.runs('s');
  assert.deepEqual(
    runs.map(({ index, parameters, state, attempts }) => [index, parameters, state, attempts]),
    [
      [0, { a: 1 }, 'waiting', 0],
      [1, { a: 2 }, 'waiting', 0],
      [2, {}, 'waiting', 0],
    ],
  );
  assert.deepEqual(await sweeps.parametersOf({ sweep: 's', index: 1 }), { a: 2 });
  assert.equal(await sweeps.parametersOf({ sweep: 's', index: 3 }), undefined);
  await assert.rejects(sweeps.runs('t'), failsWith('SWEEP_UNKNOWN'));
});

test('a result is there once, and with its job; a second one is refused and changes nothing', async (t) => {
  const server = await serverOfTests('embedded-18');
  const url = await server.createDatabase();
  await prepareSweeps(url);
  const { database, queue, sweeps } = await open(t, url);
  await sweeps.begin('s', plan, job);
  const done = Promise.withResolvers<void>();
  let ended = 0;
  await using _worker = queue.work(job, async ({ data }) => async (transaction) => {
    const failed = data.index === 2;
    const result = failed ? { error: 'too hot' } : { tick: 5, stateHash: `h${data.index}` };
    await sweeps.record(data, result, transaction);
    ended += 1;
    if (ended === plan.parameters.length) done.resolve();
  });
  await done.promise;
  await _worker.stop();
  const twice = database.transaction((transaction) =>
    sweeps.record({ sweep: 's', index: 0 }, { tick: 9, stateHash: 'other' }, transaction),
  );
  await assert.rejects(twice, failsWith('SWEEP_RESULT_TWICE'));
  const runs = await sweeps.runs('s');
  assert.deepEqual(
    runs.map(({ state, tick, stateHash, error }) => [state, tick, stateHash, error]),
    [
      ['finished', 5, 'h0', null],
      ['finished', 5, 'h1', null],
      ['failed', null, null, 'too hot'],
    ],
  );
});
