// One piece of work on the file, and what the application felt meanwhile.
import { settleDisk, timed } from '../place.ts';
import type { SqliteProject } from './project.ts';

export interface Sample {
  /** The longest wait for one commit. */
  readonly pauseMs: number;
  readonly durationMs: number;
  readonly commits: number;
}

export async function measure(
  { writer }: SqliteProject,
  work: () => Promise<unknown>,
): Promise<Sample> {
  await settleDisk();
  const { value, felt } = await writer.during(() => timed(work));
  return { pauseMs: felt.longestMs, durationMs: value.ms, commits: felt.commits };
}
