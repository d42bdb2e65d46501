// Each source's own part of the freeze is in its manifest, so that a slow one can be named.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { silent } from '@stillpoint/core';
import type { EngineContext } from '../context.ts';
import { openProjectState } from '../project/index.ts';
import type { SourceDriver } from '../sources/contract.ts';
import { createMemoryDriver, createMemoryWorld } from '../sources/memory.ts';
import { createMemoryStore, createVault } from '../vault/index.ts';
import { summarize } from './manifest.ts';
import { createCatalogue } from './catalogue.ts';
import { readSealed } from './sealed.ts';
import { takeSnapshot } from './take-snapshot.ts';

/** A memory source whose mark takes so long, by the clock that is given. */
function slowDriver(name: string, wait: () => void): SourceDriver {
  const driver = createMemoryDriver(name, createMemoryWorld());
  return {
    ...driver,
    async begin(options) {
      const session = await driver.begin(options);
      const mark: typeof session.mark = async (signal) => {
        wait();
        await session.mark(signal);
      };
      return { ...session, mark };
    },
  };
}

test('a manifest tells how long the mark of each source took', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-marks-'));
  let nowMs = 1000;
  const clock = { now: () => new Date(nowMs), monotonicMs: () => nowMs };
  const slow = slowDriver('slow', () => (nowMs += 41.239));
  const quick = slowDriver('quick', () => {});
  const vault = await createVault(createMemoryStore(), { clock });
  const engine: EngineContext = {
    config: {
      projectDirectory: directory,
      members: [],
      sources: [],
      participants: [],
      freeze: { budgetMs: 2000, lockKey: 1n },
      vault: { place: { kind: 'directory', directory: '/nowhere' } },
    },
    state: await openProjectState({ projectDirectory: directory, clock }),
    vault,
    catalogue: createCatalogue(vault),
    clock,
    drivers: [slow, quick],
    participants: [],
    driversFor: () => new Map([slow, quick].map((driver) => [driver.name, driver])),
    referencesOf: (_driver, record, source) => slow.references(record, source),
    openHistory: async () => undefined,
    version: 'test',
    crashPoint: () => {},
  };
  try {
    await takeSnapshot(engine, { signal: new AbortController().signal, progress: silent });
    const { sealed } = await readSealed(vault);
    const { sources, freeze } = summarize(sealed[0]!, new Set());
    const times = sources.map(({ name, markMs }) => [name, markMs]);
    assert.deepEqual(times, [
      ['slow', 41.24],
      ['quick', 0],
    ]);
    assert.equal(freeze.markMs, 41.24);
  } finally {
    await vault[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  }
});
