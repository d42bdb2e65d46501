// What clients may do wrong: the run and the other clients do not notice.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { makePlace, type Client } from './testing/controlled.ts';

interface Answer {
  readonly id: number | string | null;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}
const answerOf = async (client: Client): Promise<Answer> => (await client.line()) as Answer;
const call = (id: unknown, method: string, params?: unknown): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) })}\n`;

test('lines that are no calls are answered with what is wrong, and the connection goes on', async () => {
  await using place = await makePlace();
  const run = await place.start();
  const client = await run.client();
  const wrong: readonly [text: string, code: number, id: unknown][] = [
    ['{"jsonrpc":', -32_700, null],
    ['\u0000\u0001', -32_700, null],
    ['null', -32_600, null],
    ['42', -32_600, null],
    ['[]', -32_600, null],
    ['[{"jsonrpc":"2.0","id":1,"method":"status"}]', -32_600, null],
    ['{"id":3,"method":"status"}', -32_600, 3],
    ['{"jsonrpc":"2.0","id":{},"method":"status"}', -32_600, null],
    ['{"jsonrpc":"2.0","id":4,"method":5}', -32_600, 4],
    [call(5, 'explode').trim(), -32_601, 5],
    [call(6, 'constructor').trim(), -32_601, 6],
    [call(7, 'set-stride').trim(), -32_602, 7],
    [call(8, 'set-stride', { ticks: 0 }).trim(), -32_602, 8],
    [call(9, 'set-stride', { ticks: '5' }).trim(), -32_602, 9],
    [call(10, 'wait', [1]).trim(), -32_602, 10],
    [call(11, 'pause', { ttlMs: -1 }).trim(), -32_602, 11],
    [call(12, 'pause', { ttlMs: 1e300 }).trim(), -32_602, 12],
  ];
  for (const [text, code, id] of wrong) {
    client.write(`${text}\n`);
    const { error, id: answered } = await answerOf(client);
    assert.deepEqual([error?.code, answered], [code, id], text);
  }
  client.write(`\n \r\n${call('a', 'status')}`);
  assert.equal((await answerOf(client)).id, 'a');
});

test('a call in pieces of one byte, several in one piece, a notification', async () => {
  await using place = await makePlace();
  const run = await place.start();
  const client = await run.client();
  client.socket.setNoDelay();
  for (const byte of call(1, 'status')) client.write(byte);
  assert.equal((await answerOf(client)).id, 1);
  const stride = '{"jsonrpc":"2.0","method":"set-stride","params":{"ticks":7}}\n';
  client.write(stride + call(2, 'checkpoint') + call(3, 'status'));
  const ids = [(await answerOf(client)).id, (await answerOf(client)).id];
  assert.deepEqual(new Set(ids), new Set([2, 3]));
  client.write(call(4, 'wait', { tick: 1 }));
  client.socket.end();
  assert.equal((await answerOf(client)).id, 4, 'who has said all is answered still');
  assert.equal(await client.line(), undefined);
});

test('a line without end is cut off at a mebibyte', async () => {
  await using place = await makePlace();
  const run = await place.start();
  const client = await run.client();
  const closed = once(client.socket, 'close');
  client.write('x'.repeat(1024 * 1024 + 1));
  assert.equal((await answerOf(client)).error?.code, -32_600);
  assert.equal(await client.line(), undefined);
  client.socket.destroy();
  await closed;
  const other = await run.client();
  // As long as it may be.
  const padding = 'x'.repeat(1024 * 1024 - 200);
  other.write(call(1, 'status', { padding }));
  assert.equal((await answerOf(other)).id, 1);
});

test('clients that vanish in the middle, and ten at once', async () => {
  await using place = await makePlace();
  const run = await place.start();
  for (const text of ['{"jsonrpc"', call(1, 'checkpoint'), call(1, 'wait', { tick: 1e9 })]) {
    const client = await run.client();
    client.write(text);
    client.socket.destroy();
  }
  const clients = await Promise.all(Array.from({ length: 10 }, () => run.client()));
  const answers = await Promise.all(
    clients.flatMap((client, index) => {
      client.write(call(index, 'checkpoint') + call(index, 'status'));
      return [answerOf(client), answerOf(client)];
    }),
  );
  assert.ok(answers.every(({ error }) => error === undefined));
  assert.deepEqual(
    answers.map(({ id }) => id).toSorted((a, b) => Number(a) - Number(b)),
    Array.from({ length: 10 }, (_, index) => [index, index]).flat(),
  );
});

test('who asks and never reads, or asks too much at once, hurts only itself', async () => {
  await using place = await makePlace();
  const run = await place.start();
  const greedy = await run.client();
  greedy.write(Array.from({ length: 101 }, (_, id) => call(id, 'wait', { tick: 1e9 })).join(''));
  const refused = await answerOf(greedy);
  assert.deepEqual([refused.id, refused.error?.code], [100, -32_600]);

  const deaf = await run.client();
  deaf.socket.pause();
  // Not once(): that rejects with what writing to a closed connection gives.
  const closed = new Promise((resolve) => deaf.socket.once('close', resolve));
  const many = Array.from({ length: 2000 }, (_, id) => call(id, 'explode')).join('');
  const pour = (): void => {
    if (!deaf.socket.destroyed) deaf.socket.write(many, () => setImmediate(pour));
  };
  pour();
  await closed;
  assert.ok(await run.ask('status'));
});
