// Which run a loop writes: a new one, the one that it names, or the one that it goes on with. Never a checkpoint of one history
// among those of another.
import { failure, isFailure, type Clock, type Digest } from '@stillpoint/core';
import { randomBytes } from 'node:crypto';
import { realpath, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { openCheckpoint } from '../checkpoint/index.ts';
import type { CheckpointFacts, OpenCheckpoint } from '../checkpoint/contract.ts';
import {
  latestRun,
  listRuns,
  newestThatVerifies,
  openRunDirectory,
  type NewestCheckpoint,
  type RunDirectory,
  type RunListing,
} from '../directory/index.ts';

type Lineage = CheckpointFacts['lineage'];

export interface LoopRunOptions {
  readonly directory: string;
  readonly runId?: string;
  readonly name: string;
  readonly hash: Digest;
  readonly parameters: Readonly<Record<string, number>>;
  readonly clock: Clock;
}

/** A checkpoint to restore. Its run, where the loop is to go on with it, is this process's to write by then. */
export interface Found {
  readonly checkpoint: OpenCheckpoint;
  readonly skipped: NewestCheckpoint['skipped'];
  /** Undefined: a new run goes on from it. */
  readonly run: RunDirectory | undefined;
}

export class RunOfLoop {
  readonly #options: LoopRunOptions;
  /** The latest run, before this loop began one. */
  readonly #before: string | undefined;
  #open: RunDirectory;
  #restored = false;
  #begun = false;

  constructor(options: LoopRunOptions, open: RunDirectory, before?: string) {
    this.#options = options;
    this.#open = open;
    this.#before = before;
  }

  get runId(): string {
    return this.#open.runId;
  }

  get path(): string {
    return this.#open.path;
  }

  get lineage(): Lineage {
    return this.#open.manifest.lineage;
  }

  /** From here on it has checkpoints. Throws RUN_NOT_RESTORED. */
  begin(): void {
    const tick = this.#open.manifest.checkpoints.at(-1)?.tick;
    if (!this.#restored && tick !== undefined)
      throw failure('RUN_NOT_RESTORED', { run: this.runId, tick });
    this.#begun = true;
  }

  /** Undefined where there is none to restore. Throws RUN_BUSY, RUN_UNKNOWN, RUN_NO_CHECKPOINT, and what openCheckpoint does. */
  async find(from: string | undefined): Promise<Found | undefined> {
    const found = await this.#find(from);
    if (found === undefined || found.run === this.#open || this.#isEmpty()) return found;
    await found.checkpoint[Symbol.asyncDispose]();
    throw failure('RUN_EXISTS', { run: this.runId, directory: this.#options.directory });
  }

  async #find(from: string | undefined): Promise<Found | undefined> {
    const { directory, runId } = this.#options;
    if (from === undefined) {
      if (runId === undefined) return await this.#findLatest();
      return this.#isEmpty() ? undefined : await foundIn(this.#open);
    }
    const isFile = await stat(from).then(
      (found) => found.isFile(),
      () => undefined,
    );
    if (isFile === true) return await this.#findFile(await realpath(from));
    if (isFile === false) {
      const run = path.resolve(from);
      return await this.#findInRun(path.dirname(run), path.basename(run));
    }
    return await this.#findInRun(directory, from);
  }

  /** After it was restored: the loop's checkpoints go where those of `found` are, or into a run that says where it came from. */
  async goOnFrom({ checkpoint: { facts, digest }, run }: Found): Promise<void> {
    if (run === this.#open) {
      await run.setStatus('running');
      this.#restored = true;
      return;
    }
    const was = this.#open;
    const lineage = { runId: facts.runId, tick: facts.tick, digest };
    await discard(was, this.#isEmpty());
    const { parameters } = facts;
    this.#open = run ?? (await openNew({ ...this.#options, parameters }, was.runId, lineage));
    await this.#open.setStatus('running');
    // Only now: a loop that was refused its state must not begin anew in a run that has one.
    this.#restored = true;
  }

  /** Leaves `run` to others, if it was opened for find(). */
  async letGo({ run }: Found): Promise<void> {
    if (run !== undefined && run !== this.#open) await run[Symbol.asyncDispose]();
  }

  async close(): Promise<void> {
    try {
      if (this.#begun || this.#restored) await this.#open.setStatus('stopped');
    } catch (error) {
      const { directory } = this.#options;
      const why = error instanceof Error ? error.message : String(error);
      throw failure('RUN_DIRECTORY_UNUSABLE', { directory, why }, error);
    } finally {
      // A run that never had a checkpoint is nothing to go on from.
      await discard(this.#open, this.#isEmpty() && !this.#begun);
    }
  }

  async #findLatest(): Promise<Found | undefined> {
    const { directory, name } = this.#options;
    const all = await listRuns(directory);
    const runs = all.filter(
      ({ manifest, runId }) =>
        manifest.world.name === name && manifest.checkpoints.length > 0 && runId !== this.runId,
    );
    // One that died before its first checkpoint may stand in the way of that which was the latest: then what was written last counts.
    const byTime = runs.toSorted((a, b) => (writtenAt(a) < writtenAt(b) ? -1 : 1)).at(-1);
    const latest = runs.find(({ runId }) => runId === this.#before) ?? byTime;
    return latest === undefined ? undefined : await this.#findInRun(directory, latest.runId);
  }

  async #findInRun(directory: string, runId: string): Promise<Found> {
    if (runId === this.runId && this.#isHere(directory)) return await foundIn(this.#open);
    const run = await openRunDirectory({ directory, runId });
    try {
      const found = await foundIn(run);
      if (this.#options.runId === undefined && this.#isHere(directory)) return found;
      // Told to write another one.
      await run[Symbol.asyncDispose]();
      return { ...found, run: undefined };
    } catch (error) {
      await run[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #findFile(file: string): Promise<Found> {
    const checkpoint = await openCheckpoint(file);
    try {
      await checkpoint.verify();
      return { checkpoint, skipped: [], run: await this.#runOf(file, checkpoint) };
    } catch (error) {
      await checkpoint[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The run that goes on with this file: only its own one, and only with its newest. */
  async #runOf(file: string, { facts }: OpenCheckpoint): Promise<RunDirectory | undefined> {
    const { runId, directory } = this.#options;
    const at = path.dirname(file);
    const isNewest = ({ manifest }: RunDirectory): boolean =>
      manifest.checkpoints.at(-1)?.file === path.basename(file);
    if (at === (await realpath(this.#open.path))) {
      if (isNewest(this.#open)) return this.#open;
      const newest = this.#open.manifest.checkpoints.at(-1)?.tick ?? 0;
      throw failure('RUN_HAS_NEWER', { run: this.runId, newest, tick: facts.tick });
    }
    if (runId !== undefined || path.dirname(at) !== (await realpath(directory))) return undefined;
    const run = await openRunDirectory({ directory, runId: path.basename(at) });
    if (isNewest(run)) return run;
    await run[Symbol.asyncDispose]();
    return undefined;
  }

  #isHere(directory: string): boolean {
    return path.resolve(directory) === path.resolve(this.#options.directory);
  }

  #isEmpty(): boolean {
    return this.#open.manifest.checkpoints.length === 0;
  }
}

export async function openRunOfLoop(options: LoopRunOptions): Promise<RunOfLoop> {
  const { directory, runId, name, clock } = options;
  if (runId === undefined) {
    const stamp = clock
      .now()
      .toISOString()
      .replaceAll(/[-:]|\.\d+Z$/g, '');
    const id = `${wordOf(name)}-${stamp}-${randomBytes(2).toString('hex')}`;
    const before = (await latestRun(directory))?.runId;
    return new RunOfLoop(options, await openNew(options, id, null), before);
  }
  const there = await openRunDirectory({ directory, runId }).catch((error: unknown) => {
    if (isFailure(error, 'RUN_UNKNOWN')) return undefined;
    throw error;
  });
  return new RunOfLoop(options, there ?? (await openNew(options, runId, null)));
}

async function openNew(
  { directory, name, hash, parameters, clock }: LoopRunOptions,
  runId: string,
  lineage: Lineage,
): Promise<RunDirectory> {
  const createdAt = clock.now().toISOString();
  const create = { world: { name, hash }, seed: '', parameters, lineage, createdAt };
  return await openRunDirectory({ directory, runId, create });
}

async function foundIn(run: RunDirectory): Promise<Found> {
  const { file, skipped } = await newestThatVerifies(run.path);
  return { checkpoint: await openCheckpoint(file), skipped, run };
}

/** Removed is what a run without checkpoints has. Its directory may have been somebody's before: then it stays, with all that is his. */
async function discard(run: RunDirectory, remove: boolean): Promise<void> {
  // While it is still locked: nobody can have begun to write into it.
  if (remove)
    for (const name of ['manifest.json', 'latest'])
      await rm(path.join(run.path, name), { force: true });
  await run[Symbol.asyncDispose]();
  if (remove) await rmdir(run.path).catch(() => {});
}

function writtenAt({ manifest }: RunListing): string {
  return manifest.checkpoints.at(-1)?.createdAt ?? '';
}

/** As the start of a run's id. */
function wordOf(name: string): string {
  const word = name.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-|-$/g, '');
  return word === '' ? 'loop' : word.slice(0, 40);
}
