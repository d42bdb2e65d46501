// Git processes that were started before the freeze and wait for a word to begin. Starting a process copies the page tables
// of ours, which takes milliseconds per process and more the larger we are, and nothing else runs here meanwhile: inside the
// freeze that was most of a member's mark. A waiting process is a shell at its `read`; it ends when our end of the pipe closes,
// so also when we die. It looks at nothing before its word comes.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { gitFailed, watchEnd, type Git, type GitOptions, type GitResult } from './git.ts';

export interface Rehearsal {
  /** The same git; what it is asked is remembered. */
  readonly git: Git;
  /** Starts a process for each remembered call. */
  standBy(): Standby;
}

export interface Standby extends AsyncDisposable {
  /** A remembered call is answered by the process that waits for it, once; every other one, and the next, by a new process. */
  readonly git: Git;
}

interface Call {
  readonly args: readonly string[];
  readonly environment: GitOptions['environment'];
}

interface Waiting {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: ReturnType<typeof watchEnd>;
}

export function rehearse(git: Git): Rehearsal {
  const calls = new Map<string, Call>();
  const remember = (args: readonly string[], { environment }: GitOptions = {}): void => {
    calls.set(keyOf(args, environment), { args, environment });
  };
  return {
    git: {
      ...git,
      output(args, options) {
        remember(args, options);
        return git.output(args, options);
      },
      attempt(args, options) {
        remember(args, options);
        return git.attempt(args, options);
      },
    },
    standBy: () => standBy(git, calls),
  };
}

function standBy(git: Git, calls: ReadonlyMap<string, Call>): Standby {
  const waiting = new Map<string, Waiting>();
  const started: Waiting[] = [];
  for (const [key, { args, environment }] of calls) {
    const child = git.openWaiting(args, environment === undefined ? {} : { environment });
    const ended = watchEnd(child, args);
    // Whoever needs it awaits it; until then it must not count as unhandled.
    ended.catch(() => {});
    started.push({ child, ended });
    // Where no shell could be started, git is run as always.
    if (child.pid !== undefined) waiting.set(key, { child, ended });
  }
  const attempt: Git['attempt'] = (args, options = {}) => {
    const key = keyOf(args, options.environment);
    const found = waiting.get(key);
    if (found === undefined || options.input !== undefined) return git.attempt(args, options);
    waiting.delete(key);
    return begin(found, options.signal);
  };
  return {
    git: {
      ...git,
      attempt,
      async output(args, options) {
        const { code, stdout, stderr } = await attempt(args, options);
        if (code !== 0) throw gitFailed(args, stderr, code);
        return stdout;
      },
    },
    async [Symbol.asyncDispose]() {
      waiting.clear();
      for (const { child } of started) child.kill('SIGKILL');
      await Promise.allSettled(started.map(({ ended }) => ended));
    },
  };
}

async function begin({ child, ended }: Waiting, signal?: AbortSignal): Promise<GitResult> {
  const kill = (): void => void child.kill('SIGTERM');
  if (signal?.aborted) {
    // Nobody else ends a process that was taken and never got its word.
    child.kill('SIGKILL');
    signal.throwIfAborted();
  }
  signal?.addEventListener('abort', kill, { once: true });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end('\n');
  try {
    const { code, stderr } = await ended;
    return { code, stderr, stdout: Buffer.concat(chunks) };
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}

function keyOf(args: readonly string[], environment: GitOptions['environment']): string {
  return JSON.stringify([
    args,
    Object.entries(environment ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ]);
}
