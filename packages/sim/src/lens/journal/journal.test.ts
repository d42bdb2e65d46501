import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import type { LensField, LensFrame } from '../contract.ts';
import { continueJournal, createJournal, readJournal, type JournalFacts } from './index.ts';

const heat: LensField = {
  name: 'atmosphere.temperature',
  unit: 'K',
  components: [],
  topology: { kind: 'sphere', rows: 2, columns: 4 },
  reconstruction: 'linear',
  precision: { type: 'float32' },
};
const drift: LensField = {
  ...heat,
  name: 'größe',
  components: [3],
  topology: { kind: 'points', positions: 'particle.position' },
  precision: { type: 'float64' },
};
const facts: JournalFacts = {
  version: 1,
  runId: 'run',
  world: 'terra',
  ticks: { start: 0, end: 1000 },
  fields: [heat, drift],
  createdAt: '2026-01-01T00:00:00.000Z',
};

/** The number of points changes, also to none; an odd count of float32 needs padding. */
function frameAt(tick: number): LensFrame {
  const count = tick % 5;
  const heats = Float32Array.from({ length: 7 }, (_, at) => (at === 2 ? Number.NaN : tick + at));
  const numbers = Float64Array.from({ length: count * 3 }, (_, at) => at / tick);
  return {
    tick,
    simTimeSeconds: tick * 60,
    fields: new Map([
      [heat.name, { count: 7, values: heats, positions: null }],
      [
        drift.name,
        { count, values: numbers, positions: count === 0 ? null : numbers.map((one) => -one) },
      ],
    ]),
  };
}

test('frames come back as they were appended', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  await write(file, [10, 20, 30]);
  await using journal = await readJournal(file);
  assert.deepEqual(journal.facts, facts);
  assert.equal(journal.cutBytes, 0);
  assert.deepEqual(
    journal.frames.map(({ tick }) => tick),
    [10, 20, 30],
  );
  for (const frame of journal.frames)
    assert.deepEqual(await journal.read(frame), frameAt(frame.tick));
});

test('cut anywhere, it holds each frame that was whole, and goes on after it', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  await write(file, [10, 20, 31]);
  const whole = readFileSync(file);
  const ends = await (async () => {
    await using journal = await readJournal(file);
    return journal.frames.map(({ endBytes }) => endBytes);
  })();
  const first = ends[0]! - 1;
  for (let length = first; length < whole.length; length += 3) {
    writeFileSync(file, whole);
    truncateSync(file, length);
    {
      await using writer = await continueJournal(file, Infinity);
      assert.equal(writer.frames, ends.filter((end) => end <= length).length);
      await writer.append(frameAt(40));
    }
    await using journal = await readJournal(file);
    assert.equal(journal.cutBytes, 0);
    assert.deepEqual(await journal.read(journal.frames.at(-1)!), frameAt(40));
  }
});

test('a flipped byte ends it before the frame that it is in', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  await write(file, [10, 20]);
  const whole = readFileSync(file);
  const start = await (async () => {
    await using journal = await readJournal(file);
    return journal.frames[0]!.endBytes;
  })();
  for (let at = start; at < whole.length; at += 1) {
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 1;
    writeFileSync(file, flipped);
    await using journal = await readJournal(file);
    assert.deepEqual(
      journal.frames.map(({ tick }) => tick),
      [10],
      `flipped at ${at}`,
    );
  }
});

test('a frame that is damaged is no end that a kill leaves: whole ones follow it, and that is said', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  await write(file, [10, 20, 31, 41]);
  const whole = readFileSync(file);
  const ends = await (async () => {
    await using journal = await readJournal(file);
    assert.equal(journal.damagedBeforeTick, undefined);
    return journal.frames.map(({ endBytes }) => endBytes);
  })();
  const found = async (bytes: Buffer): Promise<readonly unknown[]> => {
    writeFileSync(file, bytes);
    await using journal = await readJournal(file);
    return [journal.frames.length, journal.damagedBeforeTick];
  };
  for (let at = ends[0]!; at < whole.length; at += 1) {
    const flipped = Buffer.from(whole);
    flipped[at]! ^= 1;
    const frames = ends.filter((end) => end <= at).length;
    assert.deepEqual(await found(flipped), [frames, [31, 41, undefined][frames - 1]], `${at}`);
  }
  for (const length of [ends[1]! + 1, ends[1]! + 40, ends[2]! - 1])
    assert.deepEqual(await found(whole.subarray(0, length)), [2, undefined]);
});

test('a journal of another version is refused before any of it is cut', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  {
    const later = { ...facts, version: 2 } as unknown as JournalFacts;
    await using writer = await createJournal(file, later);
    await writer.append(frameAt(10));
  }
  const before = readFileSync(file);
  await assert.rejects(readJournal(file), { code: 'LENS_VERSION' });
  await assert.rejects(continueJournal(file, 5), { code: 'LENS_VERSION' });
  assert.deepEqual(readFileSync(file), before);
});

test('frames after a tick are cut, and made again', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  await write(file, [10, 20, 30]);
  const before = readFileSync(file);
  {
    await using writer = await continueJournal(file, 25);
    assert.equal(writer.lastTick, 20);
    await assert.rejects(writer.append(frameAt(20)), TypeError);
    await writer.append(frameAt(30));
    await writer.sync();
  }
  assert.deepEqual(readFileSync(file), before);
});

test('a frame that was cut and written anew while somebody reads is not mixed with the old one', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  await write(file, [10, 20, 30]);
  await using reader = await readJournal(file);
  {
    await using writer = await continueJournal(file, 10);
    await writer.append({ ...frameAt(20), simTimeSeconds: -1 });
    await writer.append(frameAt(30));
  }
  assert.deepEqual(await reader.read(reader.frames[0]!), frameAt(10));
  await assert.rejects(reader.read(reader.frames[1]!), {
    code: 'LENS_DAMAGED',
    message: /tick 20/,
  });
  assert.deepEqual(await reader.read(reader.frames[2]!), frameAt(30));
});

test('one field is read without the others, and only what it was written as', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  await write(file, [11, 23]);
  await using journal = await readJournal(file);
  const frame = journal.frames[1]!;
  const expected = frameAt(23);
  assert.equal(frame.timeSeconds, expected.simTimeSeconds);
  for (const [field, { name }] of facts.fields.entries())
    assert.deepEqual(await journal.readField(frame, field), expected.fields.get(name));
  const whole = readFileSync(file);
  const [heats, drifts] = frame.fields;
  const at = (offsetBytes: number): number => frame.offsetBytes + offsetBytes;
  const flips: readonly (readonly [number, readonly [boolean, boolean]])[] = [
    [at(heats!.offsetBytes), [true, false]],
    [at(heats!.offsetBytes + heats!.valuesBytes - 1), [true, false]],
    [at(drifts!.offsetBytes), [false, true]],
    [at(drifts!.positionsOffsetBytes), [false, true]],
    [frame.endBytes - 1, [false, true]],
  ];
  for (const [flip, isChanged] of flips) {
    const flipped = Buffer.from(whole);
    flipped[flip]! ^= 1;
    writeFileSync(file, flipped);
    for (const [field, changed] of isChanged.entries()) {
      const read = journal.readField(frame, field);
      if (changed) await assert.rejects(read, { code: 'LENS_DAMAGED', message: /tick 23/ });
      else await read;
    }
  }
});

test('records of any length are found: longer than what is looked at at a time, and none', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  const lengthy = 400_000;
  const frame = (tick: number, count: number): LensFrame => {
    const values = Float64Array.from({ length: count * 3 }, (_, at) => at / tick);
    return {
      tick,
      simTimeSeconds: tick,
      fields: new Map([
        [heat.name, { count: 0, values: new Float32Array(), positions: null }],
        [drift.name, { count, values, positions: values.map((one) => -one) }],
      ]),
    };
  };
  const frames = [frame(1, lengthy), frame(2, 0), frame(3, 1), frame(4, lengthy), frame(5, 2)];
  {
    await using writer = await createJournal(file, facts);
    for (const one of frames) await writer.append(one);
  }
  await using journal = await readJournal(file);
  assert.equal(journal.cutBytes, 0);
  assert.equal(journal.frames.length, frames.length);
  for (const [at, one] of journal.frames.entries())
    assert.deepEqual(await journal.read(one), frames[at]);
  assert.deepEqual(
    await journal.readField(journal.frames[3]!, 1),
    frames[3]!.fields.get(drift.name),
  );
  const flipped = readFileSync(file);
  flipped[journal.frames[0]!.offsetBytes + 1000]! ^= 1;
  writeFileSync(file, flipped);
  await using damaged = await readJournal(file);
  assert.deepEqual([damaged.frames.length, damaged.damagedBeforeTick], [0, 2]);
});

test('what is no journal is refused', async (t) => {
  const file = path.join(directoryOf(t), 'a.journal');
  for (const content of ['', 'hello', Buffer.alloc(100)]) {
    writeFileSync(file, content);
    await assert.rejects(readJournal(file), { code: 'LENS_FOREIGN' });
  }
  await write(`${file}2`, []);
  await assert.rejects(createJournal(`${file}2`, facts), { code: 'EEXIST' });
});

async function write(file: string, ticks: readonly number[]): Promise<void> {
  await using writer = await createJournal(file, facts);
  for (const tick of ticks) await writer.append(frameAt(tick));
}

function directoryOf(t: TestContext): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'stillpoint-journal-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
