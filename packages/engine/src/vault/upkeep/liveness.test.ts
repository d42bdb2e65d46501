// What is needed of each pack, while others forget and prune.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openKeys } from '../crypto/keys.ts';
import { packKey } from '../format/layout.ts';
import { createChunkOpener } from '../read/chunk-opener.ts';
import { createChunkReader } from '../read/chunk-reader.ts';
import { createIndexLoader } from '../read/index-loader.ts';
import { createPackReader } from '../read/pack-reader.ts';
import { createWorkers } from '../write/workers.ts';
import { createMemoryStore } from '../stores/memory.ts';
import type { PruneVaultOptions, SealedEntry, Store, Vault } from '../contract.ts';
import { never, smallTuning } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';
import { createLiveness, type Liveness } from './liveness.ts';
import { keysIn, prune, referencesIn, seal, snapshot, write } from './testing/snapshots.ts';

/** As prune looks, by means of its own. */
function looking(
  store: Store,
  vault: Vault,
  references: PruneVaultOptions['references'],
): Liveness {
  const keys = openKeys(vault.id);
  const loader = createIndexLoader({ store, keys, ...never });
  const { blockBytes, blocksKept } = smallTuning;
  const packs = createPackReader({ store, blockBytes, blocksKept, ...never });
  const chunks = createChunkReader({
    loader,
    packs,
    opener: createChunkOpener(keys, createWorkers()),
  });
  return createLiveness({ store, loader, chunks, references, ...never });
}

test('when it has to begin again, what is left out within one walk is walked anew', async () => {
  const store = createMemoryStore();
  await using vault = await createVault(store, { tuning: smallTuning });
  await using other = await openVault(store, { tuning: smallTuning });
  const gone = await snapshot(vault, [1]);
  const stays = await snapshot(vault, [2, 3]);
  // As the engine does: equal records are walked once.
  const references = () => {
    const walked = new Set<string>();
    return async function* (entry: SealedEntry) {
      for await (const ref of referencesIn(vault)(entry)) {
        if (walked.has(ref.digest)) continue;
        yield ref;
        walked.add(ref.digest);
      }
    };
  };
  const life = looking(store, vault, references);
  await life.update(new Set());
  const needed = (): number =>
    [...life.packs().keys()].reduce((sum, hex) => sum + (life.of(hex)?.chunks() ?? 0), 0);
  const before = needed();
  await other.forget(gone.entry);
  assert.ok((await prune(other)).deletedPacks > 0);
  await life.update(new Set());
  assert.ok(needed() > 0 && needed() < before);
  {
    await using session = await vault.openSession(never);
    const part = await write(session, 4, 1000);
    await seal(session, [...stays.parts, part]);
  }
  await life.update(new Set());
  assert.equal(life.snapshots(), 2);
});

test('of two copies the one that stays is needed: the other may be doomed, or be deleted, by another prune', async () => {
  const store = createMemoryStore();
  await using vault = await createVault(store, { tuning: smallTuning });
  await using other = await openVault(store, { tuning: smallTuning });
  await using first = await vault.openSession(never);
  await using second = await other.openSession(never);
  for (const session of [first, second]) await seal(session, [await write(session, 1, 250)]);
  const packs = (await keysIn(store, 'packs/')).map((key) => key.slice(-64));
  assert.equal(packs.length, 2);
  const references = () => referencesIn(vault);
  const life = looking(store, vault, references);
  await life.update(new Set());
  const [home, spare] = packs.toSorted((a) => (life.of(a) === undefined ? 1 : -1)) as [
    string,
    string,
  ];
  assert.deepEqual([life.of(home)?.chunks(), life.of(spare)?.chunks()], [1, undefined]);
  await life.update(new Set([home]));
  assert.deepEqual([life.of(home)?.chunks(), life.of(spare)?.chunks()], [undefined, 1]);
  await store.delete(packKey(spare));
  await life.update(new Set([home]));
  assert.equal(life.of(home)?.chunks(), 1, 'a doomed one is better than none');
});
