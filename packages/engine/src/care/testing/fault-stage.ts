// What the fault matrix works on, and what it does: a project with a vault of three snapshots and a copy of the vault that has the first,
// and the operations that make, copy and take away snapshots, as the engine does them, through stores that break as they are
// told.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silent, systemClock } from '@stillpoint/core';
import { openCatalogue } from '../../compose-catalogue.ts';
import { createSourceDriver, referencesOf } from '../../compose-sources.ts';
import type { ResolvedConfig } from '../../config/index.ts';
import type { EngineContext } from '../../context.ts';
import { openProjectState } from '../../project/index.ts';
import { forgetSnapshots, pruneSnapshots, takeSnapshot } from '../../snapshot/index.ts';
import {
  createFaultyStore,
  createVault,
  type Fault,
  type Store,
  type StoreCall,
  type Vault,
} from '../../vault/index.ts';
import { noise, randomFrom, smallKey, smallTuning } from '../../vault/test-streams.ts';
import { copySnapshots } from '../copy.ts';
import type { Place } from './fault-place.ts';

export const OPERATIONS = ['first snapshot', 'snapshot', 'copy', 'forget', 'prune'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Asked before and after every call of every store; `n` counts the calls of one operation, of whichever of its stores. */
export type Script = (call: StoreCall) => Fault;

export interface Doing {
  readonly script: Script;
  readonly signal: AbortSignal;
}

export const undisturbed: Doing = { script: () => 'ok', signal: new AbortController().signal };

/** What is there before the operation. The content follows from the seed. */
export async function prepare(place: Place, operation: Operation, seed: number): Promise<void> {
  await mkdir(path.join(place.project, 'uploads'), { recursive: true });
  if (operation === 'first snapshot') return await change(place, seed, 0);
  for (let n = 0; n < 3; n++) {
    await change(place, seed, n);
    await take(place, undisturbed, `number-${n}`);
    if (n === 0) await copy(place, undisturbed);
  }
  await change(place, seed, 3);
  if (operation === 'prune') await forget(place, undisturbed);
}

/** One file stays, some change, and a database changes a little. */
async function change(place: Place, seed: number, n: number): Promise<void> {
  const uploads = path.join(place.project, 'uploads');
  const content = (of: number, bytes: number): Buffer => noise(randomFrom(seed + of), bytes);
  await writeFile(path.join(uploads, 'same.bin'), content(0, 12_000));
  await writeFile(path.join(uploads, `${n}.bin`), content(1 + n, 6_000));
  await writeFile(path.join(uploads, 'now.bin'), content(10 + n, 6_000));
  const database = new DatabaseSync(path.join(uploads, 'app.db'));
  database.exec('create table if not exists item (id integer primary key, text text)');
  database.exec(`with recursive n(i) as (select ${n * 150} union all select i + 1 from n
    where i < ${n * 150 + 149}) insert into item select i, hex(randomblob(20)) from n`);
  database.close();
}

/** `first snapshot` begins the vault, too. Done already: nothing happens. */
export async function perform(place: Place, operation: Operation, doing: Doing): Promise<void> {
  switch (operation) {
    case 'first snapshot':
    case 'snapshot':
      return await take(place, doing);
    case 'copy':
      return await copy(place, doing);
    case 'forget':
      return await forget(place, doing);
    default:
      return await prune(place, doing);
  }
}

async function take(place: Place, doing: Doing, name?: string): Promise<void> {
  await using opened = await openEngine(place, doing);
  const { signal } = doing;
  await takeSnapshot(opened.engine, {
    ...(name === undefined ? {} : { name }),
    signal,
    progress: silent,
  });
}

async function copy(place: Place, doing: Doing): Promise<void> {
  const open = opening(doing);
  await using vault = await open(place.vault);
  await using to = await open(place.copy);
  const { signal } = doing;
  const options = { projectId: '', signal, progress: silent };
  const { failed } = await copySnapshots({ vault, referencesOf }, to, options);
  // That somebody gave up is no damage of what is copied.
  if (signal.aborted) assert.deepEqual(failed, []);
}

async function forget(place: Place, doing: Doing): Promise<void> {
  const { signal } = doing;
  await using opened = await openEngine(place, doing);
  const { sealed } = await opened.engine.catalogue.list(signal);
  const first = sealed.find(({ manifest }) => manifest.name === 'number-0');
  if (first === undefined) return;
  const options = { dryRun: false, undoPoint: false, last: false, signal };
  await forgetSnapshots(opened.engine, [first.entry.id], options);
}

async function prune(place: Place, doing: Doing): Promise<void> {
  await using vault = await opening(doing)(place.vault);
  const { signal } = doing;
  const options = { dryRun: false, repackShare: 0, signal, progress: silent };
  await pruneSnapshots({ vault, referencesOf }, options);
}

/** Opens vaults whose stores break as the script says; their calls are counted together. */
export function opening({ script, signal }: Doing): (store: Store) => Promise<Vault> {
  let calls = 0;
  return async (inner) => {
    const numbers = new Map<number, number>();
    const store = createFaultyStore(inner, (call) => {
      if (call.phase === 'before') numbers.set(call.n, ++calls);
      return script({ ...call, n: numbers.get(call.n)! });
    });
    const tuning = { ...smallTuning, graceMs: 20 };
    return await createVault(store, { encryption: smallKey, tuning, signal });
  };
}

interface OpenEngine extends AsyncDisposable {
  readonly engine: EngineContext;
}

async function openEngine(place: Place, doing: Doing): Promise<OpenEngine> {
  const projectDirectory = place.project;
  const config: ResolvedConfig = {
    projectDirectory,
    members: [],
    sources: [{ name: 'uploads', driver: 'files', path: 'uploads', exclude: [] }],
    participants: [],
    freeze: { budgetMs: 10_000, lockKey: 1n },
    vault: { place: { kind: 'directory', directory: '/nowhere' } },
  };
  const clock = systemClock;
  const state = await openProjectState({ projectDirectory, clock });
  const environment = { version: 'test', binariesDirectory: '/nowhere' };
  const clusters = new Map<never, never>();
  const parts = { config, state, environment, clock, clusters, vaultDirectory: undefined };
  const vault = await opening(doing)(place.vault);
  const engine: EngineContext = {
    config,
    state,
    vault,
    catalogue: openCatalogue(vault, state),
    clock,
    drivers: config.sources.map((source) => createSourceDriver(source, parts)),
    participants: [],
    driversFor: () => new Map(),
    referencesOf,
    openHistory: async () => undefined,
    version: 'test',
    crashPoint: () => {},
  };
  return { engine, [Symbol.asyncDispose]: () => vault[Symbol.asyncDispose]() };
}
