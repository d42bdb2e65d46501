// What every command does first: end the suspensions that a dead freeze left, also after a reboot. Resumes are idempotent,
// so the watchdog may be doing the same at the same time.
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { failure, isAlive, type ProgressListener } from '@stillpoint/core';
import * as z from 'zod';
import { byHand, carryOut, type DueResume } from './due-resume.ts';
import { messageOf } from './failures.ts';
import { journalFormat, settleDueResumes, type DueResumes } from './resumes-journal.ts';
import { withRetries } from './retry.ts';

export interface RunDueResumesOptions {
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
}

export interface RunDueResumesReport {
  /** Names of participants that were resumed. */
  readonly resumed: readonly string[];
  /** Those that still cannot be; they stay journaled. */
  readonly failed: readonly {
    readonly participant: string;
    readonly why: string;
    readonly byHand: string;
    readonly file: string;
  }[];
}

const pausesMs = [200, 800];

export async function runDueResumes(
  resumesDirectory: string,
  options: RunDueResumesOptions,
): Promise<RunDueResumesReport> {
  const resumed: string[] = [];
  const failed: RunDueResumesReport['failed'][number][] = [];
  for (const file of await journalFiles(resumesDirectory)) {
    options.signal.throwIfAborted();
    const resumes = await readDueResumes(file);
    if (resumes === undefined || (resumes.freezer !== null && isAlive(resumes.freezer))) continue;
    const stillDue: DueResume[] = [];
    for (const due of resumes.due) {
      try {
        await withRetries(() => carryOut(due, options.signal), {
          pausesMs,
          signal: options.signal,
        });
        resumed.push(due.participant);
      } catch (error) {
        stillDue.push(due);
        failed.push({
          participant: due.participant,
          why: messageOf(error),
          byHand: byHand(due),
          file,
        });
      }
    }
    await settleDueResumes(file, resumes, stillDue);
  }
  for (const name of resumed) {
    say(
      options,
      'info',
      `"${name}" was still suspended by an earlier freeze that died; it is resumed.`,
    );
  }
  for (const one of failed) {
    const advice = `Run by hand: ${one.byHand} (then remove ${one.file})`;
    say(
      options,
      'warn',
      `"${one.participant}" may still be suspended by an earlier freeze: ${one.why}. ${advice}`,
    );
  }
  return { resumed, failed };
}

function say(options: RunDueResumesOptions, level: 'info' | 'warn', text: string): void {
  options.progress({ type: 'note:said', level, text });
}

async function journalFiles(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    const files = names.filter((name) => name.endsWith('.json'));
    return files.toSorted().map((name) => path.join(directory, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const identity = z.object({ pid: z.int().positive(), startedAt: z.string(), boot: z.string() });
const due = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('command'),
    participant: z.string(),
    line: z.string(),
    directory: z.string(),
    environment: z.record(z.string(), z.string()),
    logFile: z.string(),
    suspender: identity,
  }),
  z.object({
    kind: z.literal('http'),
    participant: z.string(),
    url: z.string(),
    snapshot: z.string(),
  }),
]);
const schema = z.object({
  format: z.literal(journalFormat),
  snapshot: z.string(),
  startedAt: z.string(),
  freezer: identity.nullable(),
  due: z.array(due),
});

/** undefined: somebody else has just finished it. */
async function readDueResumes(file: string): Promise<DueResumes | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure('RESUME_JOURNAL_DAMAGED', { file }, error);
  }
}
