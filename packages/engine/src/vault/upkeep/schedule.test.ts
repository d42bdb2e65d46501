// Writers and prunes on one vault at once, in an order that a seed decides, with clocks that jump by hours: whatever happens between
// any two calls of the store, nothing that a sealed snapshot names is ever deleted. One writer has read the index, and is then paused in
// front of its seal until all others have ended. Each round says its seed; STILLPOINT_SEED=N runs that
// one alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure } from '@stillpoint/core';
import { SNAPSHOT_PREFIX } from '../format/layout.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { createActors, type Actor } from './testing/actors.ts';
import { assertAllWhole, keysIn, partsOf, prune, seal, write } from './testing/snapshots.ts';
import { never, randomFrom, smallTuning } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const named = process.env['STILLPOINT_SEED'];
const ROUNDS = soak ? 200 : 15;
/** Few, so that snapshots share most of what they hold. */
const CONTENTS = 6;

type Random = () => number;
const pick = (random: Random, count: number): number => Math.floor(random() * count);

/** Errors that a person is told to answer by running the command again. */
function assertRetryable(error: unknown): void {
  assert.ok(
    isFailure(error, 'SNAPSHOT_OVERTAKEN') || isFailure(error, 'SESSION_ENDED'),
    String(error),
  );
}

/** Takes snapshots: some content is written, some taken over from the newest one as drivers do it. */
async function writer({ store, clock }: Actor, random: Random): Promise<void> {
  for (let n = 0; n < 3; n++) {
    // A process of its own each time, or one that stays.
    await using vault = await openVault(store, { tuning: smallTuning, clock });
    await using session = await vault.openSession(never);
    const earlier = (await vault.list()).at(-1);
    const known = earlier === undefined ? [] : await partsOf(vault, earlier).catch(() => []);
    const parts = known.filter(() => random() < 0.5);
    for (let part = 0; part < 2; part++) {
      parts.push(await write(session, pick(random, CONTENTS), 3000 + pick(random, 2) * 4000));
    }
    await seal(session, parts).catch(assertRetryable);
  }
}

async function forgetter({ store, clock }: Actor, random: Random): Promise<void> {
  await using vault = await openVault(store, { tuning: smallTuning, clock });
  for (let n = 0; n < 4; n++) {
    const entries = await vault.list();
    const entry = entries[pick(random, entries.length)];
    if (entry !== undefined) await vault.forget(entry);
  }
}

async function pruner({ store, clock }: Actor, random: Random): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await using vault = await openVault(store, { tuning: smallTuning, clock });
    await prune(vault, { repackShare: [0, 0.3, 1][pick(random, 3)]! });
  }
}

async function round(seed: number): Promise<{ snapshots: number; switches: number }> {
  const random = randomFrom(seed);
  const store = createMemoryStore();
  await using vault = await createVault(store, { tuning: smallTuning });
  const actors = createActors(store, random);
  for (const [name, body] of Object.entries({
    'writer 1': writer,
    'writer 2': writer,
    'paused writer': writer,
    'prune 1': pruner,
    'prune 2': pruner,
    forgetter,
  })) {
    const own = randomFrom(Math.floor(random() * 2 ** 31));
    actors.add(
      name,
      (actor) => body(actor, own),
      name === 'paused writer' ? SNAPSHOT_PREFIX : undefined,
    );
  }
  const switches = await actors.run(async () => {
    await assertAllWhole(store);
  });
  await prune(vault);
  await prune(vault);
  const snapshots = await assertAllWhole(store);
  assert.deepEqual(await keysIn(store, 'prune/'), [], 'no mark is left');
  assert.deepEqual(await keysIn(store, 'sessions/'), [], 'no session is left');
  return { snapshots, switches };
}

/** Those that found something once: a prune that was overtaken by another while it copied (61). */
const FINDERS = [61];

function seeds(): readonly number[] {
  if (named !== undefined) return [Number(named)];
  const first = Array.from({ length: ROUNDS }, (_, n) => n + 1);
  return [...new Set([...first, ...FINDERS])];
}

test('nothing referenced is ever deleted, whoever is paused for how long', async (t) => {
  for (const seed of seeds()) {
    try {
      const { snapshots, switches } = await round(seed);
      t.diagnostic(`seed ${seed}: ${snapshots} snapshots, ${switches} switches`);
    } catch (error) {
      throw new Error(`run it again with STILLPOINT_SEED=${seed}`, { cause: error });
    }
  }
});
