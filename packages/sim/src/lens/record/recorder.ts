// The writer of a lens: appends frames to the journal of their chunk, and seals chunks that are full while the next one fills.
import { failure, makeDirectory } from '@stillpoint/core';
import path from 'node:path';
import { pointTo, takeRunLock, type RunLock } from '../../directory/index.ts';
import { openChunk, sealJournal } from '../chunk/index.ts';
import { fileSource } from '../../zip/index.ts';
import type { LensFrame } from '../contract.ts';
import { continueJournal, createJournal, type JournalWriter } from '../journal/index.ts';
import { chunkOf } from '../names.ts';
import type { ChunkEntry, Dropped, Recorder, RecorderOptions } from './contract.ts';
import { cutAfter } from './cut.ts';
import { pathOf, tidyUp } from './files.ts';
import { chunkEntries, readManifest, writeManifest } from './manifest.ts';

/**
 * One recorder a run: it has a lock in the directory until it is closed. Throws RUN_BUSY where another has it, LENS_NOT_EMPTY where a
 * run begins in a directory that has frames already, and LENS_FIELDS_CHANGED where one goes on with other fields.
 */
export async function openRecorder(options: RecorderOptions): Promise<Recorder> {
  const parent = path.dirname(path.resolve(options.directory));
  await makeDirectory(options.directory);
  const lock = await takeRunLock(options.directory);
  if (lock === undefined) throw failure('RUN_BUSY', { run: options.runId, directory: parent });
  try {
    const recorder = await openLocked(options, lock);
    await pointTo(parent, path.basename(options.directory));
    return recorder;
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

async function openLocked(options: RecorderOptions, lock: RunLock): Promise<Recorder> {
  const { directory, resumedTick } = options;
  const before = await tidyUp(directory);
  if (resumedTick === undefined && before.length > 0)
    throw failure('LENS_NOT_EMPTY', { directory });
  if (resumedTick !== undefined) await cutAfter(before, resumedTick);
  const manifest = await readManifest(directory);
  const dropped = [...cutDropped(manifest?.dropped ?? [], resumedTick ?? -1)];
  const recorder = new DirectoryRecorder(options, lock, dropped);
  await recorder.goOn(resumedTick);
  return recorder;
}

async function lastTickOf(file: string): Promise<number> {
  await using source = await fileSource(file);
  return (await openChunk(source)).ticks.at(-1) ?? -1;
}

/** Those behind the checkpoint are made again. */
function cutDropped(dropped: readonly Dropped[], tick: number): readonly Dropped[] {
  return dropped.filter(({ ticks }) => ticks.end <= tick + 1);
}

class DirectoryRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #lock: RunLock;
  #dropped: readonly Dropped[];
  #chunks: readonly ChunkEntry[] = [];
  #journal: JournalWriter | undefined;
  #sealing: Promise<void> = Promise.resolve();
  #failed: { readonly error: unknown } | undefined;
  #frames = 0;
  #lastTick = -1;

  constructor(options: RecorderOptions, lock: RunLock, dropped: readonly Dropped[]) {
    this.#options = options;
    this.#lock = lock;
    this.#dropped = dropped;
  }

  get frames(): number {
    return this.#frames;
  }

  get lastTick(): number {
    return this.#lastTick;
  }

  /** Journals of full chunks are sealed; that of the checkpoint's chunk is gone on with. */
  async goOn(resumedTick: number | undefined): Promise<void> {
    const { directory, fields } = this.#options;
    for (const file of await tidyUp(directory)) {
      if (file.kind !== 'journal') continue;
      if (file.ticks.end <= (resumedTick ?? -1) + 1) {
        await sealJournal(file.path);
        continue;
      }
      const journal = await continueJournal(file.path, resumedTick ?? -1);
      if (JSON.stringify(journal.facts.fields) !== JSON.stringify(fields)) {
        await journal[Symbol.asyncDispose]();
        throw failure('LENS_FIELDS_CHANGED', { directory });
      }
      this.#journal = journal;
      this.#lastTick = journal.lastTick;
      this.#frames += journal.frames;
    }
    this.#chunks = await chunkEntries(directory);
    this.#frames += this.#chunks.reduce((sum, { frames }) => sum + frames, 0);
    const newest = this.#chunks.at(-1);
    if (this.#journal === undefined && newest !== undefined)
      this.#lastTick = await lastTickOf(path.join(directory, newest.file));
    await this.#writeManifest();
  }

  async append(frame: LensFrame): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed.error;
    const { directory, runId, world, fields, chunkTicks } = this.#options;
    // One that was merged is longer than others, and goes on to its own end.
    if (this.#journal !== undefined && frame.tick >= this.#journal.facts.ticks.end)
      await this.#turn();
    const ticks = chunkOf(frame.tick, chunkTicks);
    this.#journal ??= await createJournal(pathOf(directory, ticks, 'journal'), {
      version: 1,
      runId,
      world,
      ticks,
      fields,
      createdAt: new Date().toISOString(),
    });
    await this.#journal.append(frame);
    this.#frames += 1;
    this.#lastTick = frame.tick;
  }

  async drop(...dropped: readonly Dropped[]): Promise<void> {
    const before = this.#dropped;
    this.#dropped = [...before, ...dropped];
    try {
      await this.#writeManifest();
    } catch (error) {
      this.#dropped = before;
      throw error;
    }
  }

  async flush(): Promise<{ readonly tick: number; readonly frames: number }> {
    await this.#journal?.sync();
    return { tick: this.#lastTick, frames: this.#frames };
  }

  async close(): Promise<void> {
    try {
      if (this.#journal !== undefined) await this.#turn();
      await this.#sealing;
    } finally {
      await this.#lock[Symbol.asyncDispose]();
    }
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  /** The chunk is full: it is sealed beside what comes next. Two at a time are never sealed. */
  async #turn(): Promise<void> {
    const journal = this.#journal!;
    this.#journal = undefined;
    await journal.sync();
    await journal[Symbol.asyncDispose]();
    const file = pathOf(this.#options.directory, journal.facts.ticks, 'journal');
    this.#sealing = this.#sealing.then(() => this.#seal(file));
  }

  async #seal(file: string): Promise<void> {
    try {
      await sealJournal(file);
      this.#chunks = await chunkEntries(this.#options.directory);
      await this.#writeManifest();
    } catch (error) {
      // Somebody has removed it while it was open: that is no reason to stop.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      // The journal is still there, and is sealed by the next who opens the lens. The run is told with its next frame.
      this.#failed ??= { error };
    }
  }

  async #writeManifest(): Promise<void> {
    await writeManifest(this.#options, this.#chunks, this.#dropped);
  }
}
