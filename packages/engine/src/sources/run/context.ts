// What the parts of the driver of runs share: where the runs are, and which one is captured.
import path from 'node:path';
import { failure } from '@stillpoint/core';
import { isRunId, isRunning, linkIn, namesIn } from './run-directory.ts';

export interface RunDriverOptions {
  readonly name: string;
  /** That holds the runs; absolute. */
  readonly directory: string;
  /** An id, or 'latest': whichever was started or resumed last. */
  readonly run: string;
}

export interface RunContext {
  readonly source: string;
  readonly directory: string;
  readonly follows: 'latest' | 'one';
  at(run: string): string;
  /** Undefined: there is none yet. */
  chosen(): Promise<string | undefined>;
  /** Throws RUN_IS_RUNNING. */
  refuseRunning(run: string): Promise<void>;
  /** Set by protect(): runs that the coming restore replaces. */
  replaced: readonly string[];
}

export function createRunContext({ name, directory, run }: RunDriverOptions): RunContext {
  const at = (one: string): string => path.join(directory, one);
  return {
    source: name,
    directory,
    follows: run === 'latest' ? 'latest' : 'one',
    at,
    async chosen() {
      const names = (await namesIn(directory)).filter(isRunId);
      if (run !== 'latest') return names.includes(run) ? run : undefined;
      const linked = await linkIn(directory);
      if (linked !== undefined && names.includes(linked)) return linked;
      // Without a link (a copy, a file system that has none) there is only one that can be meant.
      return names.length === 1 ? names[0] : undefined;
    },
    async refuseRunning(one) {
      if (await isRunning(at(one))) throw failure('RUN_IS_RUNNING', { source: name, run: one });
    },
    replaced: [],
  };
}
