// Damaged marks of prune: what stops everybody has a way out that loses nothing, and what need not stop anybody does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure, newUuid, silent } from '@stillpoint/core';
import type { Store, Vault, VaultRepair } from '../contract.ts';
import { openKeys } from '../crypto/keys.ts';
import { pruneKey } from '../format/layout.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { never, smallTuning } from '../test-streams.ts';
import { createVault } from '../vault.ts';
import { putMark, readMarks } from './marks.ts';
import { assertAllWhole, keysIn, prune, snapshot } from './testing/snapshots.ts';

const tuned = { tuning: smallTuning };
const garbage = Buffer.from('garbage');

async function repair(vault: Vault, dryRun = false): Promise<VaultRepair> {
  const packs = await vault.checkPacks({ share: 1, now: new Date(), progress: silent, ...never });
  return await vault.repair({ packs, dryRun, ...never });
}

/** A mark of all packs, as a prune has put it that is paused since, and was damaged then. Resolves to the doomed packs. */
async function doomAndDamage(store: Store, vault: Vault): Promise<readonly string[]> {
  const doomed = await keysIn(store, 'packs/');
  const names = doomed.map((key) => key.slice(key.lastIndexOf('/') + 1));
  await putMark({ store, keys: openKeys(vault.id) }, names);
  const [mark] = await keysIn(store, 'prune/');
  await store.put(mark!, garbage);
  return doomed;
}

test('a lost mark is replaced, and the prune that still knows it deletes nothing that is needed', async () => {
  const store = createMemoryStore();
  await using vault = await createVault(store, tuned);
  const { entry } = await snapshot(vault, [1, 2]);
  await vault.forget(entry);
  const doomed = await doomAndDamage(store, vault);
  await assert.rejects(snapshot(vault, [1]), (error) => isFailure(error, 'PRUNE_MARK_DAMAGED'));

  const planned = await repair(vault, true);
  assert.equal(planned.marks.length, 1);
  await assert.rejects(prune(vault), (error) => isFailure(error, 'PRUNE_MARK_DAMAGED'));
  assert.deepEqual(await repair(vault), planned);
  assert.deepEqual((await repair(vault)).marks, []);
  // Finds the content in a pack that the paused prune is about to delete.
  await snapshot(vault, [1]);
  for (const key of doomed) await store.delete(key);
  assert.equal(await assertAllWhole(store), 1);

  await prune(vault);
  assert.equal(await assertAllWhole(store), 1);
  assert.deepEqual(await keysIn(store, 'prune/'), []);
});

test('after a lost mark a prune writes anew what is needed, and nothing is left of it', async () => {
  const store = createMemoryStore();
  await using vault = await createVault(store, tuned);
  for (const seed of [1, 2]) await snapshot(vault, [0, seed]);
  const doomed = new Set(await doomAndDamage(store, vault));
  await repair(vault);
  assert.equal(await assertAllWhole(store), 2);
  const { copiedBytes, waitingPacks } = await prune(vault);
  assert.ok(copiedBytes > 0 && waitingPacks === 0);
  assert.ok((await keysIn(store, 'packs/')).every((key) => !doomed.has(key)));
  assert.deepEqual(await keysIn(store, 'prune/'), []);
  assert.equal(await assertAllWhole(store), 2);
});

test('an index that is lost beside a mark is made again from packs that are doomed', async () => {
  const store = createMemoryStore();
  await using vault = await createVault(store, tuned);
  await snapshot(vault, [1, 2]);
  await doomAndDamage(store, vault);
  for (const key of await keysIn(store, 'index/')) await store.put(key, garbage);
  const { reindexed, indexes } = await repair(vault);
  assert.ok(reindexed > 0 && indexes.length > 0);
  await prune(vault);
  assert.equal(await assertAllWhole(store), 1);
});

for (const part of ['sessions', 'seen'] as const) {
  test(`what is only a list of ${part} stops nobody when it is damaged`, async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    const { entry } = await snapshot(vault, [1]);
    await vault.forget(entry);
    const keys = openKeys(vault.id);
    const doomed = (await keysIn(store, 'packs/')).map((key) =>
      key.slice(key.lastIndexOf('/') + 1),
    );
    await putMark({ store, keys }, doomed);
    const [mark] = (await readMarks({ store, keys })).marks;
    await store.put(pruneKey(part === 'seen' ? newUuid() : mark!.id, part), garbage);
    await snapshot(vault, [2]);
    const { waitingPacks } = await prune(vault);
    assert.equal(waitingPacks, 0);
    assert.deepEqual(await keysIn(store, 'prune/'), []);
    assert.equal(await assertAllWhole(store), 1);
  });
}
