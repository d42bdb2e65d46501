// The writer of a lens: appends frames to the journal of their chunk, and seals chunks that are full while the next one fills.
import { failure, isFailure, makeDirectory } from '@stillpoint/core';
import path from 'node:path';
import { pointTo, takeRunLock, type RunLock } from '../../directory/index.ts';
import { openChunk, sealJournal } from '../chunk/index.ts';
import { fileSource } from '../../zip/index.ts';
import { LENS_VERSION, type LensFrame } from '../contract.ts';
import {
  continueJournal,
  createJournal,
  readJournal,
  type JournalWriter,
} from '../journal/index.ts';
import { chunkOf } from '../names.ts';
import type { ChunkEntry, Dropped, Recorder, RecorderOptions } from './contract.ts';
import { cutAfter, setAside } from './cut.ts';
import { lostIn } from './damage.ts';
import { pathOf, tidyUp } from './files.ts';
import { cutGaps, endOfGaps, fewGaps, withGap } from './gaps.ts';
import { chunkEntries, readManifest, writeManifest } from './manifest.ts';
import { createPositionsOnce } from './positions.ts';
import { createSealing, type Sealing } from './sealing.ts';

/**
 * One recorder a run: it has a lock in the directory until it is closed. Throws RUN_BUSY where another has it, LENS_NOT_EMPTY where a
 * run begins in a directory that has frames already, and LENS_FIELDS_CHANGED where one goes on with other fields. `onTrouble` is told what
 * went wrong and lost no frame: a chunk that could not be sealed yet. With `taken` somebody else has that lock already.
 */
export async function openRecorder(
  options: RecorderOptions,
  onTrouble: (error: unknown) => void = () => {},
  taken?: RunLock,
): Promise<Recorder> {
  const lock = taken ?? (await takeLensLock(options));
  try {
    const recorder = await openLocked(options, lock, onTrouble);
    await pointTo(path.dirname(path.resolve(options.directory)), path.basename(options.directory));
    return recorder;
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** Of the one who writes the run. Throws RUN_BUSY. */
export async function takeLensLock({
  directory,
  runId,
}: Pick<RecorderOptions, 'directory' | 'runId'>): Promise<RunLock> {
  await makeDirectory(directory);
  const lock = await takeRunLock(directory);
  if (lock !== undefined) return lock;
  throw failure('RUN_BUSY', { run: runId, directory: path.dirname(path.resolve(directory)) });
}

async function openLocked(
  options: RecorderOptions,
  lock: RunLock,
  onTrouble: (error: unknown) => void,
): Promise<Recorder> {
  const { directory, resumedTick } = options;
  const before = await tidyUp(directory);
  if (resumedTick === undefined && before.length > 0)
    throw failure('LENS_NOT_EMPTY', { directory });
  if (resumedTick !== undefined) await cutAfter(before, resumedTick);
  const manifest = await readManifest(directory);
  const dropped = cutGaps(manifest?.dropped ?? [], resumedTick ?? -1);
  const recorder = new DirectoryRecorder({ options, lock, dropped, onTrouble });
  await recorder.goOn(resumedTick);
  return recorder;
}

async function lastTickOf(file: string): Promise<number> {
  await using source = await fileSource(file);
  return (await openChunk(source)).ticks.at(-1) ?? -1;
}

async function unlessDamaged<T>(work: Promise<T>): Promise<T | undefined> {
  return await work.catch((error: unknown) => {
    if (isFailure(error, 'LENS_DAMAGED')) return undefined;
    throw error;
  });
}

class DirectoryRecorder implements Recorder {
  readonly #options: RecorderOptions;
  readonly #lock: RunLock;
  readonly #onTrouble: (error: unknown) => void;
  readonly #sealing: Sealing;
  readonly #positions = createPositionsOnce();
  #dropped: readonly Dropped[];
  #chunks: readonly ChunkEntry[] = [];
  #journal: JournalWriter | undefined;
  /** Of the newest file there was: no chunk begins before. */
  #endTick = 0;
  #frames = 0;
  #lastTick = -1;

  constructor({
    options,
    lock,
    dropped,
    onTrouble,
  }: {
    readonly options: RecorderOptions;
    readonly lock: RunLock;
    readonly dropped: readonly Dropped[];
    readonly onTrouble: (error: unknown) => void;
  }) {
    this.#options = options;
    this.#lock = lock;
    this.#dropped = dropped;
    this.#onTrouble = onTrouble;
    this.#sealing = createSealing({ sealed: () => this.#listChunks(), failed: onTrouble });
  }

  get frames(): number {
    return this.#frames;
  }

  get lastTick(): number {
    return this.#lastTick;
  }

  get accountedTick(): number {
    return Math.max(this.#lastTick, endOfGaps(this.#dropped) - 1);
  }

  /** Journals of full chunks are sealed; that of the checkpoint's chunk is gone on with. */
  async goOn(resumedTick: number | undefined): Promise<void> {
    const { directory, fields } = this.#options;
    const throughTick = resumedTick ?? -1;
    const files = await tidyUp(directory);
    for (const file of files) {
      this.#endTick = file.ticks.end;
      if (file.kind !== 'journal') continue;
      if (file.ticks.end <= throughTick + 1) {
        await this.#sealUnlessDamaged(file.path);
        continue;
      }
      const journal = await unlessDamaged(continueJournal(file.path, throughTick));
      if (journal === undefined) {
        await this.#sealUnlessDamaged(await setAside(file, throughTick, files));
        this.#endTick = throughTick + 1;
        continue;
      }
      if (JSON.stringify(journal.facts.fields) !== JSON.stringify(fields)) {
        await journal[Symbol.asyncDispose]();
        throw failure('LENS_FIELDS_CHANGED', { directory });
      }
      this.#journal = journal;
      this.#lastTick = Math.max(journal.lastTick, this.#lastTick);
      this.#frames += journal.frames;
    }
    this.#chunks = await chunkEntries(directory);
    this.#frames += this.#chunks.reduce((sum, { frames }) => sum + frames, 0);
    const newest = this.#chunks.at(-1);
    if (newest !== undefined && newest.ticks.end > this.#lastTick)
      this.#lastTick = await lastTickOf(path.join(directory, newest.file));
    await this.#writeManifest();
  }

  /** What is damaged stays as it is, for whoever can mend it; the run goes on. */
  async #sealUnlessDamaged(journal: string): Promise<void> {
    try {
      await sealJournal(journal);
    } catch (error) {
      if (!isFailure(error, 'LENS_DAMAGED')) throw error;
      this.#onTrouble(error);
      await using damaged = await readJournal(journal);
      this.#frames += damaged.frames.length;
      this.#lastTick = damaged.frames.at(-1)?.tick ?? this.#lastTick;
      const lost = await lostIn(damaged, damaged.facts.ticks.end - 1);
      if (lost !== undefined) this.#dropped = withGap(this.#dropped, lost.gap);
    }
  }

  async append(given: LensFrame): Promise<void> {
    // One that was merged is longer than others, and goes on to its own end.
    if (this.#journal !== undefined && given.tick >= this.#journal.facts.ticks.end)
      this.#turn(this.#journal);
    this.#journal ??= await this.#begin(given.tick);
    await this.#journal.append(this.#positions.frame(given));
    this.#positions.written();
    this.#frames += 1;
    this.#lastTick = given.tick;
  }

  async drop(...dropped: readonly Dropped[]): Promise<void> {
    const before = this.#dropped;
    this.#dropped = fewGaps([...before, ...dropped]);
    try {
      await this.#writeManifest();
    } catch (error) {
      this.#dropped = before;
      throw error;
    }
  }

  async flush(): Promise<{ readonly tick: number; readonly frames: number }> {
    await this.#journal?.sync();
    await this.#sealing.sync();
    return { tick: this.#lastTick, frames: this.#frames };
  }

  async close(): Promise<void> {
    try {
      if (this.#journal !== undefined) this.#turn(this.#journal);
      await this.#sealing.finish();
      await this.#writeManifest();
    } finally {
      await this.#lock[Symbol.asyncDispose]();
    }
  }

  async #begin(tick: number): Promise<JournalWriter> {
    const { directory, runId, world, fields, chunkTicks } = this.#options;
    const { start, end } = chunkOf(tick, chunkTicks);
    // A run that goes on with another size of chunks: a range over that of a sealed file would say that its frames are in here.
    const ticks = { start: Math.max(start, this.#endTick), end };
    const createdAt = new Date().toISOString();
    const facts = { version: LENS_VERSION, runId, world, ticks, fields, createdAt } as const;
    const journal = await createJournal(pathOf(directory, ticks, 'journal'), facts);
    this.#positions.begin();
    this.#endTick = end;
    return journal;
  }

  /** The chunk is full: it is sealed beside what comes next. */
  #turn(journal: JournalWriter): void {
    this.#journal = undefined;
    this.#sealing.add(pathOf(this.#options.directory, journal.facts.ticks, 'journal'), journal);
  }

  async #listChunks(): Promise<void> {
    this.#chunks = await chunkEntries(this.#options.directory);
    await this.#writeManifest();
  }

  async #writeManifest(): Promise<void> {
    await writeManifest(this.#options, this.#chunks, this.#dropped);
  }
}
