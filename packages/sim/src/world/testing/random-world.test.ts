import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { canonicalJson } from '@stillpoint/core';
import { startRun } from '../../runner/index.ts';
import type { Run } from '../../runner/contract.ts';
import { loadWorld } from '../index.ts';
import { coverageText, uncovered } from './coverage.ts';
import { randomWorld, writeRandomWorld } from './random-world.ts';

test('fifty random worlds are valid, and have every feature', (context) => {
  const worlds = Array.from({ length: 50 }, (_, seed) => randomWorld(seed));
  const coverage = worlds.map((world) => world.coverage);
  context.diagnostic(`\n${coverageText(coverage)}`);
  assert.deepEqual(uncovered(coverage), []);
});

test('a seed gives the same world again, also from its file', async () => {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'stillpoint-random-world-'));
  try {
    const written = await writeRandomWorld(7, directory);
    const loaded = await loadWorld(directory);
    assert.equal(canonicalJson(loaded.world.ir), canonicalJson(written.world.ir));
    assert.equal(randomWorld(7).source, written.source);
    assert.notEqual(randomWorld(8).source, written.source);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('no random world forgets a bit of its signals or a draw', () => {
  const after = (seed: number, change: (run: Run) => void): string => {
    const run = startRun({ world: randomWorld(seed).world, seed: 'straight' });
    for (let tick = 0; tick < 20; tick += 1) run.step();
    change(run);
    for (let tick = 0; tick < 20; tick += 1) run.step();
    return run.stateHash();
  };
  for (let seed = 0; seed < 8; seed += 1) {
    const straight = after(seed, () => {});
    assert.equal(
      after(seed, () => {}),
      straight,
    );
    const { sections } = startRun({ world: randomWorld(seed).world }).layout;
    for (const { name, kind, offsetBytes, lengthBytes } of sections) {
      if (kind !== 'signal' && kind !== 'random') continue;
      const changed = after(seed, (run) => {
        const pair = run.hold();
        assert.ok(pair !== undefined);
        // The lowest bit of the last element: what is easiest to lose in a rounding.
        const bytes = new Uint8Array(pair.newest.buffer, offsetBytes, lengthBytes);
        const size = pair.newest.arrays.get(name)!.BYTES_PER_ELEMENT;
        bytes[lengthBytes - size]! ^= 1;
        pair.release();
      });
      assert.notEqual(changed, straight, `world ${seed} forgets ${name}`);
    }
  }
});
