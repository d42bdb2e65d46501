// A run that is resumed is the run that was not interrupted: "restore, then step", by the state hash at the end.
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { openCheckpoint } from '../checkpoint/index.ts';
import { listRuns } from '../directory/index.ts';
import { identify } from '../identity/index.ts';
import { streamOver } from '../random/index.ts';
import { resumeRun } from '../runner/index.ts';
import type { Run } from '../runner/contract.ts';
import { arrayOf } from '../state/index.ts';
import { loadWorld } from '../world/index.ts';
import type { LoadedWorld } from '../world/contract.ts';
import { writeRandomWorld } from '../world/testing/random-world.ts';
import type { SessionEnd, SessionEvent, SessionOptions } from './contract.ts';
import { simulate } from './index.ts';

type Store = NonNullable<SessionOptions['store']>;

const place = mkdtempSync(path.join(os.tmpdir(), 'session-'));
after(() => rmSync(place, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => path.join(place, String((made += 1)));
const storeIn = (directory: string, beginning: Store['beginning']): Store => ({
  directory,
  beginning,
  cadence: { strideTicks: 7 },
});
const checkpointOf = (end: SessionEnd): string => end.checkpoints.last!.file;

/** Small, and otherwise as it is. */
async function smallTerra(): Promise<LoadedWorld> {
  const directory = fresh();
  cpSync(new URL('../../../../examples/terra', import.meta.url), directory, { recursive: true });
  writeFileSync(
    path.join(directory, 'size.ts'),
    '// Small.\nexport const ROWS = 24;\nexport const COLUMNS = 48;\n',
  );
  return await loadWorld(directory);
}

async function interrupted(loaded: LoadedWorld, first: number, then: number): Promise<SessionEnd> {
  const directory = fresh();
  await simulate({ loaded, seed: 's', steps: first, store: storeIn(directory, { begin: 'new' }) });
  return await simulate({ loaded, steps: then, store: storeIn(directory, { begin: 'resume' }) });
}

describe('N + M ticks are N ticks, a resume, and M ticks', () => {
  const seeds = process.env['STILLPOINT_SOAK'] === undefined ? 6 : 50;
  const covered = new Set<string>();
  for (let seed = 1; seed <= seeds; seed += 1)
    it(`in the random world ${seed}`, async () => {
      const directory = fresh();
      const { coverage } = await writeRandomWorld(seed, directory);
      for (const feature of coverage) covered.add(feature);
      const loaded = await loadWorld(directory);
      const straight = await simulate({ loaded, seed: 's', steps: 60 });
      assert.equal((await interrupted(loaded, 23, 37)).stateHash, straight.stateHash);
    });
  it('which covered', (t) => {
    t.diagnostic([...covered].toSorted().join(', '));
    for (const feature of ['births', 'deaths', 'gated strata', 'eras with transitions', 'matrices'])
      assert.ok(covered.has(feature), feature);
  });
  it('in the example of particles', async () => {
    const loaded = await loadWorld(
      new URL('../../../../examples/particles', import.meta.url).pathname,
    );
    const straight = await simulate({ loaded, seed: 's', steps: 600 });
    assert.equal((await interrupted(loaded, 520, 80)).stateHash, straight.stateHash);
  });
  it('in the example of a planet, across the end of an era', async () => {
    const loaded = await smallTerra();
    const eras: string[] = [];
    const onEvent = (event: SessionEvent): void => {
      if (event.type === 'era') eras.push(event.to);
    };
    const straight = await simulate({ loaded, seed: 's', steps: 300, onEvent });
    assert.deepEqual(eras, ['stable']);
    assert.equal((await interrupted(loaded, 61, 239)).stateHash, straight.stateHash);
  });
});

describe('what would make it differ is seen', () => {
  const ended = async (change: (run: Run) => void): Promise<string> => {
    const loaded = await smallTerra();
    const { world, assets } = loaded;
    const directory = fresh();
    const store = storeIn(directory, { begin: 'new' });
    const half = await simulate({ loaded, seed: 's', steps: 40, store });
    await using checkpoint = await openCheckpoint(checkpointOf(half));
    const identity = await identify(loaded);
    const { run } = await resumeRun({ world, assets, checkpoint, identity });
    change(run);
    while (run.tick < 240) run.step();
    return run.stateHash();
  };
  it('one bit, and one number drawn', async () => {
    const same = await ended(() => {});
    assert.equal(await ended(() => {}), same);
    const bit = await ended((run) => {
      const pair = run.hold()!;
      const { buffer, byteOffset } = pair.newest.arrays.get('temperature')!;
      const bytes = new Uint8Array(buffer, byteOffset);
      bytes[1003]! ^= 1;
      pair.release();
    });
    assert.notEqual(bit, same);
    const drawn = await ended((run) => {
      const pair = run.hold()!;
      streamOver(arrayOf(pair.newest, '@random', 'u32'), 4).uint32();
      pair.release();
    });
    assert.notEqual(drawn, same);
  });
});

describe('a checkpoint', () => {
  it('goes on elsewhere, under the same id where its run went along', async () => {
    const loaded = await smallTerra();
    const straight = await simulate({ loaded, seed: 's', steps: 50 });
    const here = fresh();
    const store = storeIn(here, { begin: 'new', runId: 'traveller' });
    await simulate({ loaded, seed: 's', steps: 30, store });
    const there = fresh();
    renameSync(here, there);
    const moved = await simulate({
      loaded: await smallTerra(),
      steps: 20,
      store: storeIn(there, { begin: 'resume', from: 'traveller' }),
    });
    assert.equal(moved.stateHash, straight.stateHash);
    assert.equal(moved.runId, 'traveller');
  });

  it('that is older, or lies alone, begins a new run that says where it came from', async () => {
    const loaded = await smallTerra();
    const directory = fresh();
    const first = await simulate({
      loaded,
      seed: 's',
      steps: 10,
      store: storeIn(directory, { begin: 'new', runId: 'a' }),
    });
    const file = checkpointOf(first);
    const straight = await simulate({
      loaded,
      steps: 20,
      store: storeIn(directory, { begin: 'resume' }),
    });
    const alone = path.join(fresh(), 'moved.ckpt');
    mkdirSync(path.dirname(alone));
    cpSync(file, alone);
    for (const from of [file, alone]) {
      const again = await simulate({
        loaded,
        steps: 20,
        store: storeIn(directory, { begin: 'resume', from }),
      });
      assert.equal(again.stateHash, straight.stateHash);
      assert.notEqual(again.runId, 'a');
      const listed = (await listRuns(directory)).find(({ runId }) => runId === again.runId);
      assert.deepEqual(
        [listed?.manifest.lineage?.runId, listed?.manifest.lineage?.tick],
        ['a', 10],
      );
    }
    // The newest of its run goes on with it.
    const newest = await simulate({
      loaded,
      steps: 1,
      store: storeIn(directory, { begin: 'resume', from: checkpointOf(straight) }),
    });
    assert.equal(newest.runId, 'a');
  });

  it('is not needed where a run died before its first', async () => {
    const loaded = await smallTerra();
    const directory = fresh();
    const store = storeIn(directory, { begin: 'either', runId: 'b' });
    const straight = await simulate({ loaded, seed: 's', steps: 20, store });
    rmSync(checkpointOf(straight));
    for (const tick of [7, 14])
      rmSync(path.join(directory, 'b', `checkpoint_${String(tick).padStart(10, '0')}.ckpt`));
    const again = await simulate({
      loaded,
      steps: 20,
      store: { ...store, beginning: { begin: 'resume' } },
    });
    assert.equal(again.stateHash, straight.stateHash);
    assert.equal(again.runId, 'b');
  });
});

describe('what is not ours is left alone', () => {
  it('a directory that is no run is not cleared when it is named', async () => {
    const loaded = await smallTerra();
    const directory = fresh();
    const work = path.join(directory, 'work');
    mkdirSync(work, { recursive: true });
    writeFileSync(path.join(work, 'draft.tmp'), 'mine');
    writeFileSync(path.join(work, 'manifest.json'), '{ "name": "an app" }');
    for (const from of ['work', work])
      await assert.rejects(
        simulate({ loaded, steps: 1, store: storeIn(directory, { begin: 'resume', from }) }),
        (error) => isFailure(error, 'RUN_UNKNOWN'),
      );
    const first = await simulate({ loaded, steps: 5, store: storeIn(fresh(), { begin: 'new' }) });
    const file = path.join(work, path.basename(checkpointOf(first)));
    cpSync(checkpointOf(first), file);
    const again = await simulate({
      loaded,
      steps: 1,
      store: storeIn(directory, { begin: 'resume', from: file }),
    });
    assert.equal(again.tick, 6);
    const names = [path.basename(file), 'draft.tmp', 'manifest.json'];
    assert.deepEqual(readdirSync(work).toSorted(), names.toSorted());
  });

  it('a run that goes on is not disturbed by who begins with one of its checkpoints', async () => {
    const loaded = await smallTerra();
    const directory = fresh();
    const stop = new AbortController();
    let other: Promise<SessionEnd> | undefined;
    const end = await simulate({
      loaded,
      store: storeIn(directory, { begin: 'new', runId: 'on' }),
      signal: stop.signal,
      onEvent: (event) => {
        if (event.type !== 'checkpoint:written' || other !== undefined) return;
        other = simulate({
          loaded,
          steps: 1,
          store: storeIn(directory, { begin: 'resume', from: event.file }),
        }).finally(() => stop.abort());
      },
    });
    assert.equal(end.reason, 'aborted');
    assert.notEqual((await other!).runId, 'on');
    await assert.rejects(
      simulate({ loaded, steps: 1, store: storeIn(directory, { begin: 'resume', from: 'none' }) }),
      (error) => isFailure(error, 'RUN_UNKNOWN'),
    );
  });

  it('what went wrong is said where nothing can be written any more', async () => {
    const loaded = await smallTerra();
    const directory = fresh();
    await assert.rejects(
      simulate({
        loaded,
        steps: 3,
        store: storeIn(directory, { begin: 'new' }),
        onEvent: (event) => {
          if (event.type === 'progress') rmSync(directory, { recursive: true, force: true });
        },
      }),
      (error) => isFailure(error, 'CKPT_WRITE_FAILED'),
    );
  });
});
