import assert from 'node:assert/strict';
import {
  createReadStream,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { LensField, LensFrame } from '../contract.ts';
import { openRecorder } from '../record/index.ts';
import { directoryPlace, filePlace, httpPlace, openLens, type LensPlace } from './index.ts';

const heat: LensField = {
  name: 'heat',
  unit: 'K',
  components: [],
  topology: { kind: 'sphere', rows: 30, columns: 60 },
  reconstruction: 'linear',
  precision: { type: 'float64' },
};
const drift: LensField = {
  ...heat,
  name: 'drift',
  components: [3],
  topology: { kind: 'points', positions: 'particle.position' },
};
const SAMPLES = 1800;

function frameAt(tick: number, first: boolean): LensFrame {
  const count = 1 + ((tick / 10) % 3);
  const wave = (length: number): Float64Array =>
    Float64Array.from({ length }, (_, at) => Math.sin(at + tick));
  return {
    tick,
    simTimeSeconds: tick * 60,
    fields: new Map([
      ['heat', { count: SAMPLES, values: wave(SAMPLES), positions: null }],
      [
        'drift',
        {
          count,
          values: wave(count * 3),
          positions: first || tick % 70 === 0 ? wave(9).subarray(0, count * 3) : wave(count * 3),
        },
      ],
    ]),
  };
}

/** Three sealed chunks, and the journal of one whose run was killed. Frames 10, 20, … 350. */
async function lensIn(t: TestContext): Promise<string> {
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-read-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const directory = path.join(parent, 'run');
  const options = {
    directory,
    runId: 'run',
    world: 'terra',
    fields: [heat, drift],
    chunkTicks: 100,
  };
  const recorder = await openRecorder(options);
  for (let tick = 10; tick <= 350; tick += 10)
    await recorder.append(frameAt(tick, tick % 100 === 0 || tick === 10));
  await recorder.close();
  // Who goes on from the last frame opens its chunk again, and is killed.
  const second = await openRecorder({ ...options, resumedTick: 350 });
  await second.drop({ ticks: { start: 360, end: 361 }, frames: 1, reason: 'slow' });
  return directory;
}

test('frames, samples and series are those that were captured, across sealed chunks and an open one', async (t) => {
  await using lens = await openLens(directoryPlace(await lensIn(t)));
  assert.equal(lens.runId, 'run');
  assert.deepEqual(
    lens.dropped.map(({ frames }) => frames),
    [1],
  );
  const ticks = await Array.fromAsync(
    lens.frames({ from: 95, to: 305, every: 4 }),
    ({ tick }) => tick,
  );
  assert.deepEqual(ticks, [100, 140, 180, 220, 260, 300]);
  for await (const frame of lens.each(['heat', 'drift'])) {
    const expected = frameAt(frame.tick, true);
    assert.deepEqual(frame.fields.get('heat'), expected.fields.get('heat'));
    assert.deepEqual(frame.fields.get('drift')?.values, expected.fields.get('drift')?.values);
    assert.equal(frame.simTimeSeconds, frame.tick * 60);
  }
  const series = await Array.fromAsync(lens.series('heat', { from: 1100, to: 1102 }, { from: 90 }));
  assert.equal(series.length, 27);
  for (const { tick, values } of series)
    assert.deepEqual([...values], [Math.sin(1100 + tick), Math.sin(1101 + tick)]);
});

test('a tick that was not captured is answered by the nearest frame, or refused', async (t) => {
  await using lens = await openLens(directoryPlace(await lensIn(t)));
  for (const [asked, found] of [
    [0, 10],
    [10, 10],
    [14, 10],
    [15, 10],
    [16, 20],
    [99, 100],
    [101, 100],
    [9999, 350],
  ] as const)
    assert.equal((await lens.nearest(asked)).tick, found, `${asked}`);
  await assert.rejects(lens.nearest(15, { exact: true }), {
    code: 'LENS_TICK_MISSING',
    message: /10 and 20/,
  });
  await assert.rejects(lens.samples('heat', 15), { code: 'LENS_TICK_MISSING' });
  await assert.rejects(lens.samples('wind', 10), { code: 'LENS_FIELD_UNKNOWN' });
});

test('one tick of one field touches little of a lens', async (t) => {
  const directory = await lensIn(t);
  const options = {
    directory: `${directory}-long`,
    runId: 'long',
    world: 'terra',
    fields: [heat, drift],
  };
  const recorder = await openRecorder({ ...options, chunkTicks: 50_000 });
  for (let tick = 10; tick <= 3000; tick += 10) await recorder.append(frameAt(tick, tick === 10));
  await recorder.close();
  const counted = counting(directoryPlace(options.directory));
  await using lens = await openLens(counted.place);
  await lens.samples('heat', 1500);
  await lens.samples('drift', 1500);
  const { size } = statSync(
    path.join(options.directory, 'lens_snapshot_0000000000-0000050000.lens'),
  );
  // Of 300 frames those 32 that are packed together, and what says where they are.
  assert.ok(counted.bytes < size / 5, `${counted.bytes} of ${size} bytes`);
});

test('a damaged chunk is named, and the rest is read', async (t) => {
  const directory = await lensIn(t);
  const file = path.join(directory, 'lens_snapshot_0000000100-0000000200.lens');
  const bytes = readFileSync(file);
  bytes.fill(0, bytes.length - 3000);
  writeFileSync(file, bytes);
  const told: string[] = [];
  const options = { damaged: (reason: string) => told.push(reason) };
  await using lens = await openLens(directoryPlace(directory), options);
  const ticks = await Array.fromAsync(lens.each(['heat'], {}, options), ({ tick }) => tick);
  assert.deepEqual(
    ticks.filter((tick) => tick >= 100 && tick < 200),
    [],
  );
  assert.equal(ticks.length, 25);
  assert.match(told[0]!, /lens_snapshot_0000000100/);
  await assert.rejects(Array.fromAsync(lens.each(['heat'])), { code: 'LENS_FOREIGN' });
});

test('a lens of which nothing can be read is damaged, and not empty', async (t) => {
  const directory = await lensIn(t);
  const names = readdirSync(directory).filter((name) => name.startsWith('lens_snapshot_'));
  assert.ok(names.length > 1);
  for (const name of names) writeFileSync(path.join(directory, name), 'nothing of it is left');
  const told: string[] = [];
  const options = { damaged: (reason: string) => told.push(reason) };
  const opened = openLens(directoryPlace(directory), options);
  await assert.rejects(opened, (error: { readonly code: string; readonly message: string }) => {
    assert.equal(error.code, 'LENS_DAMAGED');
    for (const name of names) assert.ok(error.message.includes(name), error.message);
    return true;
  });
  assert.equal(told.length, names.length);
  // Of one file it is said what is wrong with it.
  const one = openLens(filePlace(path.join(directory, names[0]!)), options);
  await assert.rejects(one, { code: 'LENS_FOREIGN' });
});

test('chunks that vanish while they are read are a gap', async (t) => {
  const directory = await lensIn(t);
  await using lens = await openLens(directoryPlace(directory));
  rmSync(path.join(directory, 'lens_snapshot_0000000100-0000000200.lens'));
  const ticks = await Array.fromAsync(lens.frames(), ({ tick }) => tick);
  assert.equal(ticks.length, 25);
});

test('one file by itself, and a lens behind a server, are read the same', async (t) => {
  const directory = await lensIn(t);
  await using one = await openLens(
    filePlace(path.join(directory, 'lens_snapshot_0000000100-0000000200.lens')),
  );
  assert.equal((await Array.fromAsync(one.frames())).length, 10);
  const { address, setRanges } = await serve(t, directory);
  {
    await using far = await openLens(httpPlace(address));
    assert.deepEqual(
      (await far.samples('heat', 150)).values,
      frameAt(150, true).fields.get('heat')!.values,
    );
  }
  setRanges(false);
  await assert.rejects(openLens(httpPlace(address)), { code: 'LENS_PLACE_REFUSED' });
  await assert.rejects(openLens(httpPlace(`${address}/nowhere`)), { code: 'LENS_PLACE_MISSING' });
});

test('a directory without frames says so', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-read-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  await assert.rejects(openLens(directoryPlace(directory)), { code: 'LENS_EMPTY' });
});

function counting(place: LensPlace): { readonly place: LensPlace; bytes: number } {
  const counted = {
    bytes: 0,
    place: {
      ...place,
      open: async (name: string) => {
        const source = await place.open(name);
        return {
          ...source,
          read: (offset: number, length: number) => {
            counted.bytes += length;
            return source.read(offset, length);
          },
        };
      },
    },
  };
  return counted;
}

async function serve(
  t: TestContext,
  directory: string,
): Promise<{ readonly address: string; readonly setRanges: (on: boolean) => void }> {
  let ranges = true;
  const server = createServer((request, response) => {
    const file = path.join(directory, path.basename(request.url ?? ''));
    const size = statSync(file, { throwIfNoEntry: false })?.size;
    if (size === undefined || request.url?.includes('nowhere') === true) {
      response.writeHead(404).end();
      return;
    }
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': size }).end();
    else if (ranges && range !== null) {
      response.writeHead(206, { 'content-range': `bytes ${range[1]}-${range[2]}/${size}` });
      createReadStream(file, { start: Number(range[1]), end: Number(range[2]) }).pipe(response);
    } else {
      response.writeHead(200, { 'content-length': size });
      createReadStream(file).pipe(response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setRanges: (on) => {
      ranges = on;
    },
  };
}
