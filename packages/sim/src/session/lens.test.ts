// Runs with a lens: what is seen of them does not depend on kills, resumes or checkpoints, and they do not depend on being seen.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { openCheckpoint } from '../checkpoint/index.ts';
import { directoryPlace, openLens } from '../lens/read/index.ts';
import { readManifest } from '../lens/record/index.ts';
import { loadWorld } from '../world/index.ts';
import type { LoadedWorld } from '../world/contract.ts';
import type { SessionEvent, SessionOptions } from './contract.ts';
import { simulate } from './index.ts';
import { killedRun } from './testing/killed-run.ts';
import { pondSource } from './testing/pond.ts';

const place = mkdtempSync(path.join(os.tmpdir(), 'session-lens-'));
after(() => rmSync(place, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => path.join(place, String((made += 1)));

async function pond(): Promise<LoadedWorld> {
  const directory = fresh();
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'world.ts'), pondSource);
  return await loadWorld(directory);
}

type Frames = readonly (readonly unknown[])[];

/** All that can be asked of it. */
async function framesOf(directory: string): Promise<Frames> {
  await using lens = await openLens(directoryPlace(directory));
  const frames: unknown[][] = [];
  const names = lens.fields.map(({ name }) => name);
  for await (const { tick, simTimeSeconds, fields } of lens.each(names))
    frames.push([
      tick,
      simTimeSeconds,
      ...[...fields.values()].flatMap(({ count, values, positions }) => [
        count,
        [...values],
        positions && [...positions],
      ]),
    ]);
  return frames;
}

const lensIn = (directory: string): NonNullable<SessionOptions['lens']> => ({
  directory,
  strideTicks: 4,
  chunkTicks: 60,
});
const ticksOf = (frames: Frames): readonly unknown[] => frames.map(([tick]) => tick);
const everyFourth = (last: number): readonly number[] =>
  Array.from({ length: Math.floor(last / 4) + 1 }, (_, at) => at * 4);

describe('a run with a lens', () => {
  it('has frames at multiples of the stride, tick 0 among them, with and without checkpoints', async () => {
    const loaded = await pond();
    const directory = fresh();
    const bare = await simulate({ loaded, steps: 150 });
    const events: SessionEvent[] = [];
    const watched = await simulate({
      loaded,
      steps: 150,
      lens: lensIn(directory),
      onEvent: (event) => events.push(event),
    });
    assert.equal(watched.stateHash, bare.stateHash);
    const opened = events.find((event) => event.type === 'lens:opened');
    assert.deepEqual(opened?.fields, ['depth', 'weight', 'speed']);
    assert.equal(watched.lens?.directory, path.join(directory, opened.runId));
    const frames = await framesOf(watched.lens.directory);
    assert.deepEqual(ticksOf(frames), everyFourth(150));
    assert.deepEqual([watched.lens.frames, watched.lens.dropped], [38, 0]);
    const store = { directory: fresh(), beginning: { begin: 'new', runId: 'kept' } } as const;
    const kept = await simulate({ loaded, steps: 150, store, lens: lensIn(directory) });
    assert.equal(kept.stateHash, bare.stateHash);
    assert.deepEqual(await framesOf(path.join(directory, 'kept')), frames);
  });

  it('whose checkpoints say which frames they have', async () => {
    const store = {
      directory: fresh(),
      beginning: { begin: 'new', runId: 'one' },
      cadence: { strideTicks: 7 },
    } as const;
    const lens = lensIn(fresh());
    const files: string[] = [];
    await simulate({
      loaded: await pond(),
      steps: 30,
      store,
      lens,
      onEvent: (event) => {
        if (event.type === 'checkpoint:written') files.push(event.file);
      },
    });
    for (const file of files) {
      await using checkpoint = await openCheckpoint(file);
      const { tick, lens: facts } = checkpoint.facts;
      const last = Math.floor(tick / 4) * 4;
      assert.deepEqual(facts, { tick: last, frames: last / 4 + 1 });
    }
    assert.ok(files.length > 0);
  });

  it('that goes on has each frame once, also those behind the checkpoint it goes on from', async () => {
    const loaded = await pond();
    const straight = await simulate({ loaded, steps: 300, lens: lensIn(fresh()) });
    const expected = await framesOf(straight.lens!.directory);
    const directory = fresh();
    const lens = lensIn(fresh());
    const cadence = { strideTicks: 7 };
    for (const [index, untilTick] of [37, 120, 131, 300].entries()) {
      const begin = index === 0 ? 'new' : 'resume';
      const store = { directory, beginning: { begin }, cadence } as NonNullable<
        SessionOptions['store']
      >;
      const end = await simulate({ loaded, untilTick, store, lens });
      if (index < 3) {
        // As if it had been killed long after its last checkpoint.
        rmSync(end.checkpoints.last!.file);
        continue;
      }
      assert.equal(end.stateHash, straight.stateHash);
      assert.deepEqual(await framesOf(end.lens!.directory), expected);
    }
  });

  it('that is another history has a lens of its own', async () => {
    const loaded = await pond();
    const lens = lensIn(fresh());
    const directory = fresh();
    const first: string[] = [];
    const store = {
      directory,
      beginning: { begin: 'new', runId: 'one' },
      cadence: { strideTicks: 8 },
    } as const;
    await simulate({
      loaded,
      steps: 40,
      store,
      lens,
      onEvent: (event) => {
        if (event.type === 'checkpoint:written') first.push(event.file);
      },
    });
    const other = await simulate({
      loaded,
      steps: 20,
      lens,
      store: { directory, beginning: { begin: 'resume', from: first[0]! } },
    });
    assert.notEqual(other.runId, 'one');
    const from = Number(/_0*(\d+)\.ckpt$/.exec(first[0]!)![1]);
    const expected = (await framesOf(path.join(lens.directory, 'one'))).filter(
      ([tick]) => (tick as number) >= from,
    );
    const found = await framesOf(other.lens!.directory);
    assert.deepEqual(found.slice(0, expected.length), expected.slice(0, found.length));
    assert.equal(found[0]![0], from);
  });

  it('is the same run, whatever is removed of its lens meanwhile', async () => {
    const loaded = await pond();
    const bare = await simulate({ loaded, steps: 400 });
    const lens = lensIn(fresh());
    const events: SessionEvent[] = [];
    const end = await simulate({
      loaded,
      steps: 400,
      lens,
      onEvent: (event) => {
        events.push(event);
        const opened = events.find((one) => one.type === 'lens:opened');
        // All of it, again and again, under the thread that writes it.
        if (event.type !== 'progress' || opened === undefined) return;
        for (const name of readdirSync(opened.directory))
          rmSync(path.join(opened.directory, name), { force: true });
      },
    });
    assert.equal(end.stateHash, bare.stateHash);
  });

  it('of fields that are not there is not begun', async () => {
    const directory = fresh();
    const store = { directory, beginning: { begin: 'new' } } as const;
    const lens = { directory: fresh(), fields: { names: ['heat'] } };
    await assert.rejects(simulate({ loaded: await pond(), steps: 1, store, lens }), (error) =>
      isFailure(error, 'LENS_FIELD_UNKNOWN'),
    );
    assert.equal(existsSync(directory), false);
  });
});

describe('killed again and again', () => {
  const kills = process.env['STILLPOINT_SOAK'] === '1' ? 20 : 5;

  it('a run leaves the frames of one that ran through', async () => {
    const loaded = await pond();
    const until = 200 * kills;
    // So long that a tick takes, that not all checkpoints are dropped.
    const work = 20_000;
    const straight = await simulate({
      loaded,
      steps: until,
      parameters: { work },
      lens: lensIn(fresh()),
    });
    const expected = await framesOf(straight.lens!.directory);
    assert.equal(expected.length, until / 4 + 1);
    const world = path.dirname(loaded.file);
    const killed = { world, directory: fresh(), lens: fresh(), until, work };
    const end = await killedRun(killed, kills);
    assert.equal(end.stateHash, straight.stateHash);
    assert.deepEqual(await framesOf(end.lensDirectory), expected);
    assert.deepEqual((await readManifest(end.lensDirectory))?.dropped, []);
  });
});
