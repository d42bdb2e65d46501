// A project of memory drivers over a memory vault, for the tests of what orchestrates them. Its state is in real files.
import assert from 'node:assert/strict';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silent, systemClock } from '@stillpoint/core';
import type { EngineContext } from '../../context.ts';
import { openProjectState } from '../../project/index.ts';
import { createCatalogue, takeSnapshot, type Sealed } from '../../snapshot/index.ts';
import { createFaultyDriver, createMemoryDriver, createMemoryWorld } from '../../sources/memory.ts';
import { createMemoryStore, createVault, type Store } from '../../vault/index.ts';

export const never = new AbortController().signal;
export const call = { signal: never, progress: silent };

export interface Stage extends AsyncDisposable {
  readonly engine: EngineContext;
  readonly worlds: readonly ReturnType<typeof createMemoryWorld>[];
  /** Which method of which source fails; 'left:switch'. */
  readonly faults: Set<string>;
  write(word: string): void;
  words(): (string | undefined)[];
}

export async function setStage(
  names: readonly string[] = ['left', 'right'],
  store: Store = createMemoryStore(),
): Promise<Stage> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-restore-'));
  const worlds = names.map(() => createMemoryWorld());
  const faults = new Set<string>();
  const drivers = names.map((name, index) =>
    createFaultyDriver(createMemoryDriver(name, worlds[index]!), (method) =>
      faults.has(`${name}:${String(method)}`),
    ),
  );
  const state = await openProjectState({ projectDirectory: directory, clock: systemClock });
  const vault = await createVault(store, { clock: systemClock });
  const engine: EngineContext = {
    config: {
      projectDirectory: directory,
      members: [],
      sources: [],
      participants: [],
      freeze: { budgetMs: 2000, lockKey: 1n },
      vault: { place: { kind: 'directory', directory: '/nowhere' } },
    },
    state,
    vault,
    catalogue: createCatalogue(vault),
    clock: systemClock,
    drivers,
    participants: [],
    driversFor: (captured) =>
      new Map(captured.map(({ name }) => [name, drivers.find((driver) => driver.name === name)!])),
    // Not those of a faulty driver: it answers with promises.
    referencesOf: (_driver, record, source) =>
      createMemoryDriver('', worlds[0]!).references(record, source),
    openHistory: async () => undefined,
    version: 'test',
    crashPoint: () => {},
  };
  return {
    engine,
    worlds,
    faults,
    write: (word) => worlds.forEach(({ entries }) => entries.set('word', word)),
    words: () => worlds.map(({ entries }) => entries.get('word')),
    async [Symbol.asyncDispose]() {
      await vault[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

export async function snapshotThenWrite(stage: Stage): Promise<Sealed> {
  stage.write('old');
  const target = await takeSnapshot(stage.engine, call);
  stage.write('new');
  return target;
}

export async function ended(stage: Stage): Promise<void> {
  await assert.rejects(access(stage.engine.state.journalFile), 'the journal is gone');
  assert.ok(
    stage.worlds.every(({ open }) => open),
    'everybody is let in again',
  );
}
