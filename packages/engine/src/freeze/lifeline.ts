// What ends a freeze when we cannot: the watchdog (we die or are stopped) and the journal (the machine dies too). Both are
// in place before the first suspend. Only for participants whose resume is due to somebody; a server ends locks by itself.
import { type ProcessIdentity, type ProgressListener, type SnapshotId } from '@stillpoint/core';
import type { DueResume } from './due-resume.ts';
import { messageOf } from './failures.ts';
import {
  journalFormat,
  newJournalFile,
  settleDueResumes,
  writeDueResumes,
  type DueResumes,
} from './resumes-journal.ts';
import { startWatchdog } from './watchdog.ts';

export interface LifelineOptions {
  readonly resumesDirectory: string;
  readonly snapshot: SnapshotId;
  readonly freezer: ProcessIdentity;
  readonly startedAt: Date;
  readonly due: readonly DueResume[];
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export interface Lifeline extends AsyncDisposable {
  /** From now on it acts: when we die, or after `limitMs`. */
  arm(limitMs: number): void;
  /** False: it had to resume the participants, or is gone and nobody can know. */
  stillArmed(): Promise<boolean>;
  /** All were resumed but these participants, which stay journaled. Never rejects. */
  settle(stillSuspended: readonly string[]): Promise<void>;
}

export async function openLifeline(options: LifelineOptions): Promise<Lifeline> {
  const { snapshot, freezer, due, progress } = options;
  const startedAt = options.startedAt.toISOString();
  const resumes: DueResumes = { format: journalFormat, snapshot, startedAt, freezer, due };
  const file = await newJournalFile(options.resumesDirectory);
  const watchdog = await startWatchdog({ journalFile: file, resumes }, options.signal);
  let settled = false;

  const settle = async (stillSuspended: readonly string[]): Promise<void> => {
    if (settled) return;
    settled = true;
    await watchdog.disarm();
    const stillDue = due.filter(({ participant }) => stillSuspended.includes(participant));
    try {
      await settleDueResumes(file, resumes, stillDue);
    } catch (error) {
      // More stays journaled than is due: the next command resumes once too often, which is harmless.
      const text = `The list of due resumes ${file} could not be brought up to date: ${messageOf(error)}`;
      progress({ type: 'note:said', level: 'warn', text });
    }
  };
  try {
    await writeDueResumes(file, resumes);
  } catch (error) {
    await settle([]);
    throw error;
  }
  return {
    arm: (limitMs) => watchdog.arm(limitMs),
    stillArmed: async () => (await watchdog.status()) === 'armed',
    settle,
    [Symbol.asyncDispose]: () => settle([]),
  };
}
