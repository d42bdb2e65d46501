// Small lenses of all kinds, made by chance: whichever way a number is read, by itself or beside others, it is the one that was written.
import { DuckDBInstance } from '@duckdb/node-api';
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { exportLens } from '../export/index.ts';
import type { FieldSamples, LensField, LensFrame } from '../contract.ts';
import { openRecorder } from '../record/index.ts';
import { openLensSql, type LensSql } from '../sql/index.ts';
import type { EachOptions, FrameRange, Lens } from './contract.ts';
import { directoryPlace, openLens } from './index.ts';

/** Mulberry32: the same lens for the same seed. */
function chanceOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const still = { unit: '', reconstruction: 'nearest' } as const;
const cells = (rows: number, columns: number) => ({ kind: 'grid', rows, columns }) as const;
const points = { kind: 'points', positions: 'p' } as const;
const FIELDS: readonly LensField[] = [
  { ...still, name: 'a', components: [], topology: cells(30, 40), precision: { type: 'float64' } },
  { ...still, name: 'b', components: [2], topology: cells(9, 9), precision: { type: 'float32' } },
  { ...still, name: 'c', components: [], topology: points, precision: { type: 'float32' } },
  { ...still, name: 'd', components: [3], topology: points, precision: { type: 'float64' } },
];
const NAMES = FIELDS.map(({ name }) => name);

interface Written {
  readonly run: string;
  /** With the positions that count, and numbers of their own. */
  readonly frames: readonly LensFrame[];
  readonly chance: (below: number) => number;
}

/** Chunks that are sealed, and a journal that is still open. Points move, come and go now and then; mostly over the borders of chunks they stay. */
async function written(t: TestContext, seed: number): Promise<Written> {
  const chance = chanceOf(seed);
  const parent = mkdtempSync(path.join(tmpdir(), 'stillpoint-readers-'));
  const run = path.join(parent, 'run');
  const chunkTicks = 20 + chance(100);
  const recorder = await openRecorder({
    directory: run,
    runId: 'run',
    world: 'by chance',
    fields: FIELDS,
    chunkTicks,
  });
  t.after(async () => {
    // Of one that was damaged meanwhile it says so.
    await recorder.close().catch(() => {});
    rmSync(parent, { recursive: true });
  });
  const newest = new Map<string, Float64Array<ArrayBuffer>>();
  const frames: LensFrame[] = [];
  let tick = chance(5);
  for (let number = 0; number < 150; number += 1) {
    const fields = new Map<string, FieldSamples>();
    const given = new Map<string, FieldSamples>();
    for (const field of FIELDS) {
      const { sample, stays } = samplesOf(field, { tick, chance, newest });
      fields.set(field.name, sample);
      given.set(field.name, stays ? { ...sample, positions: null } : sample);
    }
    const simTimeSeconds = tick / 8;
    await recorder.append({ tick, simTimeSeconds, fields: given });
    frames.push({ tick, simTimeSeconds, fields });
    tick += 1 + chance(3);
  }
  await recorder.flush();
  return { run, frames, chance };
}

function samplesOf(
  { name, topology, components, precision }: LensField,
  {
    tick,
    chance,
    newest,
  }: {
    readonly tick: number;
    readonly chance: (below: number) => number;
    readonly newest: Map<string, Float64Array<ArrayBuffer>>;
  },
): { readonly sample: FieldSamples; readonly stays: boolean } {
  const before = newest.get(name);
  const moves = topology.kind === 'points' && (before === undefined || chance(7) === 0);
  if (moves) {
    const length = 3 * [0, 1, 5, 700, 1500][chance(5)]!;
    newest.set(
      name,
      Float64Array.from({ length }, (_, at) => tick * 10_000 + at),
    );
  }
  const positions = newest.get(name) ?? null;
  const count =
    positions === null ? (topology.rows ?? 1) * (topology.columns ?? 1) : positions.length / 3;
  const Numbers = precision.type === 'float64' ? Float64Array : Float32Array;
  const values = new Numbers(count * (components[0] ?? 1));
  // Float32 has it exactly: no two frames or fields share a number.
  const first = tick * 16_384 + NAMES.indexOf(name) * 4096;
  for (let at = 0; at < values.length; at += 1) values[at] = first + at / 2;
  return { sample: { count, values, positions }, stays: before !== undefined && !moves };
}

function assertSamples(found: FieldSamples, frame: LensFrame, name: string): void {
  const { count, values, positions } = frame.fields.get(name)!;
  const what = `${name} of tick ${frame.tick}`;
  assert.equal(found.count, count, what);
  assert.ok(found.values.constructor === values.constructor, what);
  assertNumbers(found.values, values, what);
  assert.equal(found.positions === null, positions === null, what);
  if (positions !== null) assertNumbers(found.positions!, positions, `positions of ${what}`);
}

function assertNumbers(found: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.equal(found.length, wanted.length, what);
  for (let at = 0; at < wanted.length; at += 1)
    if (!Object.is(found[at], wanted[at]))
      assert.fail(`${what}: ${found[at]} at ${at}, and not ${wanted[at]}`);
}

interface Asked extends Written {
  readonly lens: Lens;
  /** What is damaged need not be found; what is found is right. */
  readonly damaged?: (reason: string) => void;
}

const framesIn = (
  frames: readonly LensFrame[],
  { from = 0, to = Infinity, every = 1 }: FrameRange,
) => frames.filter(({ tick }) => tick >= from && tick <= to).filter((_, at) => at % every === 0);

const someOf = (chance: Written['chance']): string[] => {
  const some = NAMES.filter(() => chance(2) === 0);
  return some.length === 0 ? [NAMES[chance(4)]!] : some;
};

const rangeOf = ({ frames, chance }: Written): FrameRange => ({
  from: frames[chance(60)]!.tick,
  to: frames[90 + chance(60)]!.tick,
  every: 1 + chance(3),
});

/** To its end or not; what is not reused is looked at again when all has been read. */
async function askEach(asked: Asked, reuse: boolean): Promise<void> {
  const { lens, frames, chance, damaged } = asked;
  const names = someOf(chance);
  const range = rangeOf(asked);
  const most = chance(2) === 0 ? Infinity : chance(40);
  const wanted = new Map(framesIn(frames, range).map((frame) => [frame.tick, frame]));
  const kept: LensFrame[] = [];
  let count = 0;
  const options: EachOptions = { reuse, ...(damaged && { damaged }) };
  for await (const frame of lens.each(names, range, options)) {
    const wants = damaged === undefined ? wanted.get(frame.tick)! : frameOf(frames, frame.tick);
    for (const name of names) assertSamples(frame.fields.get(name)!, wants, name);
    if (!reuse) kept.push(frame);
    count += 1;
    if (count > most) break;
  }
  if (most === Infinity && damaged === undefined) assert.equal(count, wanted.size);
  for (const frame of kept)
    for (const name of names)
      assertSamples(frame.fields.get(name)!, frameOf(frames, frame.tick), name);
}

const frameOf = (frames: readonly LensFrame[], tick: number): LensFrame =>
  frames.find((frame) => frame.tick === tick)!;

async function askSamples({ lens, frames, chance, damaged }: Asked): Promise<void> {
  const asked = Array.from(
    { length: 20 },
    () => [NAMES[chance(4)]!, frames[chance(150)]!] as const,
  );
  const found = await Promise.all(
    asked.map(async ([name, { tick }]) => {
      const samples = lens.samples(name, tick);
      return await (damaged === undefined ? samples : samples.catch(() => undefined));
    }),
  );
  for (const [at, [name, frame]] of asked.entries())
    if (found[at] !== undefined) assertSamples(found[at], frame, name);
}

async function askSeries(asked: Asked): Promise<void> {
  const { lens, frames, chance, damaged } = asked;
  const [name, width, cells] =
    chance(2) === 0 ? (['a', 1, 1200] as const) : (['b', 2, 81] as const);
  const from = chance(cells - 1);
  const columns = { from, to: from + 1 + chance(cells - from) };
  const options = damaged === undefined ? {} : { damaged };
  const found = await Array.fromAsync(lens.series(name, columns, rangeOf(asked), options));
  for (const { tick, values } of found) {
    const wanted = frameOf(frames, tick).fields.get(name)!.values;
    assertNumbers(
      values,
      wanted.subarray(columns.from * width, columns.to * width),
      `${name} ${tick}`,
    );
  }
}

/** Left in the middle of a read. */
async function askAndGiveUp({ lens, chance, frames }: Asked): Promise<void> {
  const given = new AbortController();
  const options = { reuse: true, signal: given.signal };
  let left = chance(30);
  try {
    for await (const frame of lens.each(NAMES, {}, options)) {
      for (const name of NAMES)
        assertSamples(frame.fields.get(name)!, frameOf(frames, frame.tick), name);
      left -= 1;
      if (left < 0) queueMicrotask(() => given.abort());
    }
  } catch (error) {
    if (!given.signal.aborted) throw error;
  }
}

async function askAll(asked: Asked): Promise<void> {
  const rounds = asked.damaged === undefined ? 4 : 2;
  for (let round = 0; round < rounds; round += 1)
    await Promise.all([
      askEach(asked, true),
      askEach(asked, true),
      askEach(asked, false),
      askSamples(asked),
      askSeries(asked),
      askSeries(asked),
      ...(asked.damaged === undefined ? [askAndGiveUp(asked)] : []),
    ]);
}

for (const seed of [1, 2, 3])
  test(`all who read a lens at a time find what was written (${seed})`, async (t) => {
    const made = await written(t, seed);
    await using lens = await openLens(directoryPlace(made.run));
    await askAll({ ...made, lens });
  });

test('beside damage in a chunk and in the journal nobody finds the numbers of another frame or field', async (t) => {
  const made = await written(t, 4);
  const sealed = readdirSync(made.run).filter((name) => /\.(lens|journal)$/.test(name));
  for (const name of sealed) {
    const file = path.join(made.run, name);
    const bytes = readFileSync(file);
    for (let count = 0; count < 3; count += 1) {
      const at = Math.floor(bytes.length / 4) + made.chance(Math.floor(bytes.length / 2));
      bytes[at]! ^= 0xff;
    }
    writeFileSync(file, bytes);
  }
  const told: string[] = [];
  const damaged = (reason: string): void => void told.push(reason);
  await using lens = await openLens(directoryPlace(made.run), { damaged });
  await askAll({ ...made, lens, damaged });
  assert.ok(told.length > 0);
});

type Row = readonly (number | null)[];

/** Tick, time, sample, places of points, numbers of the sample. */
function rowsOf(frames: readonly LensFrame[], field: LensField): readonly Row[] {
  const width = field.components[0] ?? 1;
  return frames.flatMap(({ tick, simTimeSeconds, fields }) => {
    const { count, values, positions } = fields.get(field.name)!;
    return Array.from({ length: count }, (_, sample): Row => [
      tick,
      simTimeSeconds,
      sample,
      ...(positions?.subarray(sample * 3, sample * 3 + 3) ?? []),
      ...values.subarray(sample * width, (sample + 1) * width),
    ]);
  });
}

const columnsOf = (
  { topology, components }: LensField,
  titles: readonly string[],
): readonly number[] =>
  titles
    .flatMap((_, at) => (topology.kind === 'grid' && (at === 3 || at === 4) ? [] : [at]))
    .slice(0, 3 + (topology.kind === 'points' ? 3 : 0) + (components[0] ?? 1));

function assertRows(found: readonly Row[], wanted: readonly Row[], what: string): void {
  assert.equal(found.length, wanted.length, what);
  for (const [at, row] of wanted.entries())
    assertNumbers(found[at] as number[], row as number[], `${what}, row ${at}`);
}

async function sqlRows(sql: LensSql, field: LensField, from: string): Promise<readonly Row[]> {
  const answer = await sql.query(`from ${from} order by tick, sample`);
  const columns = columnsOf(
    field,
    answer.columns.map(({ name }) => name),
  );
  const rows: Row[] = [];
  for await (const some of answer)
    for (const row of some) rows.push(columns.map((at) => Number(row[at])));
  return rows;
}

async function parquetRows(file: string, field: LensField): Promise<readonly Row[]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    const answer = await connection.runAndReadAll(`from '${file}'`);
    const columns = columnsOf(field, answer.columnNames());
    return answer.getRows().map((row) => columns.map((at) => Number(row[at])));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

test('SQL and files have the rows that were written, of fields of other counts from frame to frame', async (t) => {
  const { run, frames } = await written(t, 5);
  const part = frames.slice(20, 60);
  const ticks = { from: part[0]!.tick, to: part.at(-1)!.tick };
  await using lens = await openLens(directoryPlace(run));
  await using sql = await openLensSql([lens]);
  const between = `where tick between ${ticks.from} and ${ticks.to}`;
  for (const field of FIELDS) {
    const wanted = rowsOf(part, field);
    assertRows(
      await sqlRows(sql, field, `${field.name} ${between}`),
      wanted,
      `${field.name} by SQL`,
    );
    const output = path.join(run, '..', `${field.name}.parquet`);
    await exportLens(directoryPlace(run), {
      format: 'parquet',
      output,
      fields: [field.name],
      ticks,
    });
    assertRows(await parquetRows(output, field), wanted, `${field.name} by Parquet`);
    const csv = path.join(run, '..', `${field.name}.csv`);
    await exportLens(directoryPlace(run), {
      format: 'csv',
      output: csv,
      fields: [field.name],
      ticks,
    });
    const [titles = '', ...lines] = readFileSync(csv, 'utf8').trimEnd().split(/\r?\n/);
    const columns = columnsOf(field, titles.split(','));
    const rows = lines
      .map((line) => line.split(','))
      .map((row) => columns.map((at) => Number(row[at])));
    assertRows(rows, wanted, `${field.name} by CSV`);
  }
});
