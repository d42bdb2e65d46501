// The books of a project: what a restore changes beside the sources. The lockfile, the undo point, and what is remembered of the
// seal. They are written while everybody is still held, and put back as they were when the restore goes back.
import { readFile } from 'node:fs/promises';
import { failure, removeFileDurable, writeFileAtomic } from '@stillpoint/core';
import type { ProjectState, UndoPoint } from '../project/index.ts';
import { lockfileText } from '../snapshot/index.ts';
import type { JournalState } from './journal.ts';

/** As they were before the restore; null: there was none. */
export interface BooksBefore {
  /** The text as it lay there. */
  readonly lockfile: string | null;
  readonly undo: UndoPoint | null;
}

export async function readBooks(state: ProjectState): Promise<BooksBefore> {
  return { lockfile: await readLockfile(state), undo: (await state.readUndo()) ?? null };
}

async function readLockfile({ lockfile: file }: ProjectState): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw failure('STATE_UNREADABLE', { file }, error);
  }
}

export async function settleForward(state: ProjectState, journal: JournalState): Promise<void> {
  const { snapshot, undo, lockfile, brokenSeal, placements, stayed } = journal;
  await writeLockfile(state, lockfileText(lockfile));
  await writeSeal(state, brokenSeal.after);
  const somethingWasThere = Object.values(placements).some(({ before }) => before !== null);
  if (!somethingWasThere) return;
  await state.writeUndo({ undo, restored: snapshot, ...(stayed === undefined ? {} : { stayed }) });
}

export async function settleBack(state: ProjectState, journal: JournalState): Promise<void> {
  const { before, brokenSeal } = journal;
  await writeLockfile(state, before.lockfile);
  await writeSeal(state, brokenSeal.before);
  await (before.undo === null ? state.clearUndo() : state.writeUndo(before.undo));
}

async function writeLockfile({ lockfile }: ProjectState, text: string | null): Promise<void> {
  if (text === null) await removeFileDurable(lockfile);
  else await writeFileAtomic(lockfile, text, { mode: 0o600 });
}

async function writeSeal(
  state: ProjectState,
  seal: JournalState['brokenSeal']['after'],
): Promise<void> {
  await (seal === null ? state.clearBrokenSeal() : state.writeBrokenSeal(seal));
}
