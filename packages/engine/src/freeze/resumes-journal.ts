// The resumes that are due, on disk: one file a freeze, written before the first suspend, removed after the last resume.
// So whatever dies, somebody knows who is suspended. A file names the process that froze; while that lives, its resumes
// are its own business (null: it gave up, anybody may try).
import path from 'node:path';
import {
  canonicalJson,
  makeDirectory,
  newUuid,
  removeFileDurable,
  writeFileAtomic,
  type ProcessIdentity,
} from '@stillpoint/core';
import type { DueResume } from './due-resume.ts';

export const journalFormat = 1;

export interface DueResumes {
  readonly format: typeof journalFormat;
  readonly snapshot: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly freezer: ProcessIdentity | null;
  readonly due: readonly DueResume[];
}

export async function newJournalFile(resumesDirectory: string): Promise<string> {
  await makeDirectory(resumesDirectory);
  return path.join(resumesDirectory, `${newUuid()}.json`);
}

export async function writeDueResumes(file: string, resumes: DueResumes): Promise<void> {
  await writeFileAtomic(file, `${canonicalJson(resumes)}\n`);
}

/** Keeps only what is still due of `resumes`; nothing due, no file. */
export async function settleDueResumes(
  file: string,
  resumes: DueResumes,
  stillDue: readonly DueResume[],
): Promise<void> {
  if (stillDue.length === 0) await removeFileDurable(file);
  else await writeDueResumes(file, { ...resumes, freezer: null, due: stillDue });
}
