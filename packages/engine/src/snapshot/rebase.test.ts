// Rebasing: proved before the old snapshot goes, ended by the next call whoever dies in between, and known by its old names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFailure, type ErrorCode, type Json } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { restoreInPlace } from '../restore/index.ts';
import { call, setStage, type Stage } from '../restore/testing/stage.ts';
import type { SourceDriver } from '../sources/contract.ts';
import type { Vault } from '../vault/contract.ts';
import type { Sealed } from './manifest.ts';
import { pruneSnapshots } from './prune.ts';
import { rebaseSnapshots } from './rebase.ts';
import { resolveRef } from './refs.ts';
import { readSealed } from './sealed.ts';
import { takeSnapshot } from './take-snapshot.ts';

const code = (name: ErrorCode) => (error: unknown) => isFailure(error, name);

/** `left` can be told again once: by a record that says so. */
function withRebase(engine: EngineContext): EngineContext {
  const drivers = engine.drivers.map((driver): SourceDriver => {
    if (driver.name !== 'left') return driver;
    const rebase: SourceDriver['rebase'] = async (record) => {
      const fields = record as Readonly<Record<string, Json>>;
      return fields['again'] === undefined ? { ...fields, again: true } : undefined;
    };
    return new Proxy(driver, {
      get(target, key) {
        if (key === 'worthRebasing') return () => true;
        return key === 'rebase' ? rebase : (Reflect.get(target, key) as unknown);
      },
    });
  });
  return { ...engine, drivers };
}

/** Whoever uses it dies at the given call that changes the vault: that one and all after it are not made. */
function dyingVault(vault: Vault, at: number): { vault: Vault; calls: () => number } {
  let calls = 0;
  const counted = <T extends object>(target: T, names: readonly string[]): T =>
    new Proxy(target, {
      get(_, key) {
        const value = Reflect.get(target, key) as unknown;
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (!names.includes(String(key))) {
            const result: unknown = Reflect.apply(value, target, args);
            if (key !== 'openSession') return result;
            return (result as Promise<object>).then((session) => counted(session, ['seal']));
          }
          calls += 1;
          if (calls >= at) throw new Error('dead');
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
  return { vault: counted(vault, ['hold', 'release', 'forget']), calls: () => calls };
}

/** A prune comes before the given call, of the vault or of a session. */
function prunedVault({ engine }: Stage, at: number): { vault: Vault; calls: () => number } {
  let calls = 0;
  const asked = ['list', 'readManifest', 'openSession', 'seal', 'verify', 'holds', 'forget'];
  const wrapped = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(_, key) {
        const value = Reflect.get(target, key) as unknown;
        if (key === 'within') return (signal: AbortSignal) => wrapped(engine.vault.within(signal));
        if (typeof value !== 'function' || !asked.includes(String(key))) return value;
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls === at) await prune(engine);
          const result = (await Reflect.apply(value, target, args)) as object;
          return key === 'openSession' ? wrapped(result) : result;
        };
      },
    });
  return { vault: wrapped(engine.vault), calls: () => calls };
}

async function prune(engine: EngineContext): Promise<void> {
  await pruneSnapshots(engine, { ...call, dryRun: false, repackShare: 0 });
}

async function sealedOf(stage: Stage): Promise<readonly Sealed[]> {
  return (await readSealed(stage.engine.vault)).sealed;
}

async function take(stage: Stage, name: string): Promise<Sealed> {
  stage.write(name);
  return takeSnapshot(stage.engine, { ...call, name });
}

test('a snapshot is told again: same state, same name, same hold, and its old id still means it', async () => {
  await using stage = await setStage();
  const engine = withRebase(stage.engine);
  const [a, b] = [await take(stage, 'a'), await take(stage, 'b')];
  await engine.vault.hold(a.entry, new Date());
  const { rebased, unchanged } = await rebaseSnapshots(engine, ['a'], call);
  assert.deepEqual([rebased.map(({ from }) => from), unchanged], [[a.entry.id], []]);
  const [next, other] = await sealedOf(stage);
  assert.deepEqual(other, b);
  const { id, rebasedFrom, sources, ...same } = next!.manifest;
  const { id: before, sources: was, ...rest } = a.manifest;
  assert.deepEqual(same, rest);
  assert.deepEqual([id, rebasedFrom], [rebased[0]!.to, [before]]);
  assert.deepEqual([sources[1], sources[0]!.name], [was[1], 'left']);
  assert.deepEqual(await engine.vault.holds(), new Set([id]));
  for (const ref of [before, before.slice(0, 6), 'a', id]) {
    assert.deepEqual(resolveRef(ref, await sealedOf(stage), engine.state.id), next);
  }
  await restoreInPlace(engine, { target: next!, ...call });
  assert.deepEqual(stage.words(), ['a', 'a']);
  const again = await rebaseSnapshots(engine, ['a'], call);
  assert.deepEqual(again, { rebased: [], unchanged: [id] });
});

test('without refs all that people took here, not undo points; those are refused by name', async () => {
  await using stage = await setStage();
  const engine = withRebase(stage.engine);
  const a = await take(stage, 'a');
  await take(stage, 'b');
  const { undo } = await restoreInPlace(engine, { target: a, ...call });
  await assert.rejects(rebaseSnapshots(engine, [undo!], call), code('SNAPSHOT_NOT_REBASED'));
  const { rebased, unchanged } = await rebaseSnapshots(engine, [], call);
  assert.deepEqual([rebased.length, unchanged], [2, []]);
  assert.ok((await sealedOf(stage)).some(({ entry }) => entry.id === undo));
});

test('what is not proved replaces nothing', async () => {
  await using stage = await setStage();
  const engine = withRebase(stage.engine);
  await take(stage, 'a');
  const before = await sealedOf(stage);
  stage.faults.add('left:prove');
  await assert.rejects(rebaseSnapshots(engine, ['a'], call), code('DRIVER_FAULT'));
  assert.deepEqual(await sealedOf(stage), before);
});

for (const held of [false, true]) {
  test(`whoever dies between any two steps leaves it whole, and the next call ends it${held ? '; a hold is kept' : ''}`, async () => {
    for (let at = 1; ; at += 1) {
      await using stage = await setStage();
      const engine = withRebase(stage.engine);
      const a = await take(stage, 'a');
      stage.write('b');
      if (held) await engine.vault.hold(a.entry, new Date());
      const { vault, calls } = dyingVault(engine.vault, at);
      const died = await rebaseSnapshots({ ...engine, vault }, ['a'], call).then(
        () => false,
        () => true,
      );
      const found = resolveRef('a', await sealedOf(stage), engine.state.id);
      await restoreInPlace(stage.engine, { target: found, ...call });
      assert.deepEqual(stage.words(), ['a', 'a']);
      if (held) assert.notEqual((await engine.vault.holds()).size, 0);
      const { rebased, unchanged } = await rebaseSnapshots(engine, ['a'], call);
      assert.equal(rebased.length + unchanged.length, 1, 'told once');
      const left = (await sealedOf(stage)).filter(({ manifest }) => manifest.kind === 'snapshot');
      assert.deepEqual([left.length, left[0]!.manifest.rebasedFrom], [1, [a.entry.id]]);
      assert.equal((await engine.vault.holds()).has(left[0]!.entry.id), held);
      if (!died) {
        assert.equal(calls(), held ? 4 : 2);
        return;
      }
    }
  });
}

test('a prune between any two steps deletes nothing that the snapshot needs which is told again', async () => {
  for (let at = 1; ; at += 1) {
    await using stage = await setStage();
    const engine = withRebase(stage.engine);
    const a = await take(stage, 'a');
    await stage.engine.vault.forget((await take(stage, 'b')).entry);
    const { vault, calls } = prunedVault(stage, at);
    const { rebased } = await rebaseSnapshots({ ...engine, vault }, ['a'], call);
    await prune(stage.engine);
    const [next] = await sealedOf(stage);
    assert.deepEqual([next!.manifest.rebasedFrom, rebased.length], [[a.entry.id], 1]);
    await restoreInPlace(stage.engine, { target: next!, ...call });
    assert.deepEqual(stage.words(), ['a', 'a']);
    if (calls() < at) return;
  }
});
