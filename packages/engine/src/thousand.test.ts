// A vault with many snapshots stays fast: what one snapshot asks of the store, of real drivers, late and early. Counted, not timed:
// bench/many measures. `npm run test:soak` goes to a thousand.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { newSnapshotId, silent, systemClock } from '@stillpoint/core';
import { openCatalogue } from './compose-catalogue.ts';
import { createMemberDriver, createSourceDriver, referencesOf } from './compose-sources.ts';
import type { ResolvedConfig } from './config/index.ts';
import type { EngineContext } from './context.ts';
import { gitEnvironment } from './federation/testing/tree-state.ts';
import { openProjectState } from './project/index.ts';
import { manifestBytes } from './snapshot/manifest.ts';
import { readSealed, takeSnapshot } from './snapshot/index.ts';
import { createLoggedStore, createMemoryStore, createVault, type Store } from './vault/index.ts';

const soak = process.env['STILLPOINT_SOAK'] !== undefined;
const MANY = soak ? 1000 : 150;
const call = { signal: new AbortController().signal, progress: silent };

/** By operation and folder: 'get snapshots' and the like. */
type Counts = ReadonlyMap<string, number>;

interface Project extends AsyncDisposable {
  /** Changes a little of everything and takes a snapshot, as a command does that begins with nothing in memory. */
  next(): Promise<Counts>;
  /** Snapshots whose manifests are copies, each with a pack and an index of its own. */
  forge(count: number): Promise<void>;
}

async function openProject(): Promise<Project> {
  const directory = await mkdtemp(path.join(tmpdir(), 'stillpoint-thousand-'));
  const inProject = (...parts: readonly string[]): string => path.join(directory, ...parts);
  const git = (...args: readonly string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args], {
      cwd: inProject('code'),
      env: gitEnvironment,
    });
  await mkdir(inProject('code'));
  await mkdir(inProject('uploads'));
  git('init', '-q', '-b', 'main');
  for (let n = 0; n < 20; n++) await writeFile(inProject('uploads', `${n}`), `upload ${n}`);
  const database = new DatabaseSync(inProject('shop.db'));
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)');
  const memory: Store = { ...createMemoryStore(), close: async () => {} };
  await (await createVault(memory))[Symbol.asyncDispose]();
  let round = 0;

  return {
    async next() {
      round += 1;
      await writeFile(inProject('uploads', `${round % 20}`), `changed in round ${round}`);
      database.prepare('INSERT INTO item (name) VALUES (?)').run(`item ${round}`);
      await writeFile(inProject('code', 'source'), `round ${round}`);
      git('add', '.');
      git('commit', '-q', '-m', `round ${round}`);
      const counts = new Map<string, number>();
      const store = createLoggedStore(memory, ({ operation, key }) => {
        const what = `${operation} ${key.split('/', 1)[0]}`;
        counts.set(what, (counts.get(what) ?? 0) + 1);
      });
      const engine = await openEngine(directory, store);
      await using _vault = engine.vault;
      await takeSnapshot(engine, call);
      return counts;
    },

    async forge(count) {
      await using vault = await createVault(memory);
      const { sealed } = await readSealed(vault);
      const { manifest } = sealed.at(-1)!;
      for (let n = 0; n < count; n++) {
        await using session = await vault.openSession(call);
        await session.sink().writeBytes(Buffer.from(`forged ${round} ${n}`));
        const id = newSnapshotId();
        // Before those that were taken: the next one continues what was really there.
        const createdAt = new Date(Date.parse(manifest.createdAt) - (count - n) * 1000);
        const forged = { ...manifest, id, createdAt: createdAt.toISOString() };
        await session.seal(id, manifestBytes(forged));
      }
    },

    async [Symbol.asyncDispose]() {
      database.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function openEngine(directory: string, store: Store): Promise<EngineContext> {
  const config: ResolvedConfig = {
    projectDirectory: directory,
    members: [{ path: 'code', include: [] }],
    sources: [
      { name: 'uploads', driver: 'files', path: 'uploads', exclude: [] },
      { name: 'shop', driver: 'sqlite', file: 'shop.db' },
    ],
    participants: [],
    freeze: { budgetMs: 10_000, lockKey: 1n },
    vault: { place: { kind: 'directory', directory: '/nowhere' } },
  };
  const clock = systemClock;
  const state = await openProjectState({ projectDirectory: directory, clock });
  const environment = { version: 'test', binariesDirectory: directory, gitEnvironment };
  const clusters = new Map<never, never>();
  const parts = { config, state, environment, clock, clusters, vaultDirectory: undefined };
  const vault = await createVault(store);
  return {
    config,
    state,
    vault,
    catalogue: openCatalogue(vault, state),
    clock,
    drivers: [
      ...config.sources.map((source) => createSourceDriver(source, parts)),
      createMemberDriver('code', ['code'], parts),
    ],
    participants: [],
    driversFor: () => new Map(),
    referencesOf,
    openHistory: async () => undefined,
    version: 'test',
    crashPoint: () => {},
  };
}

function total(counts: Counts, ...names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
}

test(`a snapshot among ${MANY} asks no more of the store than one among ten`, async () => {
  await using project = await openProject();
  for (let n = 0; n < 3; n++) await project.next();
  await project.forge(7);
  const early = await project.next();
  await project.forge(MANY);
  // Reads what is new and remembers it.
  await project.next();
  const late = await project.next();

  const tell = JSON.stringify({ early: [...early], late: [...late] });
  // One manifest for each driver that asks for its last record, and those that are not remembered yet.
  assert.ok(total(late, 'get snapshots') <= total(early, 'get snapshots'), tell);
  // Merged from time to time.
  assert.ok(total(late, 'get index') <= 64 + 1, tell);
  assert.ok(
    total(late, 'get packs', 'stat packs') <= total(early, 'get packs', 'stat packs') + 4,
    tell,
  );
  assert.ok(total(late, 'put packs') <= total(early, 'put packs'), tell);
  const lists = ['list snapshots', 'list index', 'list packs', 'list sessions', 'list holds'];
  assert.ok(total(late, ...lists) <= total(early, ...lists) + 1, tell);
});
