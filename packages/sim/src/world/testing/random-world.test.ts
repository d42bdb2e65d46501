import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { canonicalJson } from '@stillpoint/core';
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
