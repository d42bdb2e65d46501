// Finds out what a session works on: a new run, or one that goes on, in a directory that is then this process's to write.
import { canonicalJson, failure, isFailure, systemClock } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { openCheckpoint } from '../checkpoint/index.ts';
import type { CheckpointFacts, OpenCheckpoint, WorldIdentity } from '../checkpoint/contract.ts';
import {
  checkpointName,
  latestRun,
  newestThatVerifies,
  openRunDirectory,
  tickOfName,
} from '../directory/index.ts';
import type { NewestCheckpoint, RunDirectory } from '../directory/contract.ts';
import { resumeRun, startRun } from '../runner/index.ts';
import type { ForcedMapping, Run } from '../runner/contract.ts';
import type { SessionOptions, SessionStore } from './contract.ts';
import { refuseTakenLens } from './lens.ts';

export interface LensFrom {
  /** Frames after it are made again; -1: all of them. */
  readonly tick: number;
  /** Up to there frames were made, and are in the lens as the checkpoint says; null: it does not know of any. */
  readonly seenTick: number | null;
}

export interface Begun {
  readonly run: Run;
  readonly directory: RunDirectory;
  readonly lineage: CheckpointFacts['lineage'];
  readonly resumedFrom: string | null;
  readonly skipped: NewestCheckpoint['skipped'];
  readonly forced: ForcedMapping | null;
  readonly warnings: readonly string[];
  /** That the run has of the tick it begins with. */
  readonly newest: { readonly tick: number; readonly file: string } | undefined;
  /** Where its lens goes on; undefined: it has none yet. */
  readonly lensFrom: LensFrom | undefined;
}

interface Given {
  readonly options: SessionOptions;
  readonly store: SessionStore;
  readonly identity: WorldIdentity;
}

/** The run's directory is locked when this resolves. */
export async function begin(given: Given): Promise<Begun> {
  const { directory, beginning } = given.store;
  if (beginning.begin === 'new') return await beginNew(given, beginning.runId);
  if (beginning.begin === 'either') return await beginEither(given, beginning.runId);
  const { from, runId } = beginning;
  if (from === undefined) {
    const latest = await latestRun(directory);
    if (latest === undefined) throw failure('RUN_UNKNOWN', { run: 'latest', directory });
    return await goOn(given, directory, latest.runId);
  }
  const place = await kindOf(from);
  if (place === 'file') return await goOnFromFile(given, await realpath(from), runId);
  if (place === undefined || path.basename(from) === from)
    return await goOn(given, directory, from);
  const real = await realpath(from);
  return await goOn(given, path.dirname(real), path.basename(real));
}

async function beginEither(given: Given, runId: string): Promise<Begun> {
  try {
    return await goOn(given, given.store.directory, runId);
  } catch (error) {
    if (!isFailure(error, 'RUN_UNKNOWN')) throw error;
    return await beginNew(given, runId);
  }
}

async function beginNew(given: Given, runId: string | undefined): Promise<Begun> {
  const { options, identity } = given;
  const { world, assets } = options.loaded;
  const run = startRun({
    world,
    assets,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
  });
  const directory = await openNew(given, runId, {
    seed: run.seed,
    parameters: run.parameters,
    lineage: null,
    identity,
  });
  return { ...nothingBefore, run, directory, lineage: null };
}

const nothingBefore = {
  resumedFrom: null,
  skipped: [],
  forced: null,
  warnings: [],
  newest: undefined,
  lensFrom: undefined,
} as const;

async function openNew(
  { options, store }: Given,
  runId: string | undefined,
  facts: Pick<CheckpointFacts, 'seed' | 'parameters' | 'lineage'> & {
    readonly identity: WorldIdentity;
  },
): Promise<RunDirectory> {
  const now = (options.clock ?? systemClock).now();
  const { seed, parameters, lineage, identity } = facts;
  const { name, hash } = identity;
  const createdAt = now.toISOString();
  const id = runId ?? newRunId(name, now);
  await refuseTakenLens(options, id);
  return await openRunDirectory({
    directory: store.directory,
    runId: id,
    create: { world: { name, hash }, seed, parameters, lineage, createdAt },
  });
}

/** `terra-20261121T160400-k3x9`: found again by people, and by two who start in the same second. */
export function newRunId(world: string, now: Date): string {
  const word = world.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+Z$/g, '');
  return `${word === '' ? 'world' : word.slice(0, 40)}-${stamp}-${randomBytes(2).toString('hex')}`;
}

/** The run itself goes on, from the newest of its checkpoints that verifies. */
async function goOn(given: Given, parent: string, runId: string): Promise<Begun> {
  // Opening a directory clears and mends it: one that is no run's is left alone.
  const known = await holdsRun(path.join(parent, runId));
  if (!known) throw failure('RUN_UNKNOWN', { run: runId, directory: parent });
  const directory = await openRunDirectory({ directory: parent, runId });
  try {
    if (directory.manifest.checkpoints.length === 0) return await beginAgain(given, directory);
    const { file, tick, skipped } = await newestThatVerifies(directory.path, given.options.signal);
    await using checkpoint = await openCheckpoint(file);
    const resumed = await resume(given, checkpoint);
    if (resumed.forced === null)
      return {
        ...resumed,
        directory,
        skipped,
        newest: { tick, file },
        lensFrom: lensIn(checkpoint),
      };
    const branched = await branch(given, checkpoint, resumed);
    await directory[Symbol.asyncDispose]();
    return { ...branched, skipped };
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
}

/** It died before its first checkpoint: its seed and parameters make the same run again. */
async function beginAgain(given: Given, directory: RunDirectory): Promise<Begun> {
  if (directory.manifest.lineage !== null) return await branchAgain(given, directory);
  const { world, assets } = given.options.loaded;
  const { seed, parameters, lineage } = directory.manifest;
  const known = new Set(world.ir.parameters.map(({ name }) => name));
  const kept = Object.entries(parameters).filter(([name]) => known.has(name));
  const run = startRun({ world, assets, seed, parameters: Object.fromEntries(kept) });
  return { ...nothingBefore, run, directory, lineage, lensFrom: { tick: -1, seenTick: -1 } };
}

/** It began with the state of another run, and died before it had one of its own: it begins with that one again, or not at all. */
async function branchAgain(given: Given, directory: RunDirectory): Promise<Begun> {
  const { lineage, parameters } = directory.manifest;
  const { runId, tick, digest } = lineage!;
  const file = path.join(path.dirname(directory.path), runId, checkpointName(tick));
  const gone = (why: string, cause?: unknown): Error => {
    const skipped = `It began with tick ${tick} of the run ${runId}, and ${why}.`;
    return failure('RUN_NO_CHECKPOINT', { directory: directory.path, skipped }, cause);
  };
  await using checkpoint = await openCheckpoint(file).catch((error: unknown) => {
    throw gone(`${file} cannot be opened`, error);
  });
  if (checkpoint.digest !== digest) throw gone(`${file} is another one now`);
  await checkpoint.verify(given.options.signal);
  const resumed = await resume(given, checkpoint);
  if (canonicalJson(resumed.run.parameters) !== canonicalJson(parameters))
    throw gone('was to have other parameters');
  return { ...resumed, directory, lineage, lensFrom: { tick: -1, seenTick: -1 } };
}

async function goOnFromFile(given: Given, file: string, runId: string | undefined): Promise<Begun> {
  await using checkpoint = await openCheckpoint(file);
  await checkpoint.verify(given.options.signal);
  const { tick } = checkpoint.facts;
  const own = await ownDirectory(file, checkpoint.facts);
  try {
    const resumed = await resume(given, checkpoint);
    if (own !== undefined && resumed.forced === null)
      return { ...resumed, directory: own, newest: { tick, file }, lensFrom: lensIn(checkpoint) };
    const branched = await branch(given, checkpoint, resumed, runId);
    await own?.[Symbol.asyncDispose]();
    return branched;
  } catch (error) {
    await own?.[Symbol.asyncDispose]();
    throw error;
  }
}

/** A new run that says where it came from: nothing is put among the checkpoints of another history, nor pruned from them. */
async function branch(
  given: Given,
  { facts, digest }: OpenCheckpoint,
  resumed: Omit<Begun, 'directory'>,
  runId?: string,
): Promise<Begun> {
  const lineage = { runId: facts.runId, tick: facts.tick, digest };
  const { seed, parameters } = resumed.run;
  const { identity } = given;
  const directory = await openNew(given, runId, { seed, parameters, lineage, identity });
  return { ...resumed, directory, lineage };
}

/** The directory of the run that this file is the newest checkpoint of. To begin a new one with it no lock is needed. */
async function ownDirectory(
  file: string,
  { runId, tick }: CheckpointFacts,
): Promise<RunDirectory | undefined> {
  const at = path.dirname(file);
  // Opening a directory clears and mends it: only where it is certain that it is this run's.
  if (path.basename(at) !== runId || path.basename(file) !== checkpointName(tick)) return undefined;
  const run = await openRunDirectory({ directory: path.dirname(at), runId }).catch(
    (error: unknown) => {
      if (isFailure(error, 'RUN_BUSY')) return undefined;
      throw error;
    },
  );
  if (run === undefined) return undefined;
  if (run.manifest.checkpoints.at(-1)?.file === path.basename(file)) return run;
  await run[Symbol.asyncDispose]();
  return undefined;
}

async function resume(
  { options, store, identity }: Given,
  checkpoint: OpenCheckpoint,
): Promise<Omit<Begun, 'directory'>> {
  const { world, assets } = options.loaded;
  const { force = false } = store;
  const resumed = await resumeRun({ world, assets, checkpoint, identity, force });
  const { run, lineage, forced, warnings } = resumed;
  const resumedFrom = checkpoint.path;
  return { ...nothingBefore, run, lineage, forced, warnings, resumedFrom };
}

function lensIn({ facts: { tick, lens } }: OpenCheckpoint): LensFrom {
  return { tick, seenTick: lens === null ? null : lens.tick };
}

async function holdsRun(at: string): Promise<boolean> {
  const names = await readdir(at).catch(() => []);
  if (names.some((name) => tickOfName(name) !== undefined)) return true;
  try {
    const manifest: unknown = JSON.parse(await readFile(path.join(at, 'manifest.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null && 'runId' in manifest;
  } catch {
    return false;
  }
}

async function kindOf(place: string): Promise<'file' | 'directory' | undefined> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return undefined;
  return found.isDirectory() ? 'directory' : 'file';
}
