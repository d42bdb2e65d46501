// Incremental checkpoints: only changed pages are stored, and what is read is the state, whatever became longer, shorter or new.
import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure } from '@stillpoint/core';
import type { CheckpointOutcome, CheckpointWriter } from './contract.ts';
import { createCheckpointWriter, openCheckpoint } from './index.ts';
import { PAGE_BYTES } from './layout.ts';
import {
  factsOf,
  randomFrom,
  stateOf,
  type SectionShape,
  type TestState,
} from './testing/states.ts';

const PAGE_NUMBERS = PAGE_BYTES / 8;
/** 40 pages and a half, and a short member. */
const shapes: readonly SectionShape[] = [
  { name: 'current/field', dtype: 'f64', shape: [PAGE_NUMBERS * 40 + PAGE_NUMBERS / 2] },
  { name: 'current/particle.position', dtype: 'f32', shape: [1000, 3], kind: 'member' },
  { name: 'current/@clock', dtype: 'f64', shape: [4], kind: 'clock' },
];

type Written = Extract<CheckpointOutcome, { outcome: 'written' }>;

interface Stage {
  readonly directory: string;
  readonly writer: CheckpointWriter;
  /** Writes it, and proves that what is read is what was written. */
  readonly write: (tick: number, state: TestState) => Promise<Written>;
}

async function stageFor(t: TestContext, fullEvery = 10): Promise<Stage> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-pages-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const writer = createCheckpointWriter({ runDirectory: directory, fullEvery });
  t.after(() => writer.close());
  return {
    directory,
    writer,
    async write(tick, state) {
      assert.ok(
        writer.offer({ facts: factsOf(tick), sections: state.sections, release: () => {} }),
      );
      const [outcome] = await writer.drain();
      assert.ok(outcome?.outcome === 'written', String(Object.values(outcome ?? {})));
      await using checkpoint = await openCheckpoint(outcome.file);
      await checkpoint.verify();
      for (const { name } of state.sections)
        assert.equal(Buffer.compare(await checkpoint.read(name), state.bytes(name)), 0, name);
      return outcome;
    },
  };
}

/** Overwrites pages of the field by noise, which does not compress. */
function change(state: TestState, pages: readonly number[], seed: number): void {
  const random = randomFrom(seed);
  const field = state.bytes('current/field');
  for (const page of pages)
    for (let at = page * PAGE_BYTES; at < Math.min((page + 1) * PAGE_BYTES, field.length); at += 1)
      field[at] = random();
}

test('with a twentieth of the pages changed it takes a fraction of the bytes', async (t) => {
  const { write } = await stageFor(t);
  const state = stateOf(shapes);
  const whole = await write(1, state);
  assert.equal(whole.full, true);
  change(state, [7, 40], 3);
  const next = await write(2, state);
  assert.equal(next.full, false);
  assert.ok(next.bytes < whole.bytes * 0.2, `${next.bytes} of ${whole.bytes}`);
  const third = await write(3, state);
  assert.equal(third.bytes, next.bytes, 'depth is one: the same pages again');
});

test('unchanged, nothing but the table is stored', async (t) => {
  const { write } = await stageFor(t);
  const state = stateOf(shapes);
  await write(1, state);
  const { bytes } = await write(2, state);
  assert.ok(bytes < 4096, `${bytes} bytes`);
});

test('sections that grow, shrink, appear and vanish are read as they are', async (t) => {
  const { write } = await stageFor(t);
  const field = { name: 'current/field', dtype: 'f64' } as const;
  const lengths = [40.5, 41, 40, 12.25, 40.5, 0.1, 60, 0];
  await write(1, stateOf(shapes));
  for (const [at, length] of lengths.entries()) {
    const grown = [{ ...field, shape: [Math.round(PAGE_NUMBERS * length)] }, ...shapes.slice(2)];
    await write(10 + at, stateOf(grown));
    const more = [{ name: 'current/new', dtype: 'u8', shape: [100_000] } as const, ...grown];
    await write(30 + at, stateOf(more));
  }
});

test('every nth is whole, and what has changed by more than half is', async (t) => {
  const { write } = await stageFor(t, 3);
  const state = stateOf(shapes);
  const full: boolean[] = [];
  for (let tick = 1; tick <= 7; tick += 1) full.push((await write(tick, state)).full);
  assert.deepEqual(full, [true, false, false, true, false, false, true]);
  change(
    state,
    Array.from({ length: 25 }, (_, at) => at),
    5,
  );
  assert.equal((await write(8, state)).full, true);
});

test('a base that is gone is not relied on, and its children say that they miss it', async (t) => {
  const { write, directory } = await stageFor(t);
  const state = stateOf(shapes);
  const base = await write(1, state);
  const child = await write(2, state);
  await copyFile(base.file, path.join(directory, 'kept'));
  await unlink(base.file);
  assert.equal((await write(3, state)).full, true);
  await using alone = await openCheckpoint(child.file);
  for (const work of [alone.verify(), alone.read('current/field')])
    await assert.rejects(work, (error) => isFailure(error, 'CKPT_BASE_MISSING'));
});

test('another file under the name of the base is no base', async (t) => {
  const { write } = await stageFor(t);
  const state = stateOf(shapes);
  const base = await write(1, state);
  const child = await write(2, state);
  change(state, [0], 9);
  const other = await stageFor(t);
  const { file } = await other.write(1, state);
  await writeFile(base.file, await readFile(file));
  await using opened = await openCheckpoint(child.file);
  await assert.rejects(opened.verify(), (error) => isFailure(error, 'CKPT_BASE_MISSING'));
});

test('damage of the base is found through its child', async (t) => {
  const { write } = await stageFor(t);
  const state = stateOf(shapes);
  const base = await write(1, state);
  const child = await write(2, state);
  const bytes = await readFile(base.file);
  const { size } = await stat(base.file);
  bytes[Math.floor(size / 3)] = (bytes[Math.floor(size / 3)] as number) ^ 8;
  await writeFile(base.file, bytes);
  await using opened = await openCheckpoint(child.file);
  // One after the other: the second may reject first, while nobody waits for it.
  for (const work of [() => opened.verify(), () => opened.read('current/field')])
    await assert.rejects(work, (error) => isFailure(error, 'CKPT_DAMAGED'));
});

test('the same tick again is never its own base', async (t) => {
  const { write } = await stageFor(t);
  const state = stateOf(shapes);
  await write(1, state);
  assert.equal((await write(1, state)).full, true);
});

test('a base that others need is not replaced by a checkpoint of its tick', async (t) => {
  const { write, writer } = await stageFor(t);
  const state = stateOf(shapes);
  await write(1, state);
  const child = await write(2, state);
  writer.offer({ facts: factsOf(1), sections: state.sections, release: () => {} });
  const [outcome] = await writer.drain();
  assert.ok(outcome?.outcome === 'failed' && isFailure(outcome.error, 'CKPT_WRITE_FAILED'));
  await using opened = await openCheckpoint(child.file);
  await opened.verify();
});

test('a base that is damaged or gone is made anew by a run that makes its tick again', async (t) => {
  for (const harm of [unlink, async (file: string) => writeFile(file, 'STPTCKPT')]) {
    const { directory, write } = await stageFor(t);
    const state = stateOf(shapes);
    const base = await write(1, state);
    await write(2, state);
    await harm(base.file);
    const { file } = await write(1, state);
    assert.deepEqual([file, path.dirname(file)], [base.file, directory]);
  }
});
