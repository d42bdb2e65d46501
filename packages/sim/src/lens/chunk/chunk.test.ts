import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { fileSource, readZip } from '../../zip/index.ts';
import type { LensField, LensFrame } from '../contract.ts';
import { createJournal, type JournalIndex } from '../journal/index.ts';
import { lensFileName } from '../names.ts';
import { openChunk, sealJournal } from './index.ts';

const heat: LensField = {
  name: 'atmosphere.temperature',
  unit: 'K',
  components: [],
  topology: { kind: 'sphere', rows: 30, columns: 60 },
  reconstruction: 'linear',
  precision: { type: 'float32' },
};
const stress: LensField = {
  ...heat,
  name: '../größe/λ',
  components: [3, 3],
  precision: { type: 'float64' },
};
const drift: LensField = {
  ...heat,
  name: 'tick',
  components: [3],
  topology: { kind: 'points', positions: 'particle.position' },
  precision: { type: 'float64' },
};
const empty: LensField = { ...heat, name: 'empty' };
const fields = [heat, stress, drift, empty];
const FRAMES = 70;

/** Numbers of points go up and down; positions change at every third frame only. */
function frameAt(number: number): LensFrame {
  const points = number % 4 === 3 ? 0 : 2 + (number % 5);
  const wave = (length: number, by: number): Float64Array =>
    Float64Array.from({ length }, (_, at) =>
      at === 5 ? Number.NaN : at === 6 ? -Infinity : Math.sin(at / by) * number,
    );
  return {
    tick: number * 100,
    simTimeSeconds: number * 60,
    fields: new Map([
      [heat.name, { count: 1800, values: Float32Array.from(wave(1800, 9)), positions: null }],
      [stress.name, { count: 1, values: wave(9, 2), positions: null }],
      [
        drift.name,
        {
          count: points,
          values: wave(points * 3, 4),
          positions:
            number % 3 === 0 || points === 0 ? wave(points * 3, 7) : placed(number, points),
        },
      ],
      [empty.name, { count: 0, values: new Float32Array(), positions: null }],
    ]),
  };
}
const placed = (number: number, points: number): Float64Array =>
  Float64Array.from({ length: points * 3 }, (_, at) => at + number);

test('a chunk holds every number of its journal', async (t) => {
  const file = await sealed(t);
  await using source = await fileSource(file);
  const chunk = await openChunk(source);
  assert.deepEqual(chunk.facts.fields, fields);
  assert.equal(chunk.facts.frames, FRAMES);
  assert.deepEqual(
    chunk.ticks,
    Array.from({ length: FRAMES }, (_, at) => at * 100),
  );
  assert.deepEqual(
    [...chunk.timesSeconds],
    chunk.ticks.map((tick) => (tick / 100) * 60),
  );
  for (let number = 0; number < FRAMES; number += 1)
    for (const { name } of fields) {
      const expected = frameAt(number).fields.get(name)!;
      assert.deepEqual(await chunk.samples(name, number), expected, `${name} at ${number}`);
    }
  const series = await chunk.series(heat.name, 10, 60, { from: 1100, to: 1102 });
  for (let at = 0; at < 50; at += 1)
    assert.equal(series[at * 2 + 1], frameAt(10 + at).fields.get(heat.name)!.values[1101]);
  assert.deepEqual(await damageOf(file), []);
  await assert.rejects(chunk.samples('wind', 0), {
    code: 'LENS_FIELD_UNKNOWN',
    message: /atmosphere.temperature/,
  });
});

test('two readers at a time do not mix', async (t) => {
  const file = await sealed(t);
  await using source = await fileSource(file);
  const chunk = await openChunk(source);
  await Promise.all(
    Array.from({ length: 20 }, async (_, number) => {
      assert.deepEqual(
        await chunk.samples(heat.name, number),
        frameAt(number).fields.get(heat.name),
      );
    }),
  );
});

test('sealing leaves the file and nothing else; killed before, the journal seals again to the same bytes', async (t) => {
  const directory = directoryOf(t);
  const journal = await journalIn(directory);
  const kept = readFileSync(journal);
  const first = await sealJournal(journal);
  assert.deepEqual(readdirSync(directory), [path.basename(first.file)]);
  const bytes = readFileSync(first.file);
  writeFileSync(journal, kept);
  writeFileSync(`${first.file}.tmp`, 'of one who was killed');
  await sealJournal(journal);
  assert.deepEqual(readFileSync(first.file), bytes);
  assert.equal(existsSync(journal), false);
});

test('by the index of its writer a journal becomes the same file, and what changed on the disk since is found', async (t) => {
  const directory = directoryOf(t);
  const { file, index } = await writtenIn(directory);
  const kept = readFileSync(file);
  const looked = await sealJournal(file);
  const bytes = readFileSync(looked.file);
  writeFileSync(file, kept);
  await sealJournal(file, undefined, index);
  assert.deepEqual(readFileSync(looked.file), bytes);
  rmSync(looked.file);
  const { offsetBytes, fields: places } = index.frames[6]!;
  for (const { count, offsetBytes: values, positionsOffsetBytes, hasPositions } of places) {
    if (count === 0) continue;
    for (const at of hasPositions ? [values, positionsOffsetBytes] : [values]) {
      const flipped = Buffer.from(kept);
      flipped[offsetBytes + at]! ^= 1;
      writeFileSync(file, flipped);
      const sealing = sealJournal(file, undefined, index);
      await assert.rejects(sealing, { code: 'LENS_DAMAGED', message: /tick 600/ });
      assert.deepEqual(readdirSync(directory), [path.basename(file)]);
    }
  }
});

test('a journal with frames behind a damaged one is not made a file without them', async (t) => {
  const directory = directoryOf(t);
  const { file, index } = await writtenIn(directory);
  const flipped = readFileSync(file);
  flipped[index.frames[6]!.offsetBytes]! ^= 1;
  writeFileSync(file, flipped);
  await assert.rejects(sealJournal(file), { code: 'LENS_DAMAGED', message: /500 .* 700/ });
  assert.deepEqual(readdirSync(directory), [path.basename(file)]);
  assert.deepEqual(readFileSync(file), flipped);
});

test('wherever a byte is flipped, it is found, or what is read is right', async (t) => {
  const file = await sealed(t);
  const whole = readFileSync(file);
  const expected = frameAt(3).fields.get(stress.name);
  let found = 0;
  for (let at = 0; at < whole.length; at += 1 + Math.floor(whole.length / 150)) {
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 0x10;
    writeFileSync(file, flipped);
    await using source = await fileSource(file);
    try {
      const chunk = await openChunk(source);
      assert.deepEqual(await chunk.samples(stress.name, 3), expected);
      found += (await damageOf(file)).length;
    } catch (error) {
      const { code } = error as { readonly code?: string };
      assert.ok(
        code === 'LENS_DAMAGED' || code === 'LENS_FOREIGN' || code === 'LENS_VERSION',
        `${at}: ${String(error)}`,
      );
      found += 1;
    }
  }
  assert.ok(found > 100, `${found} of 150 found`);
});

test('a part that the directory of the file no longer names is damage, and no numbers', async (t) => {
  const file = await sealed(t);
  const whole = readFileSync(file);
  const names = await (async () => {
    await using source = await fileSource(file);
    return [...(await readZip(source)).keys()];
  })();
  assert.ok(names.length > 20);
  for (const name of names) {
    // Groups are for other readers.
    if (/^fields(\/[^/]+)?\/zarr\.json$/.test(name)) continue;
    const flipped = Buffer.from(whole);
    flipped[inDirectory(whole, name) + name.length - 1]! ^= 1;
    writeFileSync(file, flipped);
    const read = (async () => {
      await using source = await fileSource(file);
      const chunk = await openChunk(source);
      for (let frame = 0; frame < FRAMES; frame += 1)
        for (const field of fields) await chunk.samples(field.name, frame);
    })();
    await assert.rejects(read, (error) => isFailure(error), name);
  }
});

test('other files are refused', async (t) => {
  const file = path.join(directoryOf(t), 'a.lens');
  for (const content of ['', 'hello', Buffer.alloc(5000)]) {
    writeFileSync(file, content);
    await using source = await fileSource(file);
    await assert.rejects(openChunk(source), { code: 'LENS_FOREIGN' });
  }
});

/** Where the directory of the zip has a name, behind the fixed part of its header. */
function inDirectory(zip: Buffer, name: string): number {
  const found = zip.lastIndexOf(Buffer.from(name));
  for (let at = found; at >= 0; at = zip.lastIndexOf(Buffer.from(name), at - 1))
    if (zip.readUInt32LE(at - 46) === 0x0201_4b50) return at;
  throw new Error(`the zip has no ${name}`);
}

async function sealed(t: TestContext): Promise<string> {
  return (await sealJournal(await journalIn(directoryOf(t)))).file;
}

async function journalIn(directory: string): Promise<string> {
  return (await writtenIn(directory)).file;
}

async function writtenIn(
  directory: string,
): Promise<{ readonly file: string; readonly index: JournalIndex }> {
  const ticks = { start: 0, end: 50_000 };
  const file = path.join(directory, lensFileName(ticks, 'journal'));
  await using journal = await createJournal(file, {
    version: 1,
    runId: 'run',
    world: 'terra',
    ticks,
    fields,
    createdAt: '2026-01-01T00:00:00.000Z',
  });
  for (let number = 0; number < FRAMES; number += 1) await journal.append(frameAt(number));
  return { file, index: journal.index };
}

async function damageOf(file: string): Promise<readonly string[]> {
  await using source = await fileSource(file);
  return await Array.fromAsync((await openChunk(source)).verify());
}

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-lens-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
