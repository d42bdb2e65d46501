// Whoever writes into a vault is a writer: a prune between any two of its calls, or one that died before and left a mark, takes nothing
// from a copy, an import or a repair. A pack is never put under a name that was there before: what a prune has doomed stays doomed.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { isFailure, silent, systemClock } from '@stillpoint/core';
import { pruneSnapshots } from '../snapshot/index.ts';
import { smallTuning } from '../vault/test-streams.ts';
import {
  createFaultyStore,
  createMemoryStore,
  createVault,
  openVault,
  type Store,
  type Vault,
} from '../vault/index.ts';
import { copySnapshots, type Cared } from './copy.ts';
import { repairCare } from './repair.ts';
import { keysBelow } from './testing/damage.ts';
import { createCareStage } from './testing/stage.ts';
import { exportSnapshot, importFile } from './transfer.ts';
import { verifyVault } from './verify.ts';

const call = { signal: new AbortController().signal, progress: silent };
const tuned = { tuning: smallTuning };

interface World {
  readonly from: Cared;
  /** An export of `before`. */
  readonly file: string;
}

async function createWorld(t: TestContext): Promise<World> {
  const stage = await createCareStage(t);
  await stage.write({ 'a.bin': { seed: 1, bytes: 5_000 }, 'same.bin': { seed: 2, bytes: 5_000 } });
  await stage.snapshot('before');
  await stage.write({ 'a.bin': { seed: 3, bytes: 5_000 } });
  await stage.snapshot('after');
  const from = await stage.open();
  const file = path.join(stage.directory, 'before.stillpoint');
  const how = {
    ref: 'before',
    projectId: '',
    file,
    encryption: 'none',
    clock: systemClock,
  } as const;
  await exportSnapshot(from, { ...call, ...how });
  return { from, file };
}

async function prune(store: Store, { referencesOf }: World['from']): Promise<void> {
  await using vault = await openVault(store, tuned);
  const options = { ...call, dryRun: false, repackShare: 0.1 };
  await pruneSnapshots({ vault, referencesOf }, options).catch((error: unknown) => {
    // Before it is mended nobody can say what is garbage.
    if (!isFailure(error, 'PRUNE_UNSURE')) throw error;
  });
}

/** A prune that dies when its mark is there: nobody is waited for yet, or all who had to be waited for have ended. */
async function dieWithMark(store: Store, from: World['from'], ripe: boolean): Promise<void> {
  const last = ripe ? 'index/' : '.sessions';
  const dying = createFaultyStore(store, ({ operation, key }) =>
    operation !== 'get' && operation !== 'list' && key.includes(last) ? 'fail' : 'ok',
  );
  await assert.rejects(prune(dying, from), (error) => isFailure(error, 'VAULT_IO_FAILED'));
  assert.equal((await keysBelow(store, 'prune/')).length, ripe ? 2 : 1);
}

/** `work` is done before the given call, and no two packs have one name. */
function interrupted(store: Store, at: number, work: () => Promise<void>) {
  let calls = 0;
  const step = async (): Promise<void> => {
    if (++calls === at) await work();
  };
  const between: Store = {
    ...store,
    async put(key, content, options) {
      await step();
      if (key.startsWith('packs/')) {
        assert.ok(!known.has(key), `${key} was there before`);
        known.add(key);
      }
      await store.put(key, content, options);
    },
    async get(key, options) {
      await step();
      return await store.get(key, options);
    },
    async stat(key, options) {
      await step();
      return await store.stat(key, options);
    },
    async *list(prefix, options) {
      await step();
      yield* store.list(prefix, options);
    },
    async delete(key, options) {
      await step();
      await store.delete(key, options);
    },
  };
  const known = new Set<string>();
  return {
    store: between,
    calls: () => calls,
    know: async () => {
      for (const key of await keysBelow(store, 'packs/')) known.add(key);
    },
  };
}

/** A vault with both snapshots, of which `before` was forgotten or has lost a pack. */
async function prepared({ from }: World, harm: 'forgotten' | 'lost'): Promise<Store> {
  const store = createMemoryStore();
  await using vault = await createVault(store, tuned);
  await copySnapshots(from, vault, { ...call, projectId: '' });
  const sealed = await from.vault.list();
  if (harm === 'forgotten') {
    const [before] = await Promise.all(
      sealed.map(async (entry) => ({
        entry,
        manifest: Buffer.from(await from.vault.readManifest(entry)).toString('utf8'),
      })),
    ).then((all) => all.filter(({ manifest }) => manifest.includes('"before"')));
    await vault.forget((await vault.list()).find(({ id }) => id === before!.entry.id)!);
  } else {
    const [pack] = await keysBelow(store, 'packs/');
    await store.delete(pack!);
  }
  return store;
}

const writers: Readonly<
  Record<
    string,
    {
      readonly harm: 'forgotten' | 'lost';
      readonly write: (to: Vault, world: World) => Promise<unknown>;
    }
  >
> = {
  copy: {
    harm: 'forgotten',
    write: (to, { from }) => copySnapshots(from, to, { ...call, projectId: '' }),
  },
  import: {
    harm: 'forgotten',
    write: (to, { from: { referencesOf }, file }) =>
      importFile(to, { ...call, file, referencesOf }),
  },
  repair: {
    harm: 'lost',
    write: (vault, { from }) => {
      const how = { dryRun: false, forgetDamaged: false, now: new Date(), from };
      return repairCare({ vault, referencesOf: from.referencesOf }, { ...call, ...how });
    },
  },
};

for (const [name, { harm, write }] of Object.entries(writers)) {
  for (const mark of harm === 'forgotten' ? (['no', 'a', 'a ripe'] as const) : (['no'] as const)) {
    test(`${name}, a prune between any two calls, and ${mark} mark of one that died: nothing needed is deleted`, async (t) => {
      const made = await createWorld(t);
      const { from } = made;
      for (let at = 1; ; at += 1) {
        const store = await prepared(made, harm);
        if (mark !== 'no') await dieWithMark(store, from, mark === 'a ripe');
        const between = interrupted(store, at, () => prune(store, from));
        await between.know();
        {
          await using to = await openVault(between.store, tuned);
          await write(to, made);
        }
        for (let run = 0; run < 2; run += 1) await prune(store, from);
        assert.deepEqual(await keysBelow(store, 'prune/'), [], `${at}`);
        await using vault = await openVault(store, tuned);
        const how = { ...call, projectId: '', sample: 0, deep: true, now: new Date() };
        const verified = await verifyVault({ ...from, vault }, how);
        assert.equal(verified.length, 2);
        for (const { report } of verified) assert.deepEqual(report.damages, [], `${at}`);
        if (between.calls() < at) return;
      }
    });
  }
}
