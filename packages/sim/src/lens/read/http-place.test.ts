import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { temporaryDirectory, writeLens } from '../testing/small-lens.ts';
import { httpPlace, openLens } from './index.ts';

interface Served {
  readonly address: string;
  readonly requests: string[];
  readonly files: Map<string, Buffer>;
}

type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  file: Buffer | undefined,
) => void;

/** A lens of four chunks behind a server that answers as it is told to. */
async function served(t: TestContext, answer: Answer = ranges): Promise<Served> {
  const run = await writeLens(temporaryDirectory(t), 'one');
  const files = new Map<string, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const name = path.basename(new URL(request.url!, 'http://x').pathname);
    requests.push(`${request.method} ${name} ${request.headers.range ?? ''}`);
    const file = files.get(name);
    if (file === undefined) response.writeHead(404).end();
    else answer(request, response, file);
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  for (const name of readdirSync(run))
    if (!name.startsWith('.')) files.set(name, readFileSync(path.join(run, name)));
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}/lens/one`, requests, files };
}

/** As a server should; `etag` of the content. */
function ranges(
  request: IncomingMessage,
  response: ServerResponse,
  file: Buffer | undefined,
): void {
  const whole = file!;
  const etag = `"${whole.length}-${whole.subarray(0, 4096).toString('base64').length}-${whole[whole.length - 1]}"`;
  const found = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (request.method === 'HEAD' || found === null) {
    response.writeHead(request.method === 'HEAD' ? 405 : 200, { etag }).end(whole);
    return;
  }
  const from = found[1] === '' ? Math.max(whole.length - Number(found[2]), 0) : Number(found[1]);
  const to = found[1] === '' || found[2] === '' ? whole.length - 1 : Number(found[2]);
  if (from >= whole.length) {
    response.writeHead(416).end();
    return;
  }
  const headers = { etag, 'content-range': `bytes ${from}-${to}/${whole.length}` };
  response.writeHead(206, headers).end(whole.subarray(from, to + 1));
}

async function numbersOf(address: string): Promise<number> {
  await using lens = await openLens(httpPlace(address));
  let sum = 0;
  for await (const { fields } of lens.each(['heat']))
    for (const value of fields.get('heat')!.values) sum += value;
  return sum;
}

const SUM = 35 * 36 * 72 * 180;

test('a lens behind HTTP is read by few requests, without HEAD', async (t) => {
  const { address, requests } = await served(t);
  assert.equal(await numbersOf(address), SUM);
  assert.ok(requests.every((one) => one.startsWith('GET')));
  // The manifest twice (its list, and what was dropped), and of each of four small chunks its end alone.
  assert.ok(requests.length <= 2 + 4 * 3, requests.join('\n'));
});

test('a redirect is followed, and a slash at the end does not matter', async (t) => {
  const { address } = await served(t);
  const redirect = createServer((request, response) => {
    response.writeHead(307, { location: `${new URL(address).origin}${request.url}` }).end();
  });
  t.after(() => redirect.close());
  await once(redirect.listen(0, '127.0.0.1'), 'listening');
  const { port } = redirect.address() as AddressInfo;
  assert.equal(await numbersOf(`http://127.0.0.1:${port}/lens/one/`), SUM);
});

test('a server without ranges is refused, and not asked for all of it', async (t) => {
  const { address } = await served(t, (_, response, file) => response.writeHead(200).end(file));
  await assert.rejects(numbersOf(address), { code: 'LENS_PLACE_REFUSED' });
});

test('what is packed on the way is refused: a range of it means nothing', async (t) => {
  const { address } = await served(t, (request, response, file) => {
    if (request.headers.range === undefined) return ranges(request, response, file);
    const packed = gzipSync(file!);
    const part = packed.subarray(0, 100);
    const range = `bytes 0-99/${packed.length}`;
    response.writeHead(206, { 'content-encoding': 'gzip', 'content-range': range }).end(part);
  });
  await assert.rejects(numbersOf(address), { code: 'LENS_PLACE_REFUSED' });
});

test('a range that is another than was asked for is refused', async (t) => {
  const { address } = await served(t, (request, response, file) => {
    if (request.headers.range === undefined) return ranges(request, response, file);
    const range = `bytes 0-9/${file!.length}`;
    response.writeHead(206, { 'content-range': range }).end(file!.subarray(0, 10));
  });
  await assert.rejects(numbersOf(address), { code: 'LENS_PLACE_REFUSED' });
});

test('a file that changes between two reads is an error, and nothing is mixed', async (t) => {
  for (const change of [
    (file: Buffer) => Buffer.concat([file, Buffer.alloc(10)]),
    (file: Buffer) => file.subarray(0, 5000),
    (file: Buffer) => Buffer.concat([file.subarray(0, -1), Buffer.of(file.at(-1)! ^ 1)]),
  ]) {
    const { address, files } = await served(t);
    const name = [...files.keys()].find((one) => one.endsWith('0000000100.lens'))!;
    // Longer than what one read brings.
    const large = Buffer.alloc(400_000, 7);
    files.set(name, large);
    const source = await httpPlace(address).open(name);
    files.set(name, change(large));
    await assert.rejects(source.read(0, 200_000), { code: 'LENS_PLACE_CHANGED' });
    await assert.rejects(source.read(10, 20), { code: 'LENS_PLACE_CHANGED' });
  }
});

test('no manifest, no server, a file that is named and not there: each is told', async (t) => {
  const { address, files } = await served(t);
  const name = [...files.keys()].find((one) => one.endsWith('0000000200.lens'))!;
  files.delete(name);
  await assert.rejects(
    numbersOf(address),
    (error: { readonly code: string; readonly message: string }) => {
      assert.equal(error.code, 'LENS_PLACE_MISSING');
      assert.match(error.message, /0000000200\.lens/);
      return true;
    },
  );
  files.delete('manifest.json');
  await assert.rejects(numbersOf(address), { code: 'LENS_PLACE_MISSING' });
  const closed = createServer();
  await once(closed.listen(0, '127.0.0.1'), 'listening');
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  await assert.rejects(numbersOf(`http://127.0.0.1:${port}/lens`), {
    code: 'LENS_PLACE_UNREACHABLE',
  });
});

test('a server that fails for a moment is asked again, one that goes on failing is told', async (t) => {
  let failures = 2;
  const { address } = await served(t, (request, response, file) => {
    failures -= 1;
    if (failures >= 0) response.writeHead(503).end();
    else ranges(request, response, file);
  });
  assert.equal(await numbersOf(address), SUM);
  failures = Infinity;
  await assert.rejects(numbersOf(address), { code: 'LENS_PLACE_REFUSED' });
});
