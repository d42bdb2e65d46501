// The shared suite: every driver passes it, on the real thing. It proves the law of sources/contract.ts as far as a
// suite can; what is special to one source is tested beside that source.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { newSnapshotId, silent, type Json, type SnapshotId } from '@stillpoint/core';
import type { CaptureSession, Captured, SourceDriver } from '../contract.ts';
import { createMemoryObjects, type MemoryObjects } from './memory-objects.ts';

/** A live system of the driver's kind, made by the driver's own test. */
export interface DriverHarness extends AsyncDisposable {
  /** A driver on the live system; each call gives a new instance, as a new process would make. */
  driver(): Promise<SourceDriver>;
  /** A driver on a place where there is nothing yet; undefined if unsupported. */
  driverOnNothing?(): Promise<{ driver: SourceDriver; content(): Promise<string> }>;
  /** What an application does: changes the state so that content() differs afterwards. */
  change(): Promise<void>;
  /** A fingerprint of everything that a snapshot must bring back. */
  content(): Promise<string>;
  /** A fingerprint of everything that a capture must leave alone (law 4); content() if left out. */
  visible?(): Promise<string>;
}

export interface DriverSuite {
  readonly test: (name: string, body: (t: TestContext) => Promise<void>) => unknown;
  readonly factory: () => Promise<DriverHarness>;
}

const never = new AbortController().signal;

export function driverSuite({ test, factory }: DriverSuite): void {
  test('law 3: captured is the marked moment, whatever is written afterwards', async () => {
    await using it = await start(factory);
    const atMark = await it.harness.content();
    const taken = await it.capture({ beforeCapture: () => it.harness.change() });
    assert.notEqual(await it.harness.content(), atMark, 'change() must be visible in content()');
    await it.restore(taken);
    assert.equal(await it.harness.content(), atMark);
  });

  test('law 4: probe, begin, mark and capture change nothing that a user can see', async () => {
    await using it = await start(factory);
    const { harness } = it;
    const visible = (): Promise<string> => harness.visible?.() ?? harness.content();
    const before = await visible();
    await it.driver.probe(never);
    await it.capture();
    assert.equal(await visible(), before);
  });

  test('law 5: the record is plain JSON, and references() names all that a restore reads', async () => {
    await using it = await start(factory);
    const taken = await it.capture();
    assert.deepEqual(JSON.parse(JSON.stringify(taken.captured.record)), taken.captured.record);
    await it.restoreFromNamed(taken);
  });

  test('law 5: the newest is forgotten; the next and the one before need only what they name', async () => {
    await using it = await start(factory);
    const states: { taken: Taken; content: string }[] = [];
    const take = async (...history: readonly Taken[]): Promise<Taken> => {
      await it.harness.change();
      const content = await it.harness.content();
      const records = history.map(({ captured }) => captured.record);
      const taken = await it.capture({ history: records });
      states.push({ taken, content });
      return taken;
    };
    const first = await take();
    await take(first);
    await take(first);
    for (const index of [2, 0]) {
      const { taken, content } = states[index]!;
      await it.restoreFromNamed(taken);
      assert.equal(await it.harness.content(), content);
    }
  });

  test('law 6: prepare leaves the live state alone, and another process can switch', async () => {
    await using it = await start(factory);
    const taken = await it.capture();
    await it.harness.change();
    const before = await it.harness.content();
    const placement = await it.driver.prepare(taken.captured.record, it.prepareOptions(taken.id));
    await it.driver.prove(placement, never);
    assert.equal(await it.harness.content(), before);
    const survived = JSON.parse(JSON.stringify(placement)) as Json;
    await it.restore(taken, survived, await it.harness.driver());
    assert.notEqual(await it.harness.content(), before);
  });

  test('law 7: switching twice is switching once; the undo placement leads back, twice', async () => {
    await using it = await start(factory);
    const then = await it.harness.content();
    const taken = await it.capture();
    await it.harness.change();
    const now = await it.harness.content();
    const undo = await it.capture();
    const back = await it.driver.placementOfUndo(undo.captured.record, it.prepareOptions(undo.id));
    const there = await it.driver.prepare(taken.captured.record, it.prepareOptions(taken.id));
    await it.driver.close({ verifyHeld: async () => {}, undo: undo.id });
    for (const [placement, expected] of [
      [there, then],
      [back, now],
      [there, then],
    ] as const) {
      await it.driver.switch(placement, { undo: undo.id, progress: silent });
      await it.driver.switch(placement, { undo: undo.id, progress: silent });
      await it.driver.open();
      assert.equal(await it.harness.content(), expected);
      await it.driver.close({ verifyHeld: async () => {}, undo: undo.id });
    }
    await it.driver.open();
    await it.driver.finish(there, back);
  });

  test('law 8: close and open are idempotent; a lost freeze reopens', async () => {
    await using it = await start(factory);
    if (!it.driver.supports.closes) return;
    const undo = newSnapshotId();
    const before = await it.harness.content();
    await assert.rejects(
      it.driver.close({ verifyHeld: () => Promise.reject(new Error('freeze lost')), undo }),
      /freeze lost/,
    );
    assert.equal(await it.harness.content(), before, 'open again after a lost freeze');
    await it.driver.close({ verifyHeld: async () => {}, undo });
    await it.driver.close({ verifyHeld: async () => {}, undo });
    await it.driver.open();
    await it.driver.open();
    assert.equal(await it.harness.content(), before);
  });

  test('supports.incremental: a second capture of an unchanged source stores next to nothing', async () => {
    await using it = await start(factory);
    if (!it.driver.supports.incremental) return;
    const first = await it.capture();
    const stored = it.objects.bytesStored();
    await it.capture({ history: [first.captured.record] });
    assert.ok(it.objects.bytesStored() - stored <= Math.max(64 * 1024, stored * 0.2));
  });

  test('supports.preparesFromNothing: the state comes back where there was nothing', async () => {
    await using it = await start(factory);
    if (!it.driver.supports.preparesFromNothing || it.harness.driverOnNothing === undefined) return;
    const then = await it.harness.content();
    const taken = await it.capture();
    const elsewhere = await it.harness.driverOnNothing();
    assert.equal(await elsewhere.driver.exists(), false);
    await it.restore(taken, undefined, elsewhere.driver);
    assert.equal(await elsewhere.content(), then);
    await elsewhere.driver.close({ verifyHeld: async () => {}, undo: newSnapshotId() });
    await elsewhere.driver[Symbol.asyncDispose]();
  });

  test('an aborted mark rejects', async () => {
    await using it = await start(factory);
    await using session = await it.begin(newSnapshotId(), []);
    await assert.rejects(session.mark(AbortSignal.abort(new Error('too late'))));
  });
}

interface Taken {
  readonly id: SnapshotId;
  readonly captured: Captured;
}

/** One live system with what every test needs of it. */
async function start(factory: DriverSuite['factory']): Promise<Running> {
  const harness = await factory();
  const workDirectory = await mkdtemp(path.join(tmpdir(), 'stillpoint-suite-'));
  return new Running(harness, await harness.driver(), workDirectory);
}

class Running implements AsyncDisposable {
  readonly harness: DriverHarness;
  readonly driver: SourceDriver;
  readonly objects: MemoryObjects = createMemoryObjects();
  readonly #workDirectory: string;
  #restores = 0;

  constructor(harness: DriverHarness, driver: SourceDriver, workDirectory: string) {
    this.harness = harness;
    this.driver = driver;
    this.#workDirectory = workDirectory;
  }

  begin(snapshot: SnapshotId, history: readonly Json[]): Promise<CaptureSession> {
    return this.driver.begin({
      snapshot,
      history: (async function* () {
        yield* history;
      })(),
      sink: this.objects,
      source: this.objects,
      signal: never,
      progress: silent,
    });
  }

  async capture(
    options: { history?: readonly Json[]; beforeCapture?: () => Promise<void> } = {},
  ): Promise<Taken> {
    const id = newSnapshotId();
    await using session = await this.begin(id, options.history ?? []);
    await session.mark(never);
    await options.beforeCapture?.();
    const captured = await session.capture();
    await session.sealed?.();
    return { id, captured };
  }

  prepareOptions(snapshot: SnapshotId): Parameters<SourceDriver['prepare']>[1] {
    this.#restores += 1;
    return {
      snapshot,
      source: this.objects,
      workDirectory: path.join(this.#workDirectory, String(this.#restores)),
      signal: never,
      progress: silent,
    };
  }

  async restore(taken: Taken, placement?: Json, driver = this.driver): Promise<void> {
    const undo = newSnapshotId();
    const there =
      placement ?? (await driver.prepare(taken.captured.record, this.prepareOptions(taken.id)));
    if (await driver.exists()) await driver.close({ verifyHeld: async () => {}, undo });
    await driver.switch(there, { undo, progress: silent });
    await driver.open();
    await driver.finish(there, null);
  }

  /** Fails when it reads a stream that references() does not name: that one would be pruned with another snapshot. */
  async restoreFromNamed(taken: Taken): Promise<void> {
    const named = new Set<string>();
    for await (const ref of this.driver.references(taken.captured.record, this.objects))
      named.add(ref.digest);
    (this.objects.digestsRead as Set<string>).clear();
    await this.restore(taken);
    const unnamed = [...this.objects.digestsRead].filter((digest) => !named.has(digest));
    assert.deepEqual(unnamed, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver[Symbol.asyncDispose]();
    await this.harness[Symbol.asyncDispose]();
    await rm(this.#workDirectory, { recursive: true, force: true });
  }
}
