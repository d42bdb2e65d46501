// Prune: what nothing needs goes, what something needs stays, whoever writes meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFailure, silent, type ErrorCode } from '@stillpoint/core';
import type { Store, Vault } from '../contract.ts';
import { openKeys } from '../crypto/keys.ts';
import { createFaultyStore } from '../stores/faulty.ts';
import { createMemoryStore } from '../stores/memory.ts';
import { createReadonlyStore } from '../stores/readonly.ts';
import { never, smallTuning } from '../test-streams.ts';
import { createVault, openVault } from '../vault.ts';
import { putMark, putSessions, readMarks } from './marks.ts';
import {
  assertAllWhole,
  bytesIn,
  keysIn,
  prune,
  referencesIn,
  seal,
  snapshot,
  write,
} from './testing/snapshots.ts';

const code = (name: ErrorCode) => (error: unknown) => isFailure(error, name);
const tuned = { tuning: smallTuning };

async function leftovers(store: Store): Promise<readonly string[]> {
  return [...(await keysIn(store, 'prune/')), ...(await keysIn(store, 'sessions/'))];
}

describe('alone', () => {
  test('where nothing was forgotten nothing goes', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    for (const seed of [1, 2, 3]) await snapshot(vault, [0, seed]);
    const before = await keysIn(store, 'packs/');
    const report = await prune(vault);
    assert.deepEqual([report.deletedPacks, report.waitingPacks, report.snapshots], [0, 0, 3]);
    assert.deepEqual(await keysIn(store, 'packs/'), before);
    assert.equal(await assertAllWhole(store), 3);
  });

  test('one run deletes what a forgotten snapshot alone needed, and leaves nothing of its own', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    await snapshot(vault, [0, 1]);
    const alone = await bytesIn(store, 'packs/');
    const { entry } = await snapshot(vault, [0, 2]);
    await vault.forget(entry);
    const planned = await prune(vault, { dryRun: true });
    assert.equal(planned.done, false);
    const report = await prune(vault);
    assert.deepEqual({ ...report, done: false }, planned);
    assert.ok(report.deletedBytes > 10_000);
    assert.equal(await bytesIn(store, 'packs/'), alone);
    assert.deepEqual(await leftovers(store), []);
    assert.equal(await assertAllWhole(store), 1);
  });

  test('when the last snapshot is forgotten nothing remains but the vault', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    const { entry } = await snapshot(vault, [1, 2]);
    await vault.forget(entry);
    await prune(vault);
    assert.deepEqual(await keysIn(store, ''), ['vault.json']);
    await snapshot(vault, [1, 2]);
    assert.equal(await assertAllWhole(store), 1);
  });

  test('what a writer left that died goes, indexed or not', async () => {
    const store = createMemoryStore();
    const dying = createFaultyStore(store, ({ operation, key }) =>
      operation === 'put' && key.startsWith('index/') ? 'fail' : 'ok',
    );
    await using vault = await createVault(store, tuned);
    await snapshot(vault, [1]);
    const packs = await keysIn(store, 'packs/');
    {
      await using other = await openVault(dying, tuned);
      await assert.rejects(snapshot(other, [2]), code('VAULT_IO_FAILED'));
      await using session = await vault.openSession(never);
      await write(session, 3, 50_000);
      await session.flush();
    }
    const report = await prune(vault);
    assert.ok(report.deletedPacks > 1);
    assert.deepEqual(await keysIn(store, 'packs/'), packs);
    assert.equal(await assertAllWhole(store), 1);
    assert.equal((await prune(vault)).deletedPacks, 0);
  });

  test('a pack that is mostly garbage is rewritten, one that is less so stays', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, {
      tuning: { ...smallTuning, packBytes: 1e6, packChunks: 1e4 },
    });
    const { parts, entry } = await snapshot(vault, [1, 2, 3, 4]);
    {
      await using session = await vault.openSession(never);
      await seal(session, parts.slice(0, 3));
    }
    await vault.forget(entry);
    assert.equal((await prune(vault)).deletedPacks, 0, 'a quarter is garbage');
    assert.equal((await prune(vault, { repackShare: 1 })).deletedPacks, 0);
    const report = await prune(vault, { repackShare: 0.2 });
    assert.equal(report.deletedPacks, 1);
    assert.ok(report.copiedBytes > 0 && report.copiedBytes < report.deletedBytes * 0.8);
    assert.equal(await assertAllWhole(store), 1);
    assert.equal((await prune(vault, { repackShare: 0 })).deletedPacks, 0, 'nothing more to gain');
  });

  test('a vault that is open reads on, and finds what was moved', async () => {
    const store = createMemoryStore();
    await using reader = await createVault(store, tuned);
    const { parts, entry } = await snapshot(reader, [1, 2]);
    await using vault = await openVault(store, tuned);
    {
      await using session = await vault.openSession(never);
      await seal(session, parts.slice(0, 1));
    }
    await vault.forget(entry);
    await prune(vault, { repackShare: 0.01 });
    assert.equal((await reader.readBytes(parts[0]!.ref)).length, 20_000);
  });

  test('index files become few, and the oldest snapshot is read by them', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    for (let seed = 1; seed <= 70; seed++) await snapshot(vault, [seed], 300);
    assert.ok((await keysIn(store, 'index/')).length <= 64, 'merged by a snapshot');
    await prune(vault);
    assert.ok((await keysIn(store, 'index/')).length <= 8);
    assert.equal(await assertAllWhole(store), 70);
  });

  test('through a store that is only read it can be asked what would go', async () => {
    const store = createMemoryStore();
    await using writer = await createVault(store, tuned);
    const { entry } = await snapshot(writer, [1]);
    await writer.forget(entry);
    await using vault = await openVault(createReadonlyStore(store), tuned);
    assert.ok((await prune(vault, { dryRun: true })).deletedPacks > 0);
    await assert.rejects(prune(vault), code('VAULT_READ_ONLY'));
  });
});

describe('when it cannot be told what is needed nothing is deleted', () => {
  const spoiled: Readonly<Record<string, (store: Store, snapshotKey: string) => Promise<void>>> = {
    'a manifest that is damaged': (store, key) => store.put(key, Buffer.from('garbage')),
    'a pack that is lost': async (store) => {
      for (const key of await keysIn(store, 'packs/')) await store.delete(key);
    },
    'an index that is lost': async (store) => {
      for (const key of await keysIn(store, 'index/')) await store.delete(key);
    },
  };
  for (const [what, spoil] of Object.entries(spoiled)) {
    test(what, async () => {
      const store = createMemoryStore();
      await using writer = await createVault(store, tuned);
      const { entry } = await snapshot(writer, [1]);
      const [key] = await keysIn(store, 'snapshots/');
      await spoil(store, key!);
      const gone = await snapshot(writer, [2]);
      await writer.forget(gone.entry);
      const before = await keysIn(store, '');
      await using vault = await openVault(store, tuned);
      await assert.rejects(prune(vault), (error) => {
        assert.ok(isFailure(error, 'PRUNE_UNSURE'), String(error));
        assert.equal(error.data['id'], entry.id);
        return true;
      });
      assert.deepEqual(await keysIn(store, ''), before);
    });
  }

  test('references that cannot be walked', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    await snapshot(vault, [1]);
    const gone = await snapshot(vault, [2]);
    await vault.forget(gone.entry);
    const before = await keysIn(store, '');
    const references = () =>
      async function* () {
        yield* [];
        throw new TypeError('a driver that is broken');
      };
    const options = { references, dryRun: false, repackShare: 0.3, progress: silent, ...never };
    await assert.rejects(vault.prune(options), /a driver that is broken/);
    assert.deepEqual(await keysIn(store, ''), before);
  });

  test('a mark that is damaged stops prunes and writers, and says which it is', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    const key = 'prune/00000000-0000-0000-0000-000000000000.packs';
    await store.put(key, Buffer.from('garbage'));
    await assert.rejects(prune(vault), code('PRUNE_MARK_DAMAGED'));
    await assert.rejects(vault.openSession(never), (error) => {
      assert.ok(isFailure(error, 'PRUNE_MARK_DAMAGED'));
      assert.equal(error.data['key'], key);
      return true;
    });
    assert.deepEqual(await keysIn(store, 'sessions/'), []);
  });

  test('a snapshot that is forgotten while it is looked at is no reason to stop', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    await snapshot(vault, [1]);
    const { entry } = await snapshot(vault, [2]);
    const references = referencesIn(vault);
    const options = { dryRun: false, repackShare: 0.3, progress: silent, ...never };
    const report = await vault.prune({
      ...options,
      references: () =>
        async function* (one) {
          if (one.id === entry.id) await vault.forget(entry);
          yield* references(one);
        },
    });
    assert.ok(report.done);
    assert.equal(await assertAllWhole(store), 1);
  });
});

describe('beside writers', () => {
  test('what was forgotten while somebody writes goes when it is certain that nobody relies on it', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    const { entry } = await snapshot(vault, [1]);
    const before = await bytesIn(store, 'packs/');
    let session = await vault.openSession(never);
    await vault.forget(entry);
    const first = await prune(vault);
    assert.deepEqual([first.deletedPacks, first.sessions.length], [0, 1]);
    assert.ok(first.waitingBytes >= before);
    // The next writer begins before the first ends, and so on: there is never a moment without one.
    for (let run = 1; run <= 4; run++) {
      const next = await vault.openSession(never);
      await session[Symbol.asyncDispose]();
      session = next;
      await prune(vault);
    }
    assert.deepEqual(await keysIn(store, 'packs/'), []);
    await session[Symbol.asyncDispose]();
    await prune(vault);
    assert.deepEqual(await leftovers(store), []);
  });

  test('a writer that found a chunk before it was doomed is waited for, and keeps it', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    await using other = await openVault(store, tuned);
    const { entry } = await snapshot(vault, [1]);
    await using early = await vault.openSession(never);
    const part = await write(early, 1, 20_000);
    await vault.forget(entry);
    const mark = await doomAll(other, store);
    assert.ok(mark > 0);
    const waiting = await prune(other);
    assert.deepEqual([waiting.deletedPacks, waiting.waitingPacks], [0, mark]);
    await seal(early, [part]);
    await early[Symbol.asyncDispose]();
    const done = await prune(other);
    assert.equal(done.deletedPacks, mark, 'doomed is doomed');
    assert.ok(done.copiedBytes > 0, 'after what is needed of it was copied');
    assert.equal(await assertAllWhole(store), 1);
    assert.deepEqual(await leftovers(store), []);
  });

  test('a writer that begins when packs are doomed stores anew what it takes over unseen', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    const { entry, parts } = await snapshot(vault, [1]);
    await using blocking = await vault.openSession(never);
    // Forgotten only after the mark: the mark rests on what an earlier look said.
    await doomAll(vault, store);
    await using late = await vault.openSession(never);
    await vault.forget(entry);
    await blocking[Symbol.asyncDispose]();
    await seal(late, parts);
    await late[Symbol.asyncDispose]();
    assert.ok((await prune(vault)).deletedPacks > 0);
    assert.equal(await assertAllWhole(store), 1);
  });

  test('what it takes over may be gone: then nothing is sealed', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    const { entry, parts } = await snapshot(vault, [1]);
    await doomAll(vault, store);
    await using late = await vault.openSession(never);
    await vault.forget(entry);
    await prune(vault);
    assert.deepEqual(await keysIn(store, 'packs/'), []);
    await assert.rejects(seal(late, parts), code('SNAPSHOT_OVERTAKEN'));
    assert.deepEqual(await vault.list(), []);
  });

  test('whoever was ended by a person does not seal, whenever it happens', async () => {
    for (const when of ['before the manifest', 'after the manifest']) {
      const inner = createMemoryStore();
      const store: Store = {
        ...inner,
        async put(key, ...rest) {
          await inner.put(key, ...rest);
          if (key.startsWith('snapshots/') && when === 'after the manifest') await endAll(inner);
        },
      };
      await using vault = await createVault(store, tuned);
      await using session = await vault.openSession(never);
      const part = await write(session, 1, 2000);
      if (when === 'before the manifest') await endAll(inner);
      await assert.rejects(seal(session, [part]), code('SESSION_ENDED'), when);
      assert.deepEqual(await vault.list(), [], when);
    }
  });

  test('sessions are listed with who they are, and ended by their id', async () => {
    const store = createMemoryStore();
    const clock = { now: () => new Date('2031-05-06T07:08:09.000Z'), monotonicMs: () => 0 };
    await using vault = await createVault(store, { ...tuned, clock });
    await using _session = await vault.openSession(never);
    const [open] = await vault.sessions();
    assert.deepEqual([open?.pid, open?.openedAt], [process.pid, '2031-05-06T07:08:09.000Z']);
    assert.equal(open?.dead, false);
    await vault.endSession(open.id);
    assert.deepEqual(await vault.sessions(), []);
    await assert.rejects(vault.endSession(open.id), code('SESSION_UNKNOWN'));
    await assert.rejects(vault.endSession('../vault.json'), code('SESSION_UNKNOWN'));
  });

  test('a session that nobody can read counts as open until a person ends it', async () => {
    const store = createMemoryStore();
    await using vault = await createVault(store, tuned);
    const { entry } = await snapshot(vault, [1]);
    const id = '00000000-0000-0000-0000-000000000001';
    await store.put(`sessions/${id}`, Buffer.from('garbage'));
    await vault.forget(entry);
    const report = await prune(vault);
    assert.deepEqual([report.deletedPacks, report.sessions.map((one) => one.id)], [0, [id]]);
    await vault.endSession(id);
    assert.ok((await prune(vault)).deletedPacks > 0);
  });
});

async function endAll(store: Store): Promise<void> {
  for (const key of await keysIn(store, 'sessions/')) await store.delete(key);
}

/** Dooms all packs, as a prune may do that looked before a snapshot was sealed. */
async function doomAll(vault: Vault, store: Store): Promise<number> {
  const parts = { store, keys: openKeys(vault.id) };
  const packs = (await keysIn(store, 'packs/')).map((key) => key.slice(-64));
  await putMark(parts, packs);
  const open = (await vault.sessions()).map(({ id }) => id);
  for (const mark of (await readMarks(parts)).marks) await putSessions(parts, mark, open);
  return packs.length;
}
