// The restore journal: one line of JSON for everything that is about to be done or was done, on the disk before the next
// thing happens. Normative: docs/format/journal.md. A last line that is not whole was never acted upon and is ignored.
import { readFile, truncate } from 'node:fs/promises';
import { appendLineDurable, failure, removeFileDurable, type SnapshotId } from '@stillpoint/core';
import type { BrokenSeal } from '../project/index.ts';
import type { Lockfile } from '../snapshot/index.ts';
import type { Placement } from '../sources/contract.ts';
import type { BooksBefore } from './books.ts';
import type { Rebuild } from './rebuild.ts';
import { stepName, transitions, type RestoreState, type Step } from './steps.ts';

export type JournalLine =
  | ({ readonly event: 'begun'; readonly format: 1; readonly at: string } & RestoreSubject)
  | {
      readonly event: 'ready';
      readonly placements: Placements;
      /** Of what will be there; left out: the one of `begun`. */
      readonly lockfile?: Lockfile;
      /** Left out: none. */
      readonly rebuilds?: readonly Rebuild[];
    }
  | {
      readonly event: 'step';
      readonly direction: Direction;
      readonly step: string;
      readonly done: boolean;
    }
  | { readonly event: 'turned'; readonly why: string };

export type Direction = 'forward' | 'back';

/** What a restore is about; fixed when it begins, and enough for a later process to end it without the vault. */
export interface RestoreSubject {
  readonly snapshot: SnapshotId;
  /** Of the undo point, taken later under this id unless there is nothing to go back to. */
  readonly undo: SnapshotId;
  /** What is prepared lies there; gone when the restore has ended. */
  readonly workDirectory: string;
  /** Those that are restored: all that the snapshot holds, or a part. */
  readonly sources: readonly { readonly name: string; readonly driver: string }[];
  readonly lockfile: Lockfile;
  /** What is remembered of the seal when it has gone back, and when it has gone to its end. */
  readonly brokenSeal: { readonly before: BrokenSeal | null; readonly after: BrokenSeal | null };
  /** What a whole restore leaves as it is, for the undo of it; left out: nothing. */
  readonly stayed?: readonly string[];
  /** Put back when it goes back. */
  readonly before: BooksBefore;
}

/** By source name. `before` is null where there was nothing: that source cannot go back. */
export type Placements = {
  readonly [source: string]: { readonly after: Placement; readonly before: Placement | null };
};

/** What the lines add up to. */
export interface JournalState extends RestoreSubject {
  readonly state: RestoreState;
  readonly placements: Placements;
  /** Of members whose dependencies change. */
  readonly rebuilds: readonly Rebuild[];
  readonly forward: StepProgress;
  readonly back: StepProgress;
}

interface StepProgress {
  readonly begun: ReadonlySet<string>;
  readonly done: ReadonlySet<string>;
}

export interface Journal {
  readonly current: () => JournalState;
  ready(placements: Placements, rebuilds?: readonly Rebuild[], lockfile?: Lockfile): Promise<void>;
  turn(why: string): Promise<void>;
  /** Writes that the step begins, does it, writes that it is done. A step that is done already is skipped. */
  step(direction: Direction, step: Step, act: () => Promise<void>): Promise<void>;
  end(): Promise<void>;
}

export interface JournalOptions {
  readonly file: string;
  readonly crashPoint: (point: string) => void;
}

export async function beginJournal(
  options: JournalOptions,
  at: Date,
  subject: RestoreSubject,
): Promise<Journal> {
  const journal = new FileJournal(options, []);
  await journal.append({ event: 'begun', format: 1, at: at.toISOString(), ...subject });
  return journal;
}

/** The journal that a dead process left, or undefined. Throws JOURNAL_DAMAGED. */
export async function findJournal(options: JournalOptions): Promise<Journal | undefined> {
  const lines = await readLines(options.file);
  if (lines === undefined) return undefined;
  if (lines.length === 0) {
    // It died while it wrote the very first line: nothing was begun.
    await removeFileDurable(options.file);
    return undefined;
  }
  return new FileJournal(options, lines);
}

class FileJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #lines: JournalLine[];

  constructor(options: JournalOptions, lines: readonly JournalLine[]) {
    this.#options = options;
    this.#lines = [...lines];
  }

  current(): JournalState {
    return foldLines(this.#lines);
  }

  async append(line: JournalLine): Promise<void> {
    const point = pointOf(line);
    this.#options.crashPoint(`before ${point}`);
    await appendLineDurable(this.#options.file, JSON.stringify(line));
    this.#lines.push(line);
    this.#options.crashPoint(`after ${point}`);
  }

  ready(placements: Placements, due: readonly Rebuild[] = [], lockfile?: Lockfile): Promise<void> {
    const mix = lockfile === undefined ? {} : { lockfile };
    const rebuilds = due.length === 0 ? {} : { rebuilds: due };
    return this.append({ event: 'ready', placements, ...rebuilds, ...mix });
  }

  turn(why: string): Promise<void> {
    return this.append({ event: 'turned', why });
  }

  async step(direction: Direction, step: Step, act: () => Promise<void>): Promise<void> {
    const name = stepName(step);
    if (this.current()[direction].done.has(name)) return;
    await this.append({ event: 'step', direction, step: name, done: false });
    await act();
    await this.append({ event: 'step', direction, step: name, done: true });
  }

  async end(): Promise<void> {
    this.#options.crashPoint('before end');
    await removeFileDurable(this.#options.file);
    this.#options.crashPoint('after end');
  }
}

function pointOf(line: JournalLine): string {
  if (line.event !== 'step') return line.event;
  return `${line.direction} ${line.step} ${line.done ? 'done' : 'begun'}`;
}

function foldLines(lines: readonly JournalLine[]): JournalState {
  const [first] = lines;
  if (first?.event !== 'begun') throw new TypeError('a journal starts with its "begun" line');
  let state: RestoreState = 'preparing';
  let placements: Placements = {};
  let rebuilds: readonly Rebuild[] = [];
  let { lockfile } = first;
  const progress = { forward: emptyProgress(), back: emptyProgress() };
  const go = (next: RestoreState): void => {
    if (next === state) return;
    const allowed: readonly string[] = transitions[state];
    if (!allowed.includes(next))
      throw new TypeError(`a restore cannot go from ${state} to ${next}`);
    state = next;
  };
  for (const line of lines.slice(1)) {
    if (line.event === 'ready') {
      go('ready');
      placements = line.placements;
      rebuilds = line.rebuilds ?? [];
      lockfile = line.lockfile ?? lockfile;
    } else if (line.event === 'turned') {
      go('reversing');
    } else if (line.event === 'step') {
      progress[line.direction].begun.add(line.step);
      if (line.done) progress[line.direction].done.add(line.step);
      if (line.direction === 'forward' && line.step.startsWith('switch')) go('switching');
    }
  }
  return { ...first, lockfile, state, placements, rebuilds, ...progress };
}

function emptyProgress(): { begun: Set<string>; done: Set<string> } {
  return { begun: new Set(), done: new Set() };
}

async function readLines(file: string): Promise<JournalLine[] | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure('STATE_UNREADABLE', { file }, error);
  }
  const parts = text.split('\n');
  const torn = parts.pop();
  // Cut off a line that was never whole, or the next one would be appended to it.
  if (torn !== '') await truncate(file, Buffer.byteLength(text) - Buffer.byteLength(torn ?? ''));
  return parts.map((part, index) => {
    try {
      return JSON.parse(part) as JournalLine;
    } catch (error) {
      throw failure('JOURNAL_DAMAGED', { file, line: index + 1 }, error);
    }
  });
}
