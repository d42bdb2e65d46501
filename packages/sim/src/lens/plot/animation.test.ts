import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { FieldSamples } from '../contract.ts';
import type { Lens } from '../read/index.ts';
import { temporaryDirectory } from '../testing/small-lens.ts';
import type { AnimationPlot } from './contract.ts';
import { changedIn } from './encode/png.ts';
import { lensPicture, plotLens } from './index.ts';
import { MISSING } from './look/colours.ts';
import { chunksOf, decode, framesOf } from './testing/pictures.ts';
import { gifFrames } from './testing/gif-reader.ts';
import { lensOf, onSphere, points, samplesOf, sphereField } from './testing/plotted-lens.ts';

const heat = sphereField();
const sizePixels = { width: 420, height: 260 };
const TICKS = [10, 20, 30, 40, 50] as const;

function framesAt(
  value: (tick: number) => (longitude: number, latitude: number) => number,
): Record<number, readonly FieldSamples[]> {
  return Object.fromEntries(TICKS.map((tick) => [tick, [onSphere(heat, value(tick))]]));
}

async function drawn(
  t: TestContext,
  lens: Lens,
  plot: Omit<AnimationPlot, 'kind' | 'field' | 'sizePixels'> & { readonly field?: string },
  name = 'drawn.png',
): Promise<{ readonly bytes: Buffer; readonly facts: Awaited<ReturnType<typeof plotLens>> }> {
  const file = path.join(temporaryDirectory(t), name);
  const facts = await plotLens(
    lens,
    { kind: 'animation', field: 'heat', sizePixels, ...plot },
    file,
  );
  return { bytes: readFileSync(file), facts };
}

test('an APNG has every frame, each as its picture would be, in colours that all share', async (t) => {
  const lens = await lensOf(
    t,
    [heat],
    framesAt((tick) => (x, y) => y + tick + Math.sin(x / 20) * 9),
  );
  const { bytes, facts } = await drawn(t, lens, { ticks: {}, framesPerSecond: 4 });
  const chunks = chunksOf(bytes);
  assert.deepEqual(
    chunks.slice(0, 2).map(({ type }) => type),
    ['IHDR', 'acTL'],
  );
  assert.equal(chunks[1]!.data.readUInt32BE(0), TICKS.length);
  const controls = chunks.filter(({ type }) => type === 'fcTL');
  const parts = chunks.filter(({ type }) => type === 'fcTL' || type === 'fdAT');
  // One number after the other, over both kinds.
  assert.deepEqual(
    parts.map(({ data }) => data.readUInt32BE(0)),
    [...parts.keys()],
  );
  assert.ok(
    controls.every(({ data }) => data.readUInt16BE(20) === 250 && data.readUInt16BE(22) === 1000),
  );
  const frames = await framesOf(bytes);
  assert.equal(frames.length, TICKS.length);
  for (const [at, tick] of TICKS.entries()) {
    const still = await lensPicture(lens, {
      kind: 'map',
      field: 'heat',
      sizePixels,
      when: { tick },
      range: facts.range,
    });
    const { pixels } = await decode(still.bytes);
    // A still says more of what is beyond its range: the map and its title are the same.
    const same = Array.from({ length: 200 }, (_, row) => row * sizePixels.width * 4).every((from) =>
      pixels
        .subarray(from, from + 280 * 4)
        .every((part, more) => part === frames[at]![from + more]),
    );
    assert.ok(same, `frame of tick ${tick}`);
  }
  // Who knows no animations sees the first.
  assert.deepEqual((await decode(bytes)).pixels, frames[0]);
  assert.deepEqual(facts.frames, {
    count: 5,
    first: { tick: 10, timeSeconds: 20 },
    last: { tick: 50, timeSeconds: 100 },
  });
  assert.equal(facts.sizeBytes, bytes.length);
  const again = await drawn(t, lens, { ticks: {}, framesPerSecond: 4 }, 'again.apng');
  assert.deepEqual(again.bytes, bytes);
});

test('a GIF has every frame for as long, and a decoder that is not ours sees the first', async (t) => {
  const lens = await lensOf(
    t,
    [heat],
    framesAt((tick) => (x, y) => (y > 60 ? Number.NaN : y + tick * Math.sign(x))),
  );
  const ticks = { from: 20, to: 50, every: 2 };
  const gif = await drawn(t, lens, { ticks, framesPerSecond: 5 }, 'drawn.gif');
  const { bytes, facts } = gif;
  const frames = gifFrames(bytes);
  assert.deepEqual(
    frames.map(({ delayMs }) => delayMs),
    [200, 200],
  );
  // As the APNG, but for what 256 colours leave out.
  const all = await framesOf((await drawn(t, lens, { ticks })).bytes);
  for (const [at, { pixels }] of frames.entries()) {
    const away = pixels.map((part, byte) => Math.abs(part - all[at]![byte]!));
    assert.ok(away.every((one) => one <= 90) && away.filter((one) => one > 12).length < 8000);
  }
  assert.deepEqual((await decode(bytes)).pixels, frames[0]!.pixels);
  assert.deepEqual([facts.type, facts.frames.count, facts.frames.last.tick], ['image/gif', 2, 40]);
  const first = await decode(bytes);
  assert.deepEqual([first.width, first.height], [420, 260]);
  assert.ok(first.has(MISSING));
});

test('points stay where they are while others come: the axes are those of all frames', async (t) => {
  const lens = await lensOf(t, [points], {
    1: [samplesOf([1], 1, [0, 0, 0])],
    2: [samplesOf([1, 2], 2, [0, 0, 0, 10, 5, 0])],
    3: [samplesOf([], 0, [])],
  });
  const { bytes, facts } = await drawn(t, lens, { field: 'drift', ticks: {} });
  assert.deepEqual(facts.range, [1, 2]);
  const frames = await framesOf(bytes);
  assert.equal(frames.length, 3);
  const changed = changedIn(frames[0]!, frames[1]!, sizePixels);
  // The title, and the dot that came.
  assert.ok(changed.top < 60 && changed.left + changed.width > 250);
});

test('frames that are the same take next to nothing', async (t) => {
  const lens = await lensOf(t, [points], {
    1: [samplesOf([1], 1, [0, 0, 0])],
    2: [samplesOf([1], 1, [0, 0, 0])],
  });
  const { bytes } = await drawn(t, lens, { field: 'drift', ticks: {} });
  const parts = chunksOf(bytes).filter(({ type }) => type === 'fdAT');
  assert.ok(parts.length === 1 && parts[0]!.data.length < 2000);
  const same = new Uint8ClampedArray(400);
  assert.deepEqual(changedIn(same, same, { width: 10, height: 10 }), {
    left: 0,
    top: 0,
    width: 1,
    height: 1,
  });
});

test('a frame that was pruned after the first look is blank, and the file is whole', async (t) => {
  const lens = await lensOf(
    t,
    [heat],
    framesAt((tick) => () => tick),
  );
  let looks = 0;
  const pruned: Lens = Object.assign(Object.create(lens) as Lens, {
    async *each(...given: Parameters<Lens['each']>) {
      looks += 1;
      for await (const frame of lens.each(...given))
        if (looks === 1 || (frame.tick !== 20 && frame.tick !== 50)) yield frame;
    },
    field: (name: string) => lens.field(name),
    runId: lens.runId,
  });
  const { bytes } = await drawn(t, pruned, { ticks: {} });
  const frames = await framesOf(bytes);
  const grey = frames.map((pixels) => {
    const middle = (120 * 420 + 100) * 4;
    return MISSING.every((part, channel) => pixels[middle + channel] === part);
  });
  assert.deepEqual(grey, [false, true, false, false, true]);
});

test('progress is told frame by frame, and whoever gives up leaves nothing', async (t) => {
  const lens = await lensOf(
    t,
    [heat],
    framesAt((tick) => (x) => x * tick),
  );
  const directory = temporaryDirectory(t);
  const told: string[] = [];
  const controller = new AbortController();
  await assert.rejects(
    plotLens(
      lens,
      { kind: 'animation', field: 'heat', ticks: {}, sizePixels },
      path.join(directory, 'a.png'),
      {
        signal: controller.signal,
        onFrame: (done, all) => {
          told.push(`${done}/${all}`);
          if (done === 2) controller.abort();
        },
      },
    ),
    { name: 'AbortError' },
  );
  assert.deepEqual(told, ['1/5', '2/5']);
  assert.deepEqual(readdirSync(directory), []);
});
