// Every call of the store that forget and prune make fails, loses its answer, or is cut in half without a word:
// all other snapshots are whole, the next run succeeds, and no garbage is left.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure, silent } from '@stillpoint/core';
import type { Store, Vault } from '../contract.ts';
import { createFaultyStore, type Fault, type StoreCall } from '../stores/faulty.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, smallTuning } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';
import {
  assertAllWhole,
  keysIn,
  prune,
  referencesIn,
  seal,
  snapshot,
} from './testing/snapshots.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
/** Prime to what comes in twos and fours. */
const STEP = soak ? 1 : 5;

async function makeVault(): Promise<{ store: Store; forgotten: string }> {
  const store = createMemoryStore();
  await using vault = await createVault(store, { tuning: smallTuning });
  const { entry, parts } = await snapshot(vault, [1, 2, 3], 5000);
  await using session = await vault.openSession(never);
  await seal(session, parts.slice(1));
  await snapshot(vault, [3, 4], 5000);
  return { store, forgotten: entry.id };
}

async function forgetAndPrune(vault: Vault, forgotten: string, signal: AbortSignal): Promise<void> {
  const entry = (await vault.list()).find(({ id }) => id === forgotten);
  if (entry !== undefined) await vault.forget(entry);
  const references = () => referencesIn(vault);
  await vault.prune({ references, dryRun: false, repackShare: 0, progress: silent, signal });
}

async function tryWith(
  inner: Store,
  forgotten: string,
  fault: (call: StoreCall, giveUp: () => void) => Fault,
): Promise<number> {
  const end = new AbortController();
  let calls = 0;
  const store = createFaultyStore(inner, (call) => {
    calls = call.n;
    return fault(call, () => end.abort(new Error('given up')));
  });
  try {
    await using vault = await openVault(store, { tuning: smallTuning });
    await forgetAndPrune(vault, forgotten, end.signal);
  } catch (error) {
    assert.ok(isFailure(error) || error === end.signal.reason, String(error));
  }
  return calls;
}

const faults: Readonly<Record<string, (call: StoreCall) => Fault>> = {
  'fails before': ({ phase }) => (phase === 'before' ? 'fail' : 'ok'),
  'fails after': ({ phase }) => (phase === 'after' ? 'fail' : 'ok'),
  'is cut': ({ phase }) => (phase === 'before' ? 'cut' : 'ok'),
};

for (const [name, fault] of Object.entries(faults)) {
  test(`a call ${name}`, async (t) => {
    const { store, forgotten } = await makeVault();
    const calls = await tryWith(store, forgotten, () => 'ok');
    for (let n = 1; n <= calls; n += STEP) {
      const vault = await makeVault();
      let called = '';
      await tryWith(vault.store, vault.forgotten, (call) => {
        if (call.n !== n) return 'ok';
        called = `call ${n}, ${call.operation} ${call.key}`;
        return fault(call);
      });
      await endsWell(vault.store, vault.forgotten, name === 'is cut').catch((cause: unknown) => {
        throw new Error(called, { cause });
      });
    }
    t.diagnostic(`${calls} calls`);
  });
}

/** `cutIndex`: an index file that was cut stays, and verify speaks of it, until the vault is repaired; nothing rests on it. */
async function endsWell(store: Store, forgotten: string, cutIndex: boolean): Promise<void> {
  const whole = await assertAllWhole(store, true);
  assert.ok(whole === 2 || whole === 3, `${whole} snapshots`);
  for (const id of await openSessions(store)) await store.delete(id);
  const vault = await openVault(store, { tuning: smallTuning });
  await forgetAndPrune(vault, forgotten, never.signal);
  assert.equal(await assertAllWhole(store, cutIndex), 2);
  assert.equal((await prune(vault, { dryRun: true, repackShare: 0 })).deletedPacks, 0, 'garbage');
  assert.deepEqual(await keysIn(store, 'prune/'), []);
}

/** Of the process that failed, which is this one and lives on. */
const openSessions = (store: Store): Promise<readonly string[]> => keysIn(store, 'sessions/');
