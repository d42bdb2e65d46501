// Starts and ends the demonstration's programs, and keeps what they reported.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface WorkerTask {
  readonly kind: 'counts' | 'inserts';
  readonly worker: number;
  readonly directory: string;
}

export interface WorkerReport {
  /** Since the commit before, without the pause that the program takes by itself. */
  readonly gapMs: number;
  /** What was committed: the tick, or the program's own number of its row. */
  readonly number: number;
}

/** The newest number that each program was told is committed, by program. */
export type Acknowledged = ReadonlyMap<number, number>;

export interface Workers extends AsyncDisposable {
  readonly commits: () => number;
  /** Resolves when `count` more transactions were committed, or every program has ended. */
  commitsMore(count: number): Promise<void>;
  /** The longest that a program writing plain rows waited between two commits, since the last call. */
  takeLongestGapMs(): number;
  acknowledged(): Acknowledged;
  readonly alive: () => number;
  /** Resolves when the counting program has ended by itself. */
  readonly countingEnded: Promise<unknown>;
  /** Lets each finish its transaction. */
  stop(): Promise<void>;
}

const kinds: readonly WorkerTask['kind'][] = ['counts', 'inserts', 'inserts', 'inserts'];

export function startWorkers(
  directory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Workers {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const script = fileURLToPath(new URL(`./worker-process.${extension}`, import.meta.url));
  let commits = 0;
  let longestGapMs = 0;
  const acknowledged = new Map<number, number>();
  const waiting = new Set<() => void>();
  const children = kinds.map((kind, index) => {
    const task: WorkerTask = { kind, worker: index + 1, directory };
    const child = fork(script, [JSON.stringify(task)], {
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.on('message', (message) => {
      commits++;
      const report = message as WorkerReport;
      // Of the plain rows: a commit of git takes longer by itself than the freeze that is to be seen.
      if (kind === 'inserts') longestGapMs = Math.max(longestGapMs, report.gapMs);
      acknowledged.set(task.worker, report.number);
      for (const check of waiting) check();
    });
    child.on('error', () => {});
    return child;
  });
  const isAlive = (child: ChildProcess): boolean =>
    child.exitCode === null && child.signalCode === null;
  const ends = children.map((child) => once(child, 'exit'));
  const ended = Promise.all(ends);
  const countingEnded = Promise.all(ends.filter((_end, index) => kinds[index] === 'counts'));
  const stop = async (): Promise<void> => {
    for (const child of children) if (child.connected) child.send('stop');
    await ended;
  };
  return {
    commits: () => commits,
    async commitsMore(count) {
      const target = commits + count;
      const reached = new Promise<void>((resolve) => {
        const check = (): void => {
          if (commits < target) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      });
      await Promise.race([reached, ended]);
    },
    takeLongestGapMs() {
      const longest = longestGapMs;
      longestGapMs = 0;
      return longest;
    },
    acknowledged: () => new Map(acknowledged),
    alive: () => children.filter(isAlive).length,
    countingEnded,
    stop,
    async [Symbol.asyncDispose]() {
      for (const child of children) if (isAlive(child)) child.kill('SIGKILL');
      await ended;
    },
  };
}
