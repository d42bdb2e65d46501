// Many questions to one lens at a time: who gives up takes nothing from the others.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { LensField } from '../contract.ts';
import { openRecorder } from '../record/index.ts';
import type { LensPlace } from './contract.ts';
import { farSource, type FarRange } from './far-source.ts';
import { directoryPlace, httpPlace, openLens } from './index.ts';

const field: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'grid', rows: 1, columns: 2 },
  reconstruction: 'nearest',
  precision: { type: 'float64' },
};

test('of two who ask for the same page far away one gives up, and the other has it', async () => {
  const file = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
  const asked: AbortSignal[] = [];
  const far = async (range: FarRange, signal?: AbortSignal) => {
    const from = 'lastBytes' in range ? file.length - range.lastBytes : range.offsetBytes;
    const length = 'lastBytes' in range ? range.lastBytes : range.lengthBytes;
    if (signal !== undefined) {
      asked.push(signal);
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    }
    const bytes = file.slice(from, from + length);
    return { bytes, sizeBytes: file.length, version: 'one' };
  };
  const source = await farSource('far', far);
  const first = new AbortController();
  const one = source.read(10, 5, first.signal);
  const other = source.read(40, 5);
  first.abort();
  await assert.rejects(one, { name: 'AbortError' });
  assert.deepEqual(await other, file.slice(40, 45));
  assert.equal(asked.length, 1);
});

test('who gives up while a body is on its way is told why, and not that the server cannot be reached', async (t) => {
  const given = new AbortController();
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': 100_000 });
    response.write('{', () => given.abort(new Error('enough')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const place = httpPlace(`http://127.0.0.1:${port}/run`);
  await assert.rejects(place.list(given.signal), { message: 'enough' });
});

test('more parts than stay open are read at a time, also by two who ask for the same', async (t) => {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-shared-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  const options = { directory, runId: 'run', world: 'w', fields: [field], chunkTicks: 1 };
  const recorder = await openRecorder(options);
  for (let tick = 0; tick < 40; tick += 1) {
    const heat = { count: 2, values: Float64Array.of(tick, 1), positions: null };
    await recorder.append({ tick, simTimeSeconds: tick, fields: new Map([['heat', heat]]) });
  }
  await recorder.close();
  let open = 0;
  const real = directoryPlace(directory);
  const counted: LensPlace = {
    ...real,
    async open(name, signal) {
      const source = await real.open(name, signal);
      open += 1;
      return {
        ...source,
        async [Symbol.asyncDispose]() {
          open -= 1;
          await source[Symbol.asyncDispose]();
        },
      };
    },
  };
  {
    await using lens = await openLens(counted);
    const ticks = Array.from({ length: 400 }, (_, at) => (at * 7919) % 40);
    const found = await Promise.all(ticks.map((tick) => lens.samples('heat', tick)));
    for (const [at, { values }] of found.entries()) assert.equal(values[0], ticks[at]);
    assert.ok(open <= 16, `${open} parts stay open`);
  }
  assert.equal(open, 0);
});

test('a chunk that became a journal again since it was listed is read from there', async (t) => {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-unsealed-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  const options = { directory, runId: 'run', world: 'w', fields: [field], chunkTicks: 10 };
  const recorder = await openRecorder(options);
  for (let tick = 0; tick < 30; tick += 1) {
    const heat = { count: 2, values: Float64Array.of(tick, 1), positions: null };
    await recorder.append({ tick, simTimeSeconds: tick, fields: new Map([['heat', heat]]) });
  }
  await recorder.close();
  await using lens = await openLens(directoryPlace(directory));
  const resumed = await openRecorder({ ...options, resumedTick: 25 });
  const ticks = await Array.fromAsync(lens.frames(), ({ tick }) => tick);
  assert.deepEqual(
    ticks,
    Array.from({ length: 26 }, (_, tick) => tick),
  );
  await resumed.close();
});
